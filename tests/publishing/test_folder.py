"""The dataset folder: loads as promised, proves what is in it, and is never half there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from datasets import Dataset, load_dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing import folder as publish
from dataset_builder.publishing.folder import content_hash
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.raw_files import sha256
from dataset_builder.sources.table import SOURCES
from tests.support.hub import card_yaml


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["build", "kg_only", "--rows", "12", "--out", str(tmp_path / "out")]) == 0
    return tmp_path / "out"


def test_it_loads_with_both_splits_and_typed_columns(folder: Path) -> None:
    rows = load_dataset(str(folder))
    assert set(rows) == {"train", "rejected"}
    assert rows["train"].features == rows["rejected"].features
    assert rows["train"].num_rows + rows["rejected"].num_rows == 12
    assert str(rows["train"].features["paths"].feature["nodes"]) == "List(Value('int64'))"
    path = rows["train"][0]["paths"][0]
    assert (
        len(path["nodes"]) == len(path["names"]) == len(path["types"]) == len(path["hops"]) + 1 == path["length"] + 1
    )
    assert set(rows["train"]["rejected_because"]) == {None}
    assert None not in rows["rejected"]["rejected_because"]


def test_the_card_has_valid_yaml_and_names_what_a_reader_needs(folder: Path) -> None:
    _, header, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    data = yaml.safe_load(header)
    assert card_yaml.errors(f"---\n{header}---\n", "dataset") == []
    assert (data["license"], data["size_categories"]) == ("mit", ["n<1K"])
    assert data["configs"][0]["data_files"][0] == {"split": "train", "path": "data/train-*"}
    infos = {info["config_name"]: {one["name"] for one in info["features"]} for info in data["dataset_info"]}
    manifest = json.loads((folder / "manifest.json").read_text())
    made = {name: set(config["columns"]) for name, config in manifest["configs"].items()}
    assert infos == {"default": set(manifest["columns"])} | made and made.keys() == {"rl", "steps"}
    for words in (
        "control arm",
        "not medical advice",
        "## Funnel",
        "| drop_image_questions |",
        "`gold_text`",
        "load_dataset(",
        "arXiv:2504.00993",
        "@article{wu2025medreason",
        "@article{sun2025reasonmed",
        "| knowledge graph sample | sha256 `",
        "| code | commit `",
        "and cost nothing: no model was called",
    ):
        assert words in text


def test_the_folder_says_under_which_terms(sources_dir: Path, tmp_path: Path) -> None:
    out, names = tmp_path / "trial", ["hle_medical", "mmlu_medical", "medqa"]
    splits = [word for name in names[:2] for word in ("--split", f"{name}=test")]
    where = ["--data-dir", str(sources_dir), "--out", str(out)]
    assert main(["build", "kg_only", "--sources", ",".join(names), *splits, *where]) == 0
    card = " ".join((out / "README.md").read_text("utf-8").split())
    assert "**hle_medical**: rows of this source must not be republished. Gated: the Hub asks" in card
    assert "- **mmlu_medical**: MedReason's published data were built from MMLU's test split" in card
    assert "- **medqa**" not in card
    assert "| anatomy, clinical_knowledge, college_biology," in card
    origins = {origin["source"]: origin for origin in json.loads((out / "manifest.json").read_text())["origins"]}
    assert [origin["may_be_pushed"] for origin in origins.values()] == [True, True, False]
    assert origins["hle_medical"]["terms"] == SOURCES["hle_medical"].terms


def test_the_content_hash_ignores_order_and_sees_every_value() -> None:
    def hash_of(rows: dict, columns: str = "int64", code: str = "1") -> str:
        return content_hash(rows, {"x": columns}, {"code": code})

    a, b, c = {"id": "a", "x": 1}, {"id": "b", "x": None}, {"id": "c", "x": 2}
    base = hash_of({"train": [a, b], "rejected": [c]})
    assert hash_of({"rejected": [c], "train": [b, a]}) == base
    others = [
        hash_of({"train": [a, b], "rejected": [c]}, code="2"),
        hash_of({"train": [a, b], "rejected": [c]}, columns="int32"),
        hash_of({"train": [a, b | {"x": 0}], "rejected": [c]}),
        hash_of({"train": [a], "rejected": [b, c]}),
        hash_of({"train": [a, b, b], "rejected": [c]}),
    ]
    assert len({base, *others}) == 1 + len(others)


def test_a_full_disk_is_a_message_and_leaves_the_earlier_folder_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_space_left(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish, "card", no_space_left)
    assert main(["build", "kg_only", "--rows", "5", "--out", str(folder)]) == 2
    message = "error: [Errno 28] No space left on device. Nothing is lost: fix this, and run the same command again"
    assert message in capsys.readouterr().err
    assert verify(folder).wrong == []
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_not_ours_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis").mkdir()
    assert main(["build", "kg_only", "--out", str(tmp_path / "thesis")]) == 2
    assert (
        "thesis exists and is no dataset folder (it has no manifest.json); remove it, or choose another --out"
        in capsys.readouterr().err
    )


def test_a_config_beside_the_rows_is_listed_hashed_shown_verified_and_loaded(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    splits = {split: Dataset.from_parquet(str(folder / f"data/{split}-*")) for split in manifest["rows"]}
    facts = manifest | manifest["card"]
    plain = publish.write(tmp_path / "plain", splits, facts)
    assert plain["content_hash"] == manifest["content_hash"] and plain["configs"] == manifest["configs"]
    pairs = Dataset.from_dict({"id": ["a", "b"], "score": [0.5, 1.0]})
    none = pairs.select([])
    written = publish.write(tmp_path / "out", splits, facts, {"pairs": pairs, "none": none})
    pairs_said = {"columns": {"id": "string", "score": "double"}, "rows": 2}
    assert written["configs"] == {"pairs": pairs_said} | manifest["configs"]
    assert written["content_hash"] != manifest["content_hash"]
    header = yaml.safe_load((tmp_path / "out/README.md").read_text("utf-8").split("---\n")[1])
    assert [config["config_name"] for config in header["configs"]] == ["default", "pairs", "rl", "steps"]
    assert load_dataset(str(tmp_path / "out"), "pairs", split="train")["score"][:] == [0.5, 1.0]
    assert load_dataset(str(tmp_path / "out"))["train"].num_rows == manifest["rows"]["train"]
    assert verify(tmp_path / "out").wrong == []
    pairs.select([0]).to_parquet(tmp_path / "out/pairs/train-00000-of-00001.parquet")
    changed = written["files"] | {
        "pairs/train-00000-of-00001.parquet": sha256(tmp_path / "out/pairs/train-00000-of-00001.parquet")
    }
    publish.write_manifest(tmp_path / "out", written | {"files": changed})
    assert [line.split(":")[0] for line in verify(tmp_path / "out").wrong] == ["pairs", "content_hash"]


def test_license_commercial_does_not_even_read_the_others(
    sources_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, license_ in {"medmcqa": "cc-by-nc-4.0", "huatuo": "unknown"}.items():
        monkeypatch.setitem(SOURCES, name, replace(SOURCES[name], license=license_))
    words = [
        "build",
        "kg_only",
        "--license",
        "commercial",
        "--data-dir",
        str(sources_dir),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*words, "--sources", "medqa,medmcqa,huatuo"]) == 0
    assert "Left out by --license commercial: medmcqa (cc-by-nc-4.0), huatuo (unknown)" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["left_out"] == {"medmcqa": "cc-by-nc-4.0", "huatuo": "unknown"}
    assert list(manifest["funnel"]) == [origin["source"] for origin in manifest["origins"]] == ["medqa"]
    card = (tmp_path / "out/README.md").read_text("utf-8")
    assert "were not read: medmcqa (cc-by-nc-4.0), huatuo (unknown)." in card and "--license commercial" in card
    assert verify(tmp_path / "out").wrong == []
    assert main([*words, "--sources", "huatuo"]) == 2
    assert "--license commercial leaves no source: huatuo (unknown)" in capsys.readouterr().err
    assert main([*words, "--kg", "primekg"]) == 2
    assert "cannot be combined with --kg primekg: its drug edges go back to DrugBank" in capsys.readouterr().err
