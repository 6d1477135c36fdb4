"""Calibration: thresholds by hand-made scores, the command, and (slow) the gold figures on PrimeKG's names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kg import __main__ as command
from kg import calibrate
from kg.calibrate import Measured, choose, table
from kg.contents import Nodes
from kg.embedder import NONE
from kg.gold import Pair, read_gold, read_names
from kg.linker import Linker


def measured(score: list[float], right: list[bool], removed: list[float]) -> Measured:
    return Measured("mine", np.array(score), np.array(right), np.array(removed))


def test_what_is_accepted_at_a_threshold() -> None:
    one = measured([np.inf, 0.9, 0.7, -np.inf], [True, False, True, False], [0.95, 0.5, -np.inf, -np.inf])
    assert one.at(0.9) == (2, 1, 1)
    assert one.at(0.7) == (3, 2, 1)
    assert one.at(0.5) == (3, 2, 2)
    assert "| 0.90 | 50.0% | 50.0% | 25.0% |" in table([one])


def test_a_threshold_is_low_but_keeps_wrong_links_out() -> None:
    assert choose([measured([0.95, 0.8, 0.7], [True, True, False], [0, 0, 0])]) == 0.71


def test_a_threshold_keeps_mentions_out_whose_node_is_removed() -> None:
    assert choose([measured([0.95, 0.8, 0.7], [True, True, True], [0.84, 0, 0])]) == 0.85


def test_every_set_must_reach_the_goals_and_from_there_on() -> None:
    good, late = measured([0.7], [True], [0.6]), measured([0.9, 0.95], [False, True], [0, 0])
    assert choose([good]) == 0.61
    assert choose([good, late]) == 0.91
    assert choose([measured([np.inf], [False], [0])]) is None
    assert choose([]) is None


def names() -> Nodes:
    some = [
        f"{a} {b} fever"
        for a in ("brisk", "dour", "lush", "glum", "pert", "wan")
        for b in ("river", "mountain", "island", "harbor", "meadow")
    ]
    return Nodes(np.arange(30), [str(i) for i in range(30)], ["disease"] * 30, some, [""] * 30)


def test_both_graphs_are_measured() -> None:
    nodes = names()
    pairs = [Pair(f"{name}s", "disease", frozenset([name])) for name in nodes.name]
    [known] = calibrate.measure(nodes, NONE, pairs, "plural")
    assert known.name == "plural, disease"
    assert known.at(1.0) == (30, 30, 0)

    [similar] = calibrate.measure(
        nodes, NONE, [replace(p, mention=p.mention.replace(" ", " very ", 1)) for p in pairs], "similar"
    )
    assert (similar.score < 1).all() and (similar.score > 0.5).all()
    assert similar.right.mean() > 0.9
    assert (similar.removed == -np.inf).all()  # all gold nodes are gone, and there is no other


def test_small_sets_are_left_out() -> None:
    assert calibrate.measure(names(), NONE, [Pair("x", "disease", frozenset(["y"]))] * 29, "few") == []


def test_the_command_prints_a_table_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = names().name
    (tmp_path / "names.tsv").write_text("name\ttype\n" + "".join(f"{name}\tdisease\n" for name in rows))
    (tmp_path / "gold.tsv").write_text(
        "mention\ttype\tnames\n" + "".join(f"{name}s\tdisease\t{name}\n" for name in rows)
    )
    arguments = ["calibrate", "--names", str(tmp_path / "names.tsv"), "--gold", str(tmp_path / "gold.tsv")]
    assert command.main([*arguments, "--picture", str(tmp_path / "deep" / "curve.png")]) == 0
    out = capsys.readouterr().out
    assert "| 1.00 | 100.0% | 100.0% | 0.0% |" in out
    assert "kg/embedder.py has 0.9" in out
    assert (tmp_path / "deep" / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_bad_input_is_an_error_and_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gold.tsv").write_text("mention\ttype\tnames\nx\tdisease\ty\n")
    assert command.main(["calibrate", "--kg", "sample", "--gold", str(tmp_path / "gold.tsv")]) == 2
    assert "found no type of mention with 30 pairs" in capsys.readouterr().err
    assert command.main(["calibrate", "--kg", "sample", "--gold", "x", "--embedder", "bert"]) == 2
    assert "there is no embedder 'bert'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("typed", [True, False])
def test_the_gold_figures_without_a_model(shared_data: Path, typed: bool) -> None:
    nodes = read_names(shared_data / "primekg" / "names.tsv.gz")
    groups = read_gold(shared_data / "primekg" / "linking_gold.tsv.gz")
    found = Linker(nodes).link([p.mention for p in groups], [p.type for p in groups] if typed else None)
    first = [bool(some) and p.is_right(some[0].name) for p, some in zip(groups, found, strict=True)]
    among = [any(p.is_right(c.name) for c in some[:10]) for p, some in zip(groups, found, strict=True)]
    assert np.mean(first) >= (0.91 if typed else 0.90)
    assert np.mean(among) >= 0.98


@pytest.mark.slow
def test_the_threshold_is_the_one_that_calibration_gives(shared_data: Path) -> None:
    folder = shared_data / "primekg"
    nodes = read_names(folder / "names.tsv.gz")
    sets = [
        one
        for file in ("linking_gold.tsv.gz", "synonyms_gold.tsv")
        for one in calibrate.measure(nodes, NONE, read_gold(folder / file), file)
    ]
    assert choose(sets) == NONE.accept
    _, disease, drug = sets
    for one, share in ((disease, 0.48), (drug, 0.40)):
        accepted, right, removed = one.at(NONE.accept or 1)
        assert accepted >= share * len(one.score)
        assert right >= 0.96 * accepted
        assert removed <= 0.06 * len(one.score)
