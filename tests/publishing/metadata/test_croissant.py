"""croissant.json: what a reader of Croissant 1.0 needs, from the folder alone, and found by `verify` where it is changed."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.publishing.layout import files_by_config
from dataset_builder.publishing.metadata.citation import bibtex
from dataset_builder.publishing.metadata.croissant import CONFORMS_TO, croissant
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.raw_files import sha256
from tests.publishing.pushing import CLEAN, NAME, change_manifest, push
from tests.support.hub.running import Running
from tests.support.tiny_folders import write_folders

DATA_TYPES = {"sc:Text", "sc:Integer", "sc:Float", "sc:Boolean"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of questions, of several rationales each, and a pushed one with its intermediates."""
    return write_folders(tmp_path_factory.mktemp("tiny"))


def read(folder: Path, name: str = "croissant.json") -> dict[str, Any]:
    return json.loads((folder / name).read_text("utf-8"))


def leaves(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in fields:
        yield from leaves(field["subField"]) if "subField" in field else [field]


def names_of(fields: list[dict[str, Any]]) -> Any:
    return {one["name"]: names_of(one["subField"]) if "subField" in one else None for one in fields}


def names_in(kind: Any) -> Any:
    while hasattr(kind, "value_type"):
        kind = kind.value_type
    return {one.name: names_in(one.type) for one in kind} if hasattr(kind, "get_field_index") else None


def place_of(source: dict[str, Any]) -> list[str]:
    """The column of a source, then the names inside it."""
    steps = source.get("transform", [])
    return [source["extract"]["column"], *(one["jsonPath"] for one in ([steps] if isinstance(steps, dict) else steps))]


def expect_whole(folder: Path) -> None:
    """Each file with its sha256, each config with its columns, and no reference to what is not there."""
    said, manifest = read(folder), read(folder, "manifest.json")
    by_config = files_by_config(manifest)
    objects = {one["@id"]: one for one in said["distribution"] if one["@type"] == "cr:FileObject"}
    sets = {one["@id"]: one for one in said["distribution"] if one["@type"] == "cr:FileSet"}
    assert objects.keys() == {name for name in manifest["files"] if name.endswith(".parquet")}
    for name, one in objects.items():
        assert one["sha256"] == sha256(folder / name) and one["contentSize"] == f"{(folder / name).stat().st_size} B"
    assert [one["@id"] for one in said["recordSet"]] == list(by_config)
    for record_set in said["recordSet"]:
        splits = by_config[record_set["@id"]]
        includes = sets[f"files-of-{record_set['@id']}"]["includes"]
        found = [path for one in ([includes] if isinstance(includes, str) else includes) for path in folder.glob(one)]
        assert {path.relative_to(folder).as_posix() for path in found} == {n for some in splits.values() for n in some}
        schema = pq.read_schema(folder / next(iter(splits.values()))[0])
        columns = [one for one in record_set["field"] if one["name"] != "in_split"]
        assert names_of(columns) == {one.name: names_in(one.type) for one in schema}
        assert all(
            bool(one.get("repeated")) == hasattr(schema.field(one["name"]).type, "value_type") for one in columns
        )
        assert (len(splits) > 1) == (len(columns) < len(record_set["field"]))
        for leaf in leaves(record_set["field"]):
            assert leaf["dataType"] in DATA_TYPES and leaf["@id"].startswith(f"{record_set['@id']}/")
            if "source" in leaf:
                assert leaf["source"]["fileSet"]["@id"] in sets
                assert leaf["name"] == "in_split" or place_of(leaf["source"]) == leaf["@id"].split("/")[1:]
            else:
                assert "/hops/" in leaf["@id"] and "no source of Croissant 1.0 reaches" in leaf["description"]
        for key in [record_set["key"]["@id"].split("/")[1]] if "key" in record_set else []:
            values = [value for name in found for value in pq.read_table(name, columns=[key])[key].to_pylist()]
            assert len(set(values)) == len(values)
    ids = [node["@id"] for node in _nodes(said) if "@type" in node and "@id" in node]
    assert len(set(ids)) == len(ids)


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(part)


def test_a_build_describes_its_files_and_columns(folder: Path) -> None:
    said = read(folder)
    assert said["@type"] == "sc:Dataset" and said["conformsTo"] == CONFORMS_TO
    assert said["name"] == "kg_only: sample" and said["license"] == "https://spdx.org/licenses/MIT.html"
    assert said["citeAs"] == bibtex() and bibtex() in (folder / "README.md").read_text("utf-8")
    assert "url" not in said and "version" not in said, "it has no place on the Hub yet"
    expect_whole(folder)
    assert verify(folder).wrong == []
    assert load_dataset(str(folder))["train"].num_rows == read(folder, "manifest.json")["rows"]["train"]


@pytest.mark.parametrize("name", ["paths", "many", "pushed"])
def test_every_column_and_config_is_described(name: str, tiny: dict[str, Path]) -> None:
    expect_whole(tiny[name])
    configs = [one["@id"] for one in read(tiny[name])["recordSet"]]
    assert ("reasonmed" in configs) == (name == "many") and ({"evidence", "answers"} <= set(configs)) == (
        name == "pushed"
    )


def test_the_same_folder_gives_the_same_bytes_and_nothing_of_this_machine(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "elsewhere")
    manifest = read(copy, "manifest.json")
    again = manifest | {"card": {"about": "", "stages": "", "command": "x", "folder": "/other"}}
    again["run"] = manifest["run"] | {"started": "2031-01-01T00:00:00+00:00", "seconds": 9.0, "git": CLEAN}
    text = (folder / "croissant.json").read_text("utf-8")
    assert croissant({name: copy / name for name in manifest["files"]}, again) == text
    assert (
        str(tmp_path.parent) not in text
        and "pytest" not in text
        and str(Path.home()) not in text
        and "2031" not in text
    )


def test_a_model_at_a_path_and_a_graph_in_a_folder_show_their_names_alone(tiny: dict[str, Path]) -> None:
    manifest = read(tiny["paths"], "manifest.json")
    models = {"writers": "/home/ann/models/qwen3-8b@vllm, org/med", "judge": "~/med.gguf"}
    manifest["inputs"] |= {"models": models}
    manifest["inputs"]["embedder"] |= {"model": "/srv/ann/minilm", "revision": "1"}
    manifest["run"]["passports"][0]["judge"] = "/home/ann/judge"
    text = croissant({name: tiny["paths"] / name for name in manifest["files"]}, manifest)
    assert "qwen3-8b@vllm, org/med" in text and "minilm" in text and "The judge judge" in text
    assert "ann" not in text.replace("annot", "") and "~" not in text


def test_a_changed_one_is_found_also_with_a_mended_checksum(folder: Path) -> None:
    text = (folder / "croissant.json").read_text("utf-8")
    (folder / "croissant.json").write_text(text.replace("licenses/MIT", "licenses/0BSD"), "utf-8")
    assert verify(folder).wrong == ["croissant.json: its content is not that of the build (sha256 differs)"]
    change_manifest(folder, files={"croissant.json": sha256(folder / "croissant.json")})
    assert verify(folder).wrong == [
        "croissant.json: its content is not what the manifest and the data files give; build or download it again"
    ]


def test_a_missing_one_is_found_but_for_a_folder_of_an_earlier_format(folder: Path) -> None:
    (folder / "croissant.json").unlink()
    assert verify(folder).wrong == ["croissant.json: in the manifest, not in the folder"]
    manifest = read(folder, "manifest.json")
    del manifest["files"]["croissant.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert verify(folder).wrong == [
        "croissant.json: is neither in the folder nor in the manifest; expected it since format 3"
    ]
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))
    assert verify(folder).wrong == []


def test_a_push_says_where_it_is_and_which_version(
    folder: Path, hub: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(folder, "--tag", "v1.2", "--allow-unchecked") == 0
    assert main(["verify", f"{NAME}@v1.2"]) == 0, capsys.readouterr().out
    (snapshot,) = (tmp_path / "hub-home/hub/datasets--org--medreason/snapshots").iterdir()
    said = read(snapshot)
    assert said["name"] == NAME and said["version"] == "1.2"
    assert said["url"] == f"https://huggingface.co/datasets/{NAME}" and said["creator"]["name"] == "org"
    assert "127.0.0.1" not in json.dumps(said)
    same = said.keys() & read(folder).keys() - {"name"}
    assert {key: said[key] for key in same} == {key: read(folder)[key] for key in same}
