"""`agreement`: two folders with reviews, as a user runs it; bad folders."""

import json
import re
import shutil
from pathlib import Path

import pytest
from datasets import Dataset

from dataset_builder.__main__ import main
from dataset_builder.agreement.experts import Key
from dataset_builder.publishing.reviews.reading import machines_of
from tests.support.simulated_reviews import drawn, mirrored, steps_in, with_reviews


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A build of the sample, without reviews and as A and B with reviews of three raters."""
    place = tmp_path_factory.mktemp("agreement")
    assert main(["build", "kg_only", "--rows", "24", "--out", str(place / "plain")]) == 0
    steps = steps_in(place / "plain")
    a, b = drawn(steps, 3, 1), drawn(steps, 3, 2, side="b", mean=4.2)
    for row, other in zip(mirrored(b), a, strict=True):
        other["preferred"] = row["preferred"]
    folders = {name: with_reviews(place / "plain", place / name, rows) for name, rows in (("a", a), ("b", b))}
    return {"plain": place / "plain", **folders}


def test_tables_are_printed_and_written(
    built: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "agreement.json"
    assert main(["agreement", str(built["a"]), "--b", str(built["b"]), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    number = len(steps_in(built["plain"]))
    assert f"{2 * number} texts of {number} questions, reviewed by 3 raters:" in printed
    assert f"Only {number} questions" in printed and "nan" not in printed.lower()
    found = json.loads(out.read_text("utf-8"))
    assert list(found) == ["format", "folders", "study", "agreement", "scales", "preference", "experts"]
    label = found["agreement"]["step label"]
    assert label["pairable_values"] == 3 * label["items"] == 6 * sum(steps_in(built["plain"]).values())
    row = next(line for line in printed.splitlines() if line.startswith("  step label"))
    shown = [f"{label[name]['value']:.2f} [{label[name]['low']:.2f}, {label[name]['high']:.2f}]" for name in ("alpha", "ac", "kappa")]  # fmt: skip
    assert re.findall(r"-?\d\.\d\d \[-?\d\.\d\d, -?\d\.\d\d\]", row) == shown
    assert {"A", "B"} <= set(found["experts"]) and found["experts"]["A"]["claims"]["texts"] == number
    assert found["preference"]["B"] > found["preference"]["A"]
    difference = found["scales"]["accuracy"]["B - A"]
    assert difference["of"] == number and difference["low"] < difference["value"] < difference["high"]


def test_one_folder_is_enough(built: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "agreement.json"
    assert main(["agreement", str(built["a"]), "--out", str(out)]) == 0
    assert "B - A" not in capsys.readouterr().out
    assert {"this", "other"} <= set(json.loads(out.read_text("utf-8"))["preference"])


def test_a_folder_without_reviews_is_refused(built: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert main(["agreement", str(built["a"]), "--b", str(built["plain"]), "--out", str(tmp_path / "x.json")]) == 2
    assert "plain: found no config reviews; import reviews first (make review-import)" in capsys.readouterr().err
    assert not (tmp_path / "x.json").exists()


def test_changed_reviews_are_refused(
    built: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(built["a"], tmp_path / "a")
    shutil.copy(built["b"] / "reviews/train-00000-of-00001.parquet", folder / "reviews")
    assert main(["agreement", str(folder), "--out", str(tmp_path / "x.json")]) == 2
    assert "(sha256 differs)" in capsys.readouterr().err


def test_rationales_of_one_question_have_their_own_verdicts(tmp_path: Path) -> None:
    """As in `reasonmed`: the config `steps` has each rationale, the question's row the paths; a rejected text has its verdict there."""
    path = {"relevance": 0.8}
    rows = {
        "candidates/train": [{"id": "q", "source": "s", "paths": [path, {"relevance": 0.9}], "verdict": None}],
        "candidates/rejected": [
            {"id": "r", "source": "s", "paths": [path], "verdict": {"label": "wrong", "by": "judge"}}
        ],
        "steps/train": [
            {"id": f"q#{k}", "source": "s", "steps": [{"label": said}], "verdict": {"label": label, "by": "judge"}}
            for k, said, label in ((1, "supported", "right"), (2, "unknown", "wrong"))
        ],
    }
    files = [f"{name}-00000-of-00001.parquet" for name in rows]
    for file, some in zip(files, rows.values(), strict=True):
        Dataset.from_list(some).to_parquet(tmp_path / file)
    manifest = {"columns": ["rationales", "responses"], "rows": {"train": 1, "rejected": 1}, "configs": {"steps": {}}, "files": files}  # fmt: skip
    found = machines_of("A", manifest, tmp_path.joinpath, ["q#1", "q#2", "r", "gone"])
    told = {key.id: (one.verdict, one.steps, one.relevance) for key, one in found.items()}
    assert told == {
        "q#1": ("right", ("supported",), 0.9),
        "q#2": ("wrong", ("unknown",), 0.9),
        "r": ("wrong", None, 0.8),
    }
    assert Key("A", "q#1") in found
