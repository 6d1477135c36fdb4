"""Which texts of a question make a pair, and that length does not tell the better one."""

import random
from pathlib import Path
from typing import Any, SupportsIndex

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.publishing.learning.lengths import lengths_of
from dataset_builder.publishing.learning.preference import preference_rows

PROMPT = [{"role": "user", "content": "Which?"}]
SUPPORT = {"supported": 1, "contradicted": 0}


def text(length: int, sign: str = "x") -> str:
    return sign * length


def question(samples: list[tuple[int, str, str | None]], number: int = 1, **more: Any) -> dict[str, Any]:
    """``samples``: length, label and final answer of each; the gold answer is B."""
    candidates = [
        {"model": f"m{n}", "temperature": 0.7, "text": text(length, chr(ord("a") + n)) or None}
        for n, (length, _, _) in enumerate(samples)
    ]
    verdicts = [{"label": label, "answer": answer} for _, label, answer in samples]
    same = {"id": f"s:{number}", "source": "s", "license": "mit", "answer_label": "B", "tier": "medium"}
    return same | {"candidates": candidates, "verdicts": verdicts} | more


def pairs(row: dict[str, Any]) -> list[tuple[str, tuple, tuple]]:
    places = [(one["why"], one["chosen_from"], one["rejected_from"]) for one in preference_rows(row, PROMPT)]
    return [(why, tuple(chosen.values()), tuple(rejected.values())) for why, chosen, rejected in places]


def test_a_right_text_is_chosen_over_the_wrong_one_most_nearly_of_its_length() -> None:
    row = question([(100, "right", "B"), (130, "wrong", "A"), (140, "right", "B"), (90, "wrong", "C")])
    [found] = preference_rows(row, PROMPT)
    assert (found["id"], found["why"], found["prompt"]) == ("s:1#right/wrong", "right/wrong", PROMPT)
    assert pairs(row)[0][1][1] in (0, 2) and abs(found["chosen_length"] - found["rejected_length"]) == 10
    assert found["chosen"] == [
        {"role": "assistant", "content": text(found["chosen_length"], "ac"[found["chosen_from"]["position"] // 2])}
    ]
    assert (found["chosen_model"], found["rejected_model"]) in (("m0", "m3"), ("m2", "m1"))
    assert pairs(row) == pairs(row)


@pytest.mark.parametrize(
    "samples",
    [
        [(100, "right", "B"), (100, "unjudged", "A")],
        [(100, "right", "B"), (100, "wrong", "B")],  # a judge found a fault: the final answer is the same
        [(100, "right", "B"), (100, "wrong", None)],  # a refusal, or several options
        [(100, "right", "B"), (151, "wrong", "A")],
        [(100, "right", "B"), (66, "wrong", "A")],
        [(100, "right", "B"), (0, "wrong", "A")],  # no text came
        [(100, "unjudged", "B"), (100, "wrong", "A")],
    ],
)
def test_no_pair_is_made_of_what_is_not_known_to_be_better(samples: list[tuple[int, str, str | None]]) -> None:
    assert pairs(question(samples)) == []
    assert len(pairs(question([(100, "right", "B"), (150, "wrong", "A")]))) == 1


def rationale(length: int, candidate: int | None, rounds: int, sign: str = "r") -> dict[str, Any]:
    return {"candidate": candidate, "model": "editor", "text": text(length, sign), "rounds": rounds}


def test_a_text_of_the_editor_is_chosen_over_the_sample_that_it_repairs() -> None:
    samples: list[tuple[int, str, str | None]] = [(100, "right", "B"), (100, "right", "B")]
    repaired = question(samples, rationales=[rationale(120, 1, 2), rationale(110, 0, 1)])
    assert pairs(repaired) == [("refined/original", ("rationales", 1), ("candidates", 0))]
    for one in (rationale(100, 1, 0), rationale(100, None, 1), rationale(151, 1, 1), rationale(100, 1, 1, "b")):
        assert pairs(question(samples, rationales=[one])) == [], one
    assert pairs(question(samples, rationales=None)) == []


def test_a_rationale_that_the_graph_contradicts_is_rejected_for_one_that_it_supports() -> None:
    kept = [rationale(100, 0, 0, "p"), rationale(120, 1, 0, "q")]
    wrong = SUPPORT | {"contradicted": 1}
    same: list[tuple[int, str, str | None]] = [(100, "right", "B"), (120, "right", "B")]
    row = question(same, rationales=kept, support=[wrong, SUPPORT])
    assert pairs(row) == [("supported/contradicted", ("rationales", 1), ("rationales", 0))]
    for support in ([SUPPORT, SUPPORT], [wrong, wrong], [wrong, SUPPORT | {"supported": 0}], None):
        assert pairs(question(same, rationales=kept, support=support)) == []


def test_length_does_not_tell_the_better_text_where_right_ones_are_longer(tmp_path: Path) -> None:
    """Right texts are a fifth longer on average, wrong ones as often as right ones, nine samples of 150 questions of a fixed seed."""
    draw, rows, plain = random.Random(7), [], []
    for number in range(150):
        labels = ["right" if draw.random() < 0.5 else "wrong" for _ in range(9)]
        lengths = [int(draw.lognormvariate(0, 0.3) * (600 if label == "right" else 500)) for label in labels]
        of = {"right": "B", "wrong": "A"}
        rows += preference_rows(
            question([(n, label, of[label]) for n, label in zip(lengths, labels, strict=True)], number), PROMPT
        )
        means = [[n for n, label in zip(lengths, labels, strict=True) if label == name] for name in of]
        plain += [sum(means[0]) / len(means[0]) - sum(means[1]) / len(means[1])] if all(means) else []
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    found = lengths_of([tmp_path / "rows.parquet"])
    assert found["all"].pairs == found["right/wrong"].pairs == len(rows) > 140
    assert sum(plain) / len(plain) > 80 and abs(found["all"].mean_difference) < 10
    assert abs(found["all"].share) < 0.02


def test_lengths_are_told_by_reason(tmp_path: Path) -> None:
    rows = [
        {"why": why, "chosen_length": a, "rejected_length": b}
        for why, a, b in (("x", 10, 8), ("x", 8, 4), ("y", 1, 4))
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    found = lengths_of([tmp_path / "rows.parquet"])
    assert {why: (one.pairs, one.mean_difference) for why, one in found.items()} == {
        "x": (2, 3.0),
        "y": (1, -3.0),
        "all": (3, 1.0),
    }
    assert found["x"].share == pytest.approx(0.4)


class Counted(str):
    """A text that counts how often texts are taken apart into words."""

    times = 0

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        Counted.times += 1
        return super().split(sep, maxsplit)


def test_texts_are_compared_word_by_word_from_the_nearest_pair_on_and_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Counted, "times", 0)
    row = question([(0, "right", "B"), (0, "wrong", "A"), (0, "right", "B"), (0, "wrong", "A"), (0, "wrong", "A")])
    texts = ["one two", "one  two", "x" * 10, "y" * 9, "z" * 12]
    for candidate, said in zip(row["candidates"], texts, strict=True):
        candidate["text"] = Counted(said)
    assert pairs(row) == [("right/wrong", ("candidates", 2), ("candidates", 3))]
    # of the two pairs that are one character apart; the first differs in white space alone
    assert Counted.times == 2 * 2
