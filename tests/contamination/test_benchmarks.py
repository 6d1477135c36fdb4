"""What a build is checked against: what is at hand, what is not and why, a trial's own, and the folder that comes of it."""

import gzip
import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from dataset_builder.__main__ import main
from dataset_builder.contamination.benchmarks import BENCHMARKS, read_benchmarks
from dataset_builder.contamination.check import check, unchecked
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.questions import read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES

CASES = [
    "A baker aged 54 is brought in after a wedding with a painful great toe. Which crystals are in its fluid?",
    "Two days after a hip operation a retired teacher has a hot knee; the film shows chondrocalcinosis. Which crystals are meant?",
    "A sailor of 39 with diarrhoea last month now has conjunctivitis, dysuria and a swollen ankle. Which germ has started it?",
]


def medqa(number: int, options: list[str], answer: int = 0) -> dict[str, Any]:
    """A raw row; equal numbers ask of the same case."""
    letters = dict(zip("ABCD", options, strict=False))
    return {"question": CASES[number], "options": letters, "answer": options[answer], "answer_idx": "ABCD"[answer]}


def load(*words: str, **more: str) -> Any:
    """Typed loosely: what `load_dataset` returns depends on its arguments."""
    return datasets.load_dataset(*words, **more)  # pyright: ignore[reportArgumentType]


def write(folder: Path, source: str, split: str, rows: list[dict[str, Any]]) -> None:
    path = folder / SOURCES[source].hub_id / f"{split}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """MedQA, whose train rows 0 and 1 are asked by its test split and by MedBullets; a repeat of 2 with its options in another order."""
    folder = tmp_path / "data"
    one, other = ["Gout", "Pseudogout", "Sepsis"], ["Colchicine", "Ibuprofen", "Penicillin"]
    third = ["Chlamydia", "Shigella", "Gonococcus"]
    write(folder, "medqa", "train", [medqa(0, one), medqa(1, one), medqa(2, third), medqa(2, third[::-1], 2)])
    write(folder, "medqa", "test", [medqa(0, one[::-1], 2)])
    write(folder, "medbullets_op5", "test", [medqa(1, other) | {"reason": "because"}])
    return folder


def test_a_build_its_folder_and_its_manifest(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    assert main(["build", "kg_only", "--sources", "sample,medqa", "--data-dir", str(data), "--out", str(folder)]) == 0
    manifest = json.loads((folder / "manifest.json").read_text())
    funnel = manifest["funnel"]["medqa"]
    assert (funnel["in"], funnel["contaminated"], funnel["duplicate"]) == (4, 2, 1)
    for counts in manifest["funnel"].values():
        assert counts["in"] == sum(number for name, number in counts.items() if name != "in")
    about = manifest["contamination"]
    assert list(about["checked"]) == ["medqa", "medbullets_op5"]
    assert about["checked"]["medqa"]["rows"] == 1 and about["checked"]["medqa"]["files"]
    assert about["matches"]["medqa"]["medbullets_op5"] == {"rows": 1, "benchmark_rows": 1, "rules": {"stem": 1}}
    assert about["not_checked"]["hle_medical"]["public"] is False
    assert "medmcqa" in unchecked(manifest) and "medbullets_op4" not in unchecked(manifest)

    rejected = {row["source_row"]: row for row in load(str(folder), split="rejected") if row["source"] == "medqa"}
    assert (
        rejected[0]["rejected_detail"].startswith("medqa asks the same: medqa:")
        and "(exact 1)" in rejected[0]["rejected_detail"]
    )
    assert rejected[3]["rejected_detail"] == f"repeats {rejected[2]['id']} (medqa train, row 2)"
    ledger = load(str(folder), "contamination", split="train").to_list()
    assert {(row["id"], row["benchmark"], row["rule"]) for row in ledger} == {
        (rejected[0]["id"], "medqa", "exact"),
        (rejected[1]["id"], "medbullets_op5", "stem"),
    }
    card, printed = (folder / "README.md").read_text(), capsys.readouterr().out
    assert "| medqa | 1 | 1 |" in card and "config_name: contamination" in card
    assert "Checked against medqa, medbullets_op5 (words, no embedder)." in printed
    assert "NOT CHECKED against medqa_5options" in printed and "NOT CHECKED against hle_medical" in printed
    assert verify(folder).wrong == []
    parquet = next((folder / "contamination").glob("*.parquet"))
    parquet.write_bytes((folder / "data/train-00000-of-00001.parquet").read_bytes())
    assert any("contamination" in line for line in verify(folder).wrong)


def test_the_benchmarks_are_an_input_of_the_rows(data: Path, tmp_path: Path) -> None:
    def build(*more: str) -> dict[str, Any]:
        words = ["--sources", "medqa", "--data-dir", str(data), "--out", str(tmp_path / "out"), *more]
        assert main(["build", "kg_only", *words]) == 0
        return json.loads((tmp_path / "out/manifest.json").read_text())

    all_, again, none = build(), build(), build("--benchmarks", "none")
    assert all_["content_hash"] == again["content_hash"] != none["content_hash"]
    assert "contaminated" not in none["funnel"]["medqa"] and none["contamination"]["checked"] == {}
    write(data, "medqa", "test", [medqa(2, ["Yersinia", "Shigella"])])
    assert build("--benchmarks", "medqa")["funnel"]["medqa"]["contaminated"] == 1


def test_a_trial_is_not_checked_against_itself(data: Path, tmp_path: Path) -> None:
    words = ["--sources", "medqa", "--split", "medqa=test", "--data-dir", str(data), "--out", str(tmp_path / "out")]
    assert main(["build", "kg_only", *words]) == 0
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert "contaminated" not in manifest["funnel"]["medqa"]
    for name in ("medqa", "medqa_5options"):
        assert manifest["contamination"]["not_checked"][name]["why"] == "this trial contains its questions"


def test_the_sample_alone_asks_no_network_and_may_be_published() -> None:
    _, origins = read_questions(["sample"])
    read, unread = read_benchmarks(None, origins, None)
    assert read == [] and [one.name for one in unread] == list(BENCHMARKS)
    assert (
        unchecked({"origins": [{"source": "sample"}], "contamination": {"not_checked": {"medqa": {"public": True}}}})
        == []
    )


def test_bad_names_and_files(data: Path) -> None:
    _, origins = read_questions(["medqa"], data_dir=data)
    with pytest.raises(SourceError, match=r"unknown benchmark 'medqq'; known: .*did you mean 'medqa'"):
        read_benchmarks("medqq", origins, data)
    with pytest.raises(SourceError, match="--benchmarks medmcqa: cannot load openlifescienceai/medmcqa"):
        read_benchmarks("medmcqa", origins, data)
    (data / SOURCES["medqa"].hub_id / "test.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(SourceError, match="broken gzip"):
        read_benchmarks(None, origins, data)


def test_the_matrix(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["contamination", "--data-dir", str(data)]) == 0
    printed = capsys.readouterr().out
    assert "| medqa train | 4 | medqa test | 1 | 1 / 1 | 1 exact |" in printed
    assert "| medqa train | 4 | medbullets_op5 test | 1 | 1 / 1 | 1 stem |" in printed
    assert "| medqa test | 1 | itself | 1 | 0 |  |" in printed
    assert main(["contamination", "--data-dir", str(data / "nothing")]) == 2


def test_the_sample_asks_nothing_that_a_real_benchmark_asks(shared_data: Path) -> None:
    """Also under the strict rules: it was written for this project, and is published unchecked because of this test."""
    questions, origins = read_questions(["sample"])
    read, _ = read_benchmarks(None, origins, shared_data / "hub")
    assert len(read) == 8
    assert check(questions, read, strict=True).found == ()
