"""README.md of a stranger's folder, of which the manifest gives the right checksum."""

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.fuzz.border import Border
from tests.fuzz.manifest import folders
from tests.support.tiny_folders import REFUSALS, mend, write_folders
from tests.support.tiny_folders import read as read_folder


@cache
def seeds() -> Sequence[bytes]:
    """The card of each folder."""
    home = Path(mkdtemp(prefix="fuzz-seeds-"))
    found = [(folder / "README.md").read_bytes() for folder in write_folders(home).values()]
    shutil.rmtree(home)
    return found


def which(data: bytes) -> str:
    """The folder that this card is of, by its words."""
    return "pushed" if b"config_name: evidence" in data else "many" if b"config_name: cot" in data else "paths"


def read(data: bytes, folder: Path) -> None:
    """Put the card into a copy of its folder."""
    mutated = folder / "mutated" / which(data)
    if not mutated.exists():
        shutil.copytree(folders(folder)[which(data)], mutated)
    (mutated / "README.md").write_bytes(data)
    mend(mutated, types=False)
    read_folder(mutated, folders(folder)["paths"], data)


BORDER = Border("card", "yaml", seeds, read, REFUSALS)
