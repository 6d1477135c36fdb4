"""manifest.json of a stranger's folder, through everything that reads dataset folders."""

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.fuzz.border import Border
from tests.support.tiny_folders import REFUSALS, write_folders
from tests.support.tiny_folders import read as read_folder

OLD = Path(__file__).parents[1] / "fixtures" / "format_1" / "medreason"


@cache
def folders(home: Path) -> dict[str, Path]:
    """The folders whose files are replaced, in a scratch folder; and the one of an earlier version."""
    written = write_folders(home / "whole")
    return written | {"old": OLD}


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
    read_folder(mutated, folders(folder)["paths"], data)


BORDER = Border("manifest", "json", seeds, read, REFUSALS)
