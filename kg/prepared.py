"""The prepared form of graph files, under the hash of the content: memory-mapped, shared by processes."""

import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from kg.adjacency import Adjacency, adjacency
from kg.contents import LISTS, TEXTS, Edges, Nodes
from kg.readers import Source

ARRAYS = ("pair", "start", "relation")
FACTS = ("vertices", "relation_names", "rows", "obsolete_nodes", "obsolete_rows", "left_out")
ADJACENCY = Adjacency._fields


def cache_folder() -> Path:
    """The folder of downloaded and prepared graphs: ``$HF_HOME/medreason``. They can be deleted at any time."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return Path(home).expanduser() / "medreason"


def digest(path: Path) -> str:
    """sha256 of a file's content. Cached by path, size and time of change, since hashing a gigabyte takes a second."""
    state = path.stat()
    facts = f"{path.resolve()}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ino}"
    note = cache_folder() / "digests" / hashlib.sha256(facts.encode()).hexdigest()[:32]
    if note.is_file():
        return note.read_text("ascii")
    with path.open("rb") as file:
        value = hashlib.file_digest(file, "sha256").hexdigest()
    note.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=note.parent, delete=False) as draft:
        draft.write(value)
    Path(draft.name).replace(note)
    return value


def arrays(folder: Path, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays of ``make``, memory-mapped from this folder; they are written there first if it does not exist."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
        try:
            for name, array in make().items():
                np.save(draft / f"{name}.npy", array)
            if not folder.is_dir():
                draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return {file.stem: np.load(file, mmap_mode="r") for file in folder.glob("*.npy")}


def load(source: Source, digest: str) -> tuple[Nodes, Edges, Adjacency]:
    """The graph of these files with this content, prepared first if necessary. Raises kg.contents.GraphError."""
    folder = cache_folder() / "graphs" / f"{digest[:32]}-{_reader()}"
    if not folder.is_dir():
        _save(folder, *source.read())
    return _open(folder)


@functools.cache
def _reader() -> str:
    """A hash of the code that reads and keeps a graph, so that an edit of it prepares every graph again."""
    here = Path(__file__).parent
    code = [here / name for name in ("prepared.py", "contents.py", "adjacency.py")]
    code += sorted([*(here / "readers").glob("*.py"), *(here / "relations").glob("*.tsv")])
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in code)).hexdigest()[:8]


def _save(folder: Path, nodes: Nodes, edges: Edges) -> None:
    """Write to a draft and rename it: the folder is complete or absent, also where two processes prepare one graph."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        columns = {"index": nodes.index} | {text: getattr(nodes, text) for text in TEXTS}
        columns |= {some: values for some in LISTS if (values := getattr(nodes, some)) is not None}
        _write(draft / "nodes.arrow", pa.table(columns))
        if edges.provenance is not None:
            _write(draft / "provenance.arrow", edges.provenance)
        if edges.subject is not None:
            np.save(draft / "subject.npy", edges.subject)
        for array in ARRAYS:
            np.save(draft / f"{array}.npy", getattr(edges, array))
        compact = adjacency(edges.vertices, *edges.ends())
        for array in ADJACENCY:
            np.save(draft / f"adjacency_{array}.npy", getattr(compact, array))
        facts = {fact: getattr(edges, fact) for fact in FACTS}
        (draft / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
        if not folder.is_dir():
            draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _open(folder: Path) -> tuple[Nodes, Edges, Adjacency]:
    table = _read(folder / "nodes.arrow")
    texts = {column: _texts(table[column]) for column in TEXTS}
    lists = {column: table[column].combine_chunks() for column in LISTS if column in table.column_names}
    arrays = {array: _mapped(folder / f"{array}.npy") for array in ARRAYS}
    facts = json.loads((folder / "facts.json").read_text("utf-8"))
    facts["relation_names"] = [(relation, display) for relation, display in facts["relation_names"]]
    compact = {array: _mapped(folder / f"adjacency_{array}.npy") for array in ADJACENCY}
    index = np.frombuffer(
        table["index"].combine_chunks().buffers()[1], np.int64
    )  # to_numpy would import pandas: 30 MB
    said = {
        "subject": _mapped(folder / "subject.npy") if (folder / "subject.npy").is_file() else None,
        "provenance": _read(folder / "provenance.arrow") if (folder / "provenance.arrow").is_file() else None,
    }
    return Nodes(index, **texts, **lists), Edges(**arrays, **facts, **said), Adjacency(**compact)


def _write(file: Path, table: pa.Table) -> None:
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _read(file: Path) -> pa.Table:
    """A table, memory-mapped."""
    with pa.memory_map(str(file)) as mapped:
        return pa.ipc.open_file(mapped).read_all()


def _texts(column: pa.ChunkedArray) -> list[str]:
    """A column as strings, with one object for equal strings: types and sources repeat a hundred thousand times."""
    coded = column.combine_chunks().dictionary_encode()
    values = coded.dictionary.to_pylist()
    return [values[code] for code in coded.indices.to_pylist()]


def _mapped(file: Path) -> np.ndarray:
    """The array, memory-mapped; as a plain one, since compiled code takes longer to recognise a numpy.memmap."""
    return np.asarray(np.load(file, mmap_mode="r"))
