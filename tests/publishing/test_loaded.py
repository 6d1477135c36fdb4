"""A folder is right only if `load_dataset` reads exactly the files of its manifest: every way to send it elsewhere is named."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from dataset_builder.publishing.diff import lines
from dataset_builder.publishing.folder import FolderError, write_manifest
from dataset_builder.publishing.hub.loaded import refusal
from dataset_builder.publishing.hub.revisions import Place
from dataset_builder.publishing.pushable import PushError, pushable
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.raw_files import sha256
from tests.publishing.pushing import change_manifest

OLD = Path(__file__).parents[1] / "fixtures" / "format_1" / "kg_only"
TRAIN, EXTRA = "data/train-00000-of-00001.parquet", "extra/train-00000-of-00001.parquet"
CONFIGS = "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n  - split: rejected\n    path: data/rejected-*\n"
DEFAULT = "README.md: configs, default, "
Attack = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(OLD, tmp_path / "kg_only")


def mend(folder: Path) -> None:
    """List every file with its checksum, as an attacker does."""
    names = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]
    change_manifest(folder, files={path.relative_to(folder).as_posix(): sha256(path) for path in names})


def card(old: str, new: str) -> Attack:
    """Change the card."""

    def change(folder: Path) -> None:
        text = (folder / "README.md").read_text("utf-8")
        assert old in text
        (folder / "README.md").write_text(text.replace(old, new, 1), "utf-8")

    return change


def path(other: str) -> Attack:
    """Let the card send the split `train` elsewhere."""
    return card("path: data/train-*", f"path: {other}")


def file(name: str, content: str = "x") -> Attack:
    """Add a file."""

    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)

    return change


def rows(name: str) -> Attack:
    """Add a file of other rows."""

    def change(folder: Path) -> None:
        table = pq.read_table(folder / TRAIN)
        place = table.schema.get_field_index("answer")
        (folder / name).parent.mkdir(exist_ok=True)
        pq.write_table(table.set_column(place, "answer", pa.array(["poison"] * len(table))), folder / name)

    return change


def manifest(**values: Any) -> Attack:
    """Change the manifest."""

    def change(folder: Path) -> None:
        said = json.loads((folder / "manifest.json").read_text())
        write_manifest(
            folder, said | {key: {**said.get(key, {}), **v} if isinstance(v, dict) else v for key, v in values.items()}
        )

    return change


def link(name: str, target: str) -> Attack:
    """Put a link in the place of a file or folder, to where it was moved."""

    def change(folder: Path) -> None:
        moved = folder.parent / target
        (folder / name).rename(moved)
        (folder / name).symlink_to(moved)

    return change


def both(*attacks: Attack) -> Attack:
    return lambda folder: [attack(folder) for attack in attacks]


LISTED = "is listed, but belongs to no config; expected only README.md, "
ATTACKS: dict[str, tuple[Attack, str]] = {
    "other files": (both(rows(EXTRA), path("extra/train-*")), f"{DEFAULT}data_files: found ["),
    "other files, listed": (rows(EXTRA), f"{EXTRA}: {LISTED}"),
    "a second file under the honest glob": (rows("data/train-00001-of-00002.parquet"), f"data/train-00001-of-00002.parquet: {LISTED}"),
    "an absolute path": (path("/tmp/train.parquet"), "'path': '/tmp/train.parquet'"),
    "a path out of the folder": (path("../other/train-*"), "'path': '../other/train-*'"),
    "a URL": (path("hf://datasets/org/other/data/train-*"), "'path': 'hf://datasets/org/other/data/train-*'"),
    "a wider glob": (path("'**'"), "'path': '**'"),
    "splits exchanged": (path("data/rejected-*"), f"{DEFAULT}data_files: found ["),
    "a filter": (card("  data_files:", "  filters: [[id, '==', x]]\n  data_files:"), f"{DEFAULT}filters: found [['id', '==', 'x']]; expected None"),
    "a data_dir": (card("  data_files:", "  data_dir: extra\n  data_files:"), f"{DEFAULT}data_dir: found 'extra'"),
    "another default": (card("dataset_info:", "- config_name: x\n  default: true\n  data_files: data/*\ndataset_info:"), "expected only the configs default"),
    "a config twice": (card("dataset_info:", "- config_name: default\n  data_files: data/*\ndataset_info:"), "found default 2 times"),
    "no list": (card("configs:", "configs: 5\nothers:"), "README.md: configs: found 5; expected a list"),
    "no configs": (both(rows("data/train-00001-of-00002.parquet"), card(CONFIGS, "")), "README.md: has no configs, so a loader reads"),
    "broken YAML": (card("configs:", "configs: [\nx:"), "README.md: its YAML cannot be read (ParserError: "),
    "no object": (lambda f: (f / "README.md").write_text("---\n- 1\n---\n"), "README.md: its YAML cannot be read (ValueError: "),
    "code in YAML": (card("configs:", "x: !!python/object/apply:os.getcwd []\nconfigs:"), "README.md: its YAML cannot be read (ConstructorError: "),
    "deep YAML": (card("language: en", "language: " + "[" * 1000), "README.md: its YAML cannot be read ("),
    "endless YAML": (card("configs:", "configs: &a [{config_name: *a}]\nothers:"), "README.md: its YAML cannot be read (ValueError: it has the alias *a, which `build` never writes)"),
    "other types": (card("  - name: answer\n    dtype: string", "  - name: answer\n    dtype: int64"), "README.md: dataset_info, default: found other types or columns than in data/train-00000-of-00001.parquet: ['answer']"),
    "broken dataset_info": (card("dataset_info:", "dataset_info: [1]\nothers:"), "README.md: its YAML cannot be read (AttributeError: "),
    "a loading script": (file("kg_only.py"), f"kg_only.py: {LISTED}"),
    "a second card": (file("data/README.md"), f"data/README.md: {LISTED}"),
    "YAML beside the card": (file(".huggingface.yaml"), f".huggingface.yaml: {LISTED}"),
    "infos beside the card": (file("dataset_infos.json", "{}"), f"dataset_infos.json: {LISTED}"),
    "further rows": (file("train.csv"), f"train.csv: {LISTED}"),
    "a link": (link(TRAIN, "rows"), f"{TRAIN}: is a symbolic link; expected a regular file"),
    "a link to a folder": (link("data", "moved"), "data: is a symbolic link; expected a regular file"),
    "a FIFO": (lambda f: ((f / TRAIN).unlink(), os.mkfifo(f / TRAIN)), f"{TRAIN}: is a FIFO; expected a regular file"),
}  # fmt: skip
OF_THE_MANIFEST: dict[str, tuple[Attack, str]] = {
    **{
        f"listed: {name}": (manifest(files={name: "0" * 64}), f"{name}: is listed; expected a relative name inside the folder")
        for name in ("../x.parquet", "/x.parquet", "C:\\x.parquet", "C:x.parquet", "data\\x.parquet")
    },
    "a config out of the folder": (manifest(configs={"../x": {"columns": {}, "rows": 0}}), "manifest.json: configs: found the name '../x'"),
    "a config in the place of the rows": (manifest(configs={"default": {"columns": {}, "rows": 0}}), "manifest.json: configs: found the name 'default'"),
    "a split that nobody counts": (manifest(rows={"test": 0}), "manifest.json: rows: found 'test'; expected only train, rejected"),
    "an intermediate that nobody checks": (manifest(intermediates={"x": {"columns": {}, "rows": 0}}), "manifest.json: intermediates: found 'x'; expected only evidence, answers"),
    "no list of files": (manifest(files=[]), "manifest.json: files: found []; expected an object"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*ATTACKS, *OF_THE_MANIFEST])
def test_what_a_loader_would_read_beside_the_manifest_is_named(folder: Path, name: str) -> None:
    attack, message = (ATTACKS | OF_THE_MANIFEST)[name]
    attack(folder)
    if name in ATTACKS:
        mend(folder)
    for wrong in (verified(folder), (refusal(folder) or "").splitlines()):
        assert any(message in line for line in wrong), wrong


def verified(folder: Path) -> list[str]:
    """The mismatches; for a manifest that cannot be used, the lines of the error."""
    try:
        return verify(folder).wrong
    except FolderError as why:
        return str(why).splitlines()


def test_without_the_check_other_rows_are_read_and_with_it_nothing_uses_them(folder: Path, tmp_path: Path) -> None:
    ATTACKS["other files"][0](folder)
    mend(folder)
    found: Any = load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert set(found["answer"][:]) == {"poison"}
    with pytest.raises(PushError, match="data_files: found"):
        pushable(folder, allow_dirty=True, allow_unchecked=True)
    with pytest.raises(FolderError, match="data_files: found"):
        list(lines(Place(OLD, "old"), Place(folder, "new"), None))


def test_honest_folders_pass_also_without_configs_in_the_card(folder: Path) -> None:
    assert refusal(OLD) is None
    card(CONFIGS, "")(folder)
    mend(folder)
    assert verify(folder).wrong == []
    (folder / ".gitattributes").write_text("* text")
    (folder / ".cache/huggingface").mkdir(parents=True)  # the client leaves it in a folder that it fills
    (folder / ".cache/huggingface/x.metadata").write_text("x")
    assert refusal(folder) is None


def test_links_of_the_clients_cache_are_regular_files(folder: Path, tmp_path: Path) -> None:
    snapshot, blobs = tmp_path / "snapshots" / "c0ffee", tmp_path / "blobs"
    blobs.mkdir()
    for number, source in enumerate(path for path in folder.rglob("*") if path.is_file()):
        there = snapshot / source.relative_to(folder)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.symlink_to(shutil.move(source, blobs / str(number)))
    assert verify(snapshot).wrong == []


def test_a_folder_without_a_manifest_says_nothing_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) is None
    for content, message in (("{", "manifest.json: cannot be read ("), ("[]", "manifest.json: found []"), ("{}", "files: found nothing; expected this field")):  # fmt: skip
        (tmp_path / "manifest.json").write_text(content)
        assert message in (refusal(tmp_path) or "")
    (tmp_path / "manifest.json").unlink()
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(FolderError, match="it is a FIFO; expected a regular file"):
        verify(tmp_path)
    assert "it is a FIFO" in (refusal(tmp_path) or "")
