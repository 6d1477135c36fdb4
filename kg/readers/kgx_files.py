"""The two files of a graph in KGX's format, nodes and edges, as Arrow tables of the fields that this project reads.

TSV ("|" separates the values of a list, no quoting) or JSONL, plain or .gz. Fields are texts, or lists of texts; a field that a file lacks is null.
"""

import gzip
import json
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.json

from kg.contents import GraphError

pc: Any = pyarrow.compute  # its functions are made at run time: pyright knows few of them
NAME = re.compile(r"(?:.*[^a-z])?(nodes|edges)\.(tsv|jsonl)(?:\.gz)?", re.IGNORECASE | re.DOTALL)
ARCHIVES = (".tar", ".tar.gz", ".tgz")
CHUNK = 50_000  # lines of JSONL that are held as Python values at a time
LIST = pa.list_(pa.string())
Fields = Mapping[str, pa.DataType]


class File(NamedTuple):
    """A file, and what messages call it: an archive's file has been unpacked to another place."""

    path: Path
    shown: str


def files(path: Path) -> list[Path]:
    """The archive, or the nodes and the edges file. Raises GraphError where they are not both there, once each."""
    if path.is_file() and path.name.endswith(ARCHIVES):
        return [path]
    folder = path if path.is_dir() else path.parent
    names = [file.name for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []
    if path.is_file():
        kind = NAME.fullmatch(path.name)
        if not kind:
            raise GraphError(
                f"{path} is not a KGX file: expected a name such as x_nodes.tsv, x_edges.jsonl.gz or x.tar.gz"
            )
        start = kind.start(1)
        names = [name for name in names if name[:start] == path.name[:start]]
    return [folder / name for name in _both(names, path)]


@contextmanager
def opened(path: Path) -> Iterator[tuple[File, File]]:
    """The nodes and the edges file, of an archive unpacked to a temporary folder. Raises GraphError as ``files``, and for a torn archive."""
    given = files(path)
    if len(given) == 2:
        yield File(given[0], str(given[0])), File(given[1], str(given[1]))
        return
    with tempfile.TemporaryDirectory(prefix="kgx-") as folder:
        try:
            with tarfile.open(path) as archive:
                members = {member.name: member for member in archive if member.isfile()}
                both = _both(list(members), path)
                for place, name in enumerate(both):
                    members[name].name = f"{place}-{Path(name).name}"
                    archive.extract(members[name], folder, filter="data")
        except (tarfile.TarError, OSError, EOFError, zlib.error) as why:
            raise GraphError(
                f"{path} cannot be unpacked: {why}; expected a complete .tar.gz with a nodes and an edges file"
            ) from why
        nodes, edges = (
            File(Path(folder) / f"{place}-{Path(name).name}", f"{path}, {name}") for place, name in enumerate(both)
        )
        yield nodes, edges


def _both(names: Sequence[str], path: Path) -> list[str]:
    found = []
    for kind in ("nodes", "edges"):
        of_kind = sorted(name for name in names if (is_ := NAME.fullmatch(Path(name).name)) and is_[1].lower() == kind)
        if len(of_kind) != 1:
            raise GraphError(
                f"{path}: found {', '.join(of_kind) or f'no {kind} file'}; expected exactly one *{kind}.tsv, "
                f".tsv.gz, .jsonl or .jsonl.gz, and one of {'edges' if kind == 'nodes' else 'nodes'} beside it"
            )
        found += of_kind
    return found


def read(file: File, fields: Fields, needed: Sequence[str]) -> pa.Table:
    """The fields of every line. Raises GraphError, with the line, where the file is not complete UTF-8 in its format."""
    try:
        read_lines = _jsonl if ".jsonl" in file.path.name.lower() else _tsv
        table = read_lines(file, fields, needed)
    except (OSError, EOFError, zlib.error) as why:
        raise GraphError(f"{file.shown} cannot be read: {why}; expected a complete file") from why
    if not table.num_rows:
        raise GraphError(f"{file.shown} has no line with data; expected at least one")
    for name in needed:
        _expect_values(table[name], name, file)
    return table


def line_of(file: File, row: int) -> int:
    """The number of the line, from 1, in which a row stands; blank lines have no row."""
    rows = -1 if ".jsonl" in file.path.name.lower() else -2
    for number, line in enumerate(_lines(file.path), 1):
        rows += bool(line.strip(b"\r\n"))
        if rows == row:
            return number
    return row + 1


def _expect_values(column: pa.ChunkedArray, name: str, file: File) -> None:
    empty = pc.fill_null(
        pc.equal(column if column.type != LIST else pc.list_value_length(column).cast("string"), ""), True
    )
    if (row := pc.index(empty, True).as_py()) >= 0:
        raise GraphError(f"{file.shown}, line {line_of(file, row)}: {name} is empty; expected a value in every line")


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as lines:
        yield from lines


def _tsv(file: File, fields: Fields, needed: Sequence[str]) -> pa.Table:
    header = _header(file, needed)
    there = [name for name in fields if name in header]
    try:
        table = pyarrow.csv.read_csv(
            file.path,
            parse_options=pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=there, column_types=dict.fromkeys(there, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as why:
        _name_bad_line(file, len(header), why)
    columns = {}
    for name, type_ in fields.items():
        if name not in there:
            columns[name] = pa.nulls(table.num_rows, type_)
            continue
        texts = pc.if_else(pc.equal(table[name], ""), None, table[name])
        columns[name] = pc.split_pattern(texts, "|") if type_ == LIST else texts
    return pa.table(columns)


def _header(file: File, needed: Sequence[str]) -> list[str]:
    first = next(_lines(file.path), b"")
    try:
        header = first.decode("utf-8-sig").rstrip("\r\n").split("\t")
    except UnicodeDecodeError as why:
        raise GraphError(f"{file.shown}, line 1: found bytes that are not UTF-8 ({why}); expected UTF-8") from why
    if not first.strip():
        raise GraphError(
            f"{file.shown}, line 1: found an empty line or file; expected a header with {', '.join(needed)}"
        )
    if missing := [name for name in needed if name not in header]:
        raise GraphError(
            f"{file.shown}, line 1: has no column {', '.join(missing)}; found {header!s:.500}, expected {list(needed)}"
        )
    if twice := [name for name in set(header) if header.count(name) > 1]:
        raise GraphError(
            f"{file.shown}, line 1: has two columns {', '.join(sorted(twice))}; expected each of them once"
        )
    return header


def _name_bad_line(file: File, columns: int, why: Exception) -> NoReturn:
    for number, line in enumerate(_lines(file.path), 1):
        text = line.rstrip(b"\r\n")
        try:
            text.decode()
        except UnicodeDecodeError as bad:
            raise GraphError(f"{file.shown}, line {number}: found bytes that are not UTF-8 ({bad})") from why
        if text and (found := text.count(b"\t") + 1) != columns:
            raise GraphError(
                f"{file.shown}, line {number}: found {found} columns, expected {columns} as in the header"
            ) from why
    raise GraphError(f"{file.shown} cannot be read as TSV: {why}") from why


def _jsonl(file: File, fields: Fields, needed: Sequence[str]) -> pa.Table:
    """By Arrow where a field has the same form in every line; else line by line, which also finds the line that is wrong."""
    schema = pa.schema(fields)
    try:
        table = pyarrow.json.read_json(
            file.path,
            parse_options=pyarrow.json.ParseOptions(
                explicit_schema=_forms(file, fields), unexpected_field_behavior="ignore"
            ),
        )
        table.validate(full=True)
        return pa.table({name: _as(table[name], type_) for name, type_ in fields.items()})
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        parts, rows = [], []
        for row in _objects(file, needed):
            rows.append({name: _value(row.get(name), type_) for name, type_ in fields.items()})
            if len(rows) == CHUNK:
                parts.append(pa.Table.from_pylist(rows, schema))
                rows = []
        return pa.concat_tables([*parts, pa.Table.from_pylist(rows, schema)])


def _forms(file: File, fields: Fields) -> pa.Schema:
    """The form that each field has in the first lines. Raises ArrowInvalid where one has two."""
    forms: dict[str, pa.DataType] = {}
    for number, row in enumerate(_objects(file, ())):
        if number == 200:
            break
        for name, value in row.items():
            if name in fields and value is not None and value != []:
                form = _form(value)
                if forms.setdefault(name, form) != form:
                    raise pa.ArrowInvalid(f"{name} has several forms")
    return pa.schema({name: forms.get(name, type_) for name, type_ in fields.items()})


def _form(value: object) -> pa.DataType:
    if isinstance(value, list):
        return LIST
    return pa.bool_() if isinstance(value, bool) else pa.float64() if isinstance(value, int | float) else pa.string()


def _as(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    if column.type == type_:
        return column
    if column.type == LIST:
        return pc.binary_join(column, "|")
    texts = column.cast(pa.string())
    if type_ != LIST:
        return texts
    lists = [pa.ListArray.from_arrays(range(len(one) + 1), one, mask=one.is_null()) for one in texts.chunks]
    return pa.chunked_array(lists, LIST)


def _objects(file: File, needed: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(file.path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            line.decode()
        except ValueError as why:
            raise GraphError(
                f"{file.shown}, line {number}: found {line[:60]!r} ({why}); expected one JSON object in UTF-8"
            ) from why
        if not isinstance(row, dict):
            raise GraphError(f"{file.shown}, line {number}: found {line[:60]!r}; expected a JSON object")
        if missing := [name for name in needed if row.get(name) in (None, "", [])]:
            raise GraphError(f"{file.shown}, line {number}: has no {', '.join(missing)}; expected {list(needed)}")
        yield row


def _value(value: object, type_: pa.DataType) -> object:
    if value is None:
        return None
    texts = [
        one if isinstance(one, str) else json.dumps(one) for one in (value if isinstance(value, list) else [value])
    ]
    return texts if type_ == LIST else "|".join(texts)
