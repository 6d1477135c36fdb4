"""The bytes of a data file of a stranger's folder, of which the manifest says the right checksum, columns and number of rows."""

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.fuzz.border import Border
from tests.fuzz.manifest import folders
from tests.support.tiny_folders import REFUSALS, mend, write_folders
from tests.support.tiny_folders import read as read_folder

FILES = {
    "contamination": ("paths", "contamination/train-00000-of-00001.parquet"),
    "evidence": ("pushed", "evidence/train-00000-of-00001.parquet"),
    "answers": ("pushed", "answers/train-00000-of-00001.parquet"),
    "paths": ("paths", "data/train-00000-of-00001.parquet"),
    "many": ("many", "candidates/train-00000-of-00001.parquet"),
    "cot": ("many", "cot/train-00000-of-00001.parquet"),
}
# a column that only this file has, in the order in which they are looked for
WORDS = {"benchmark_id": "contamination", "candidate_paths": "evidence", "checksum": "answers", "responses": "many", "rationale": "paths"}  # fmt: skip


@cache
def seeds() -> Sequence[bytes]:
    """One file of each kind."""
    home = Path(mkdtemp(prefix="fuzz-seeds-"))
    written = write_folders(home)
    found = [(written[name] / file).read_bytes() for name, file in FILES.values()]
    shutil.rmtree(home)
    return found


def which(data: bytes) -> str:
    """The kind of file, by the names of its columns."""
    return next((kind for word, kind in WORDS.items() if word.encode() in data), "cot")


def read(data: bytes, folder: Path) -> None:
    """Put the file into a copy of its folder."""
    put(which(data), data, data, folder)


def put(kind: str, content: bytes, data: bytes, folder: Path) -> None:
    """Replace the file of this kind by this content, and read the folder in the ways that ``data`` draws."""
    name, file = FILES[kind]
    whole, mutated = folders(folder)[name], folder / "mutated" / kind
    shutil.rmtree(mutated, ignore_errors=True)
    shutil.copytree(whole, mutated)
    (mutated / file).write_bytes(content)
    mend(mutated, types=sum(data) % 4 != 0)
    read_folder(mutated, folders(folder)["paths"], data)


BORDER = Border("parquet", "bytes", seeds, read, REFUSALS)
