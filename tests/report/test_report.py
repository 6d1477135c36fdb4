"""What is counted, drawn and packed for the page, without a browser."""

import base64
import errno
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.__main__ import main
from dataset_builder.report import block_files
from dataset_builder.report.blocks import Written, element, packed, write_blocks
from dataset_builder.report.contamination_matrix import matrix_of
from dataset_builder.report.costs import stage_costs
from dataset_builder.report.figures import Bars, Histogram, figures_of
from dataset_builder.report.flow import Step, draw, steps_of
from dataset_builder.report.marks import utf16
from dataset_builder.report.page import reason_meanings, write_report
from dataset_builder.report.row_facts import RowFacts
from tests.report.conftest import rows_of

ROOT = Path(__file__).parents[2]


def test_the_command_writes_one_file_beside_the_folder(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(sample, tmp_path / "a build")
    assert main(["report", str(folder)]) == 0
    assert "76 rows in" in capsys.readouterr().out
    page = (tmp_path / "a build.html").read_text("utf-8")
    assert not re.findall(r"""(?:src|href)=(?!"#)|url\(|@import""", page), "nothing is loaded"
    assert " style=" not in page.split("<script")[0]
    assert main(["report", str(folder), "--out", str(tmp_path / "there" / "x.html")]) == 0
    assert (tmp_path / "there" / "x.html").read_text("utf-8") == page


def test_a_full_disk_leaves_the_page_of_before(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    page.write_text("the page of before", "utf-8")

    def full(_: object) -> Iterator[str]:
        yield "a first piece"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dataset_builder.report.page._pieces", full)
    with pytest.raises(OSError, match="No space"):
        write_report(sample, page)
    assert page.read_text("utf-8") == "the page of before"
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"], "no draft stays"


def test_a_folder_that_is_none_or_is_broken_is_named(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "is no dataset folder" in capsys.readouterr().err
    folder = shutil.copytree(sample, tmp_path / "broken")
    (folder / "data/rejected-00000-of-00001.parquet").unlink()
    assert main(["report", str(folder)]) == 2
    assert "its rows cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "broken.html").exists()


def test_blocks_hold_every_row_at_its_place(sample: Path, tmp_path: Path) -> None:
    files = [sample / f"data/{split}-00000-of-00001.parquet" for split in ("train", "rejected")]
    table = pq.read_table(files[0])
    many = tmp_path / "many.parquet"
    pq.write_table(pa.concat_tables([table] * 11), many)  # the next file begins within a block
    blocks = {}
    written = write_blocks(
        [many, files[1]],
        lambda name, packed: blocks.update({name: json.loads(gzip.decompress(base64.b64decode(packed)))}),
    )
    rows = table.num_rows * 11 + pq.read_table(files[1]).num_rows
    assert [len(blocks[f"questions-{n}"]) for n in range(3)] == [250, 250, rows - 500] and "questions-3" not in blocks
    ids = [row["id"] for n in range(3) for row in blocks[f"questions-{n}"]]
    assert ids == table["id"].to_pylist() * 11 + pq.read_table(files[1])["id"].to_pylist()
    assert len(blocks["details-2"]) == rows - 500 and len(written.rows) == rows


def test_an_element_holds_nothing_that_html_or_javascript_reads() -> None:
    content = packed(["</script><script>alert(1)</script>", "\u2028"])
    inert = element("x", content).decode()
    assert re.fullmatch(r'<script type="application/gzip" id="x">[A-Za-z0-9+/=]+</script>\n', inert)
    assert json.loads(gzip.decompress(base64.b64decode(content))) == ["</script><script>alert(1)</script>", "\u2028"]


def test_the_files_of_a_large_report_are_replaced_with_its_page(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, beside = tmp_path / "page.html", tmp_path / "page_rows"
    monkeypatch.setattr(block_files, "ROWS_IN_PAGE", 10)
    write_report(sample, page)
    [first] = beside.iterdir()
    text = (first / "questions-0.js").read_text()
    assert re.fullmatch(r'keep\("questions-0","[A-Za-z0-9+/=]+"\)\n', text)
    (first / "details-0.js").write_text("torn")
    (beside / "mine.txt").write_text("of the user")
    write_report(sample, page)
    assert sorted(beside.iterdir()) == sorted([first, beside / "mine.txt"])
    assert (first / "details-0.js").read_text() != "torn"
    monkeypatch.setattr(block_files, "ROWS_IN_PAGE", 100)
    write_report(sample, page)
    assert [path.name for path in beside.iterdir()] == ["mine.txt"] and "questions-0" in page.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "page_rows"]


def test_offsets_beyond_the_first_plane() -> None:
    text = "\U0001f9ec a\U0001f9ecb"
    assert [utf16(text, n) for n in range(len(text) + 1)] == [0, 2, 3, 4, 6, 7]
    assert utf16("plain", 3) == 3


def test_the_flow_adds_up_and_keeps_its_proportions() -> None:
    steps = [Step("reading them", {"duplicate": 10}), Step("a", {"x": 300, "y": 1}), Step("b", {"z": 289})]
    flow = draw({"s": 600, "t": 400}, steps, 400, width=1000, left=200, trunk=100)
    numbers = {label.name: label.number for label in flow.labels if label.side == "right"}
    assert numbers == {"duplicate": 10, "x": 300, "y": 1, "z": 289, "published": 400}
    assert [label.name for label in flow.labels if label.kind == "stage"] == ["reading them", "a", "b"]
    bands = [band for band in flow.bands if band.kind in ("rejected", "published")]
    ends = [re.search(r"([\d.]+)H322\.0V([\d.]+)", band.path) for band in bands]
    assert [round(float(end[1]) - float(end[2])) for end in ends if end] == [2, 30, 2, 29, 40]
    rows = [label.y for label in flow.labels if label.side == "right"]
    assert all(b - a >= 16 for a, b in pairwise(rows)), "no label over another"
    assert max(rows) < flow.height
    assert draw({}, [], 0, width=10, left=1, trunk=1).labels


def test_steps_are_those_of_the_manifest_or_one_where_it_has_none(sample: Path) -> None:
    manifest = json.loads((sample / "manifest.json").read_text())
    counts = {key: n for source in manifest["funnel"].values() for key, n in source.items()}
    steps = steps_of(manifest, counts)
    assert [step.stage for step in steps][:3] == ["reading them", "drop_image_questions", "drop_negative_stems"]
    summed = sum(n for step in steps for n in step.rejected.values())
    assert (
        summed
        == counts["in"] - counts["published"]
        == sum(row["rejected_because"] is not None for row in rows_of(sample))
    )
    for stage in manifest["run"]["stages"]:
        stage.pop("rejected", None)
    [only] = steps_of(manifest, counts)
    assert only.stage == "" and sum(only.rejected.values()) == summed
    manifest["run"]["stages"][0]["rejected"] = {"needs_image": 99}
    assert [step.stage for step in steps_of(manifest, counts)] == [""], "figures of other rows are not believed"


def facts(**more: object) -> RowFacts:
    none = dict.fromkeys(RowFacts._fields, None) | {"source": "s", "outcome": "published", "rationales": 1}
    return RowFacts(**{**none, **more})  # pyright: ignore[reportArgumentType]


def test_figures_count_what_there_is() -> None:
    rows = [facts(words=n, hops=1 + n % 2, support=n / 1000, tier="easy") for n in range(1000)]
    rows += [
        facts(outcome="wrong_answer", words=10_000, verdict="wrong", contradiction="yes"),
        facts(contradiction="no"),
    ]
    figures = {f.title: f for f in figures_of(Written(rows, lengths=[1, 2, 2], totals=[1, 1, 5, 70, 1000]))}
    words = figures["Words of a rationale"]
    assert isinstance(words, Histogram) and sum(words.counts) == 1000, "of published rows only"
    assert words.step == 50 and words.start == 0 and words.more is False and words.ranges[0] == "0 to 50"
    support = figures["Claims the graph supports"]
    assert isinstance(support, Histogram) and support.counts == [50] * 20
    lengths, totals, tiers = (figures[t] for t in ("Path length", "Number of shortest paths", "Tiers"))
    assert isinstance(lengths, Bars) and [(b.name, b.number) for b in lengths.bars] == [
        ("1 hop", 500),
        ("2 hops", 500),
    ]
    assert isinstance(totals, Bars) and [b.number for b in totals.bars] == [2, 1, 1, 0, 1]
    assert isinstance(tiers, Bars) and [(b.name, b.facet) for b in tiers.bars] == [("easy", "tier=easy")]
    assert [b.number for b in figures["Contradictions"].bars] == [1, 1]  # pyright: ignore[reportAttributeAccessIssue]
    assert "The judge's scores" not in figures and figures_of(Written()) == []


def test_relevances_are_drawn_from_the_counts_of_the_manifest() -> None:
    counts = {"quartiles": [0.0, 0.1, 0.25, 0.5, 1.0], "bins": [3, 0, 1, 0, 0, 2, 0, 0, 0, 1]}
    relevance = {"all": {"of_paths": counts, "of_best": counts | {"bins": [0] * 9 + [4]}}}
    paths, best = figures_of(Written(), relevance)
    assert isinstance(paths, Histogram) and isinstance(best, Histogram)
    assert paths.counts == counts["bins"] and (paths.start, paths.end, paths.more) == (0, 1, False)
    assert paths.ranges[3] == "0.3 to 0.4" and "median 0.25, half of the paths from 0.10 to 0.50" in paths.about
    assert (paths.counted, best.counted, best.counts[9]) == ("paths", "rows", 4)


def test_costs_are_of_all_answers_and_unknown_where_a_price_is() -> None:
    paid = {"prompt_tokens": 100, "completion_tokens": 10, "usd": 0.5}
    calls = {
        "hits": 2,
        "sent": 4,
        "good": 3,
        "bad": 1,
        "now": paid,
        "before": paid,
        "lost_usd": 0.1,
        "faults": {"429": 1},
    }
    stages = [
        {"stage": "a", "seconds": 1.0, "cached": False, "calls": calls},
        {"stage": "b", "seconds": 3.0, "cached": True},
    ]
    costs = stage_costs(stages)
    assert costs["sums"] | {"seconds": 4.0, "usd": 1.0, "answers": 5, "sent": 4, "prompt_tokens": 200} == costs["sums"]
    calls["now"] = paid | {"usd": None}
    assert stage_costs(stages)["sums"]["usd"] is None


def test_the_ledger_is_a_matrix_of_what_was_checked() -> None:
    assert matrix_of({"funnel": {}}) is None
    facts = {
        "strict": False,
        "embedder": "none",
        "checked": {"mmlu_medical": {"rows": 1089}, "medqa": {"rows": 1273}},
        "not_checked": {
            "hle_medical": {"why": "gated", "public": False},
            "medxpertqa": {"why": "gated", "public": True},
        },
        "matches": {"medmcqa": {"medqa": {"rows": 2, "benchmark_rows": 3, "rules": {"exact": 1, "grams": 2}}}},
    }
    ledger = matrix_of({"funnel": {"sample": {}, "medmcqa": {}}, "contamination": facts})
    assert ledger and ledger["sources"] == ["sample", "medmcqa"]
    assert ledger["benchmarks"]["medqa"]["cells"] == [
        {"rows": 0, "rules": ""},
        {"rows": 2, "rules": "1 exact, 2 grams"},
    ]
    assert ledger["unread"] == {"gated": ["hle_medical", "medxpertqa"]} and "no embedder" in ledger["how"]


def test_every_reason_code_has_its_meaning() -> None:
    table = (ROOT / "docs/stages.md").read_text("utf-8").split("| code | because |")[1]
    codes = {
        code
        for line in table.splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert len(codes) > 15
    missing = codes - reason_meanings().keys()
    assert not missing, f"dataset_builder/report/reasons.tsv has no line for {sorted(missing)}"
