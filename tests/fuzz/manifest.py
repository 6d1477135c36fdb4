"""manifest.json of a stranger's folder, through everything that reads dataset folders."""

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from dataset_builder.publishing.shards.merge import merge
from dataset_builder.publishing.shards.part import Shard
from dataset_builder.report.page import write_report
from tests.fuzz.border import Border
from tests.support.tiny_folders import REFUSALS, write_folders
from tests.support.tiny_folders import read as read_folder
from tests.support.tiny_parts import write_part

OLD = Path(__file__).parents[1] / "fixtures" / "format_1" / "medreason"


@cache
def folders(home: Path) -> dict[str, Path]:
    """The folders whose files are replaced, in a scratch folder; and the one of an earlier version."""
    written = write_folders(home / "whole")
    part = write_part(home / "whole" / "part", Shard(1, 1))
    return written | {"old": OLD, "part": part}


@cache
def seeds() -> Sequence[bytes]:
    """The manifest of each folder."""
    home = Path(mkdtemp(prefix="fuzz-seeds-"))
    found = [(folder / "manifest.json").read_bytes() for folder in folders(home).values()]
    folders.cache_clear()
    shutil.rmtree(home)
    return found


def which(data: bytes) -> str:
    """The folder that this manifest is of, by its words."""
    if b'"shard"' in data:
        return "part"
    if b'"format"' not in data:
        return "old"
    return "pushed" if b'"intermediates"' in data else "many" if b'"reasonmed"' in data else "paths"


def read(data: bytes, folder: Path) -> None:
    """Put the manifest into a copy of its folder."""
    whole = folders(folder)[which(data)]
    mutated = folder / "mutated" / which(data)
    if not mutated.exists():
        shutil.copytree(whole, mutated)
    (mutated / "manifest.json").write_bytes(data)
    if which(data) == "part":
        _read_part(mutated, folder)
    else:
        read_folder(mutated, folders(folder)["paths"], data)


def _read_part(part: Path, folder: Path) -> None:
    """As one reads a part: no push takes it."""
    shutil.rmtree(folder / "merged", ignore_errors=True)
    write_report(part, folder / "page.html")
    merge([part], folder / "merged")


BORDER = Border("manifest", "json", seeds, read, REFUSALS)
