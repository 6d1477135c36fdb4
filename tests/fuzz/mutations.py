"""Mutations of valid contents: values of another type, huge and odd values, missing and repeated parts; pieces of the bytes.

A mutation is a list of edits that Hypothesis draws, so that it can shrink a failing one to the edit that matters.
"""

import copy
import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import yaml
from hypothesis import strategies as st

from tests.fuzz.border import Border, Form

DEEP = "\ue000deep"  # becomes a hundred thousand brackets, which no encoder would write
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, -(2**63), math.inf, math.nan, "", " ", "nope", "0", "²", "\ud800", "\x00", "\x1b[2J\x07",
    "\u202ereversed", "\ufeff", "nan", "1e999", [], {}, [[]], [None], {"": 1}, {"a": {"b": []}}, "B" * 10_000, "../../etc/passwd",
    "/etc/passwd", "a,b\nc", "<script>x</script>", "{{ 7 * 7 }}", DEEP,
)  # fmt: skip
PIECES: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff", b'"', b"\\", b"{", b"}", b"[", b",", b"\n", b"\r\n", b"\t", b": ", b"---\n", b"&a [*a]", b"\xef\xbb\xbf",
    b"\xed\xa0\x80", b"\x1b[31m", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5_000, b"null", b"NaN", b"-", b"0", b"\x01\x00\x00\x00",
)  # fmt: skip
EDITS: tuple[str, ...] = ("set", "delete", "repeat", "list", "object", "move", "append", "rename")
CUTS: tuple[str, ...] = ("insert", "replace", "remove", "repeat", "end")


class Content(bytes):
    """Bytes that Hypothesis shows as a number."""

    def __repr__(self) -> str:
        return f"{len(self):,} bytes"


class Edit(NamedTuple):
    """One change: what is done, where (a share of all places), and with which of the odd values or pieces."""

    kind: str
    place: float
    other: float
    value: int


def mutated(border: Border) -> st.SearchStrategy[bytes]:
    """Contents of a border with one to four edits, by structure where the form has one, or in the bytes."""
    seeds = list(border.seeds())
    place = st.floats(0, 1, exclude_max=True)
    by_structure = st.builds(Edit, st.sampled_from(EDITS), place, place, st.integers(0, len(ODD) - 1))
    in_bytes = st.builds(Edit, st.sampled_from(CUTS), place, place, st.integers(0, len(PIECES) - 1))
    structured, cut = st.lists(by_structure, min_size=1, max_size=4), st.lists(in_bytes, min_size=1, max_size=3)
    seed = st.integers(0, len(seeds) - 1)
    bytewise = st.builds(lambda n, edits: Content(with_cuts(seeds[n], edits)), seed, cut)
    if border.form == "bytes":
        return bytewise
    form: Form = border.form
    return st.one_of(
        st.builds(lambda n, edits: Content(with_edits(form, seeds[n], edits)), seed, structured), bytewise
    )


def with_cuts(data: bytes, edits: list[Edit]) -> bytes:
    """The bytes with pieces inserted, replaced, removed, repeated, or cut off."""
    for edit in edits:
        a, b = sorted((int(edit.place * (len(data) + 1)), int(edit.other * (len(data) + 1))))
        b = min(b, a + 5_000)
        match edit.kind:
            case "insert":
                data = data[:a] + PIECES[edit.value] + data[a:]
            case "replace":
                data = data[:a] + PIECES[edit.value] + data[a + max(1, len(PIECES[edit.value][:8])) :]
            case "remove":
                data = data[:a] + data[b:]
            case "repeat":
                data = data[:b] + data[a:b] * 20 + data[b:]
            case _:
                data = data[:a]
    return data


def with_edits(form: Form, data: bytes, edits: list[Edit]) -> bytes:
    """The content with values of its structure changed."""
    return _OF_FORM[form](data, edits)


def _json(data: bytes, edits: list[Edit]) -> bytes:
    return _encoded(_edited(json.loads(data), edits))


def _encoded(value: Any) -> bytes:
    text = json.dumps(value)
    return text.replace(json.dumps(DEEP), "[" * 100_000 + "]" * 100_000).encode()


def _jsonl(data: bytes, edits: list[Edit]) -> bytes:
    lines = data.splitlines()
    at = int(edits[0].other * len(lines))
    lines[at] = _json(lines[at], edits)
    return b"\n".join(lines) + b"\n"


def _yaml(data: bytes, edits: list[Edit]) -> bytes:
    """A card: YAML between two lines of three dashes, and its text."""
    _, front, body = data.decode().split("---\n", 2)
    value = _edited(yaml.safe_load(front), edits)
    try:
        text = yaml.safe_dump(value, allow_unicode=False)
    except yaml.YAMLError:  # it cannot write half a character
        text = json.dumps(value)
    deep = "[" * 500 + "]" * 500
    return f"---\n{text.replace(DEEP, deep)}---\n{body}".encode("utf-8", "surrogatepass")


def _csv(data: bytes, edits: list[Edit]) -> bytes:
    text = data.decode()
    comma = "\t" if "\t" in text.partition("\n")[0] else ","
    table = _edited(list(csv.reader(io.StringIO(text), delimiter=comma)), edits)
    out = io.StringIO()
    rows = table if isinstance(table, list) else [table]
    csv.writer(out, delimiter=comma, escapechar="\\").writerows(
        row if isinstance(row, list) else [row] for row in rows
    )
    return out.getvalue().encode("utf-8", "surrogatepass")


_OF_FORM: dict[str, Callable[[bytes, list[Edit]], bytes]] = {
    "json": _json,
    "jsonl": _jsonl,
    "yaml": _yaml,
    "csv": _csv,
}


def _edited(value: Any, edits: list[Edit]) -> Any:
    root = [copy.deepcopy(value)]
    for edit in edits:
        places = list(_places(root))
        _edit(edit, *places[int(edit.place * len(places))], places)
        if not root:
            return None
    return root[0]


def _edit(edit: Edit, holder: Any, key: Any, places: list[tuple[Any, Any]]) -> None:
    """One edit of ``holder[key]``."""
    odd = copy.deepcopy(ODD[edit.value])
    match edit.kind:
        case "set":
            holder[key] = odd
        case "delete":
            del holder[key]
        case "repeat":
            holder[key] = [copy.deepcopy(holder[key]) for _ in range(1 + edit.value % 3)]
        case "list":
            holder[key] = [holder[key], odd]
        case "object":
            holder[key] = {"value": holder[key], "more": odd}
        case "move":
            other, name = places[int(edit.other * len(places))]
            holder[key] = copy.deepcopy(other[name])
        case "append":
            holder[key] = f"{holder[key]}{odd}"
        case _:
            if isinstance(holder, dict):
                holder[str(odd)] = holder.pop(key)
            else:
                holder.append(odd)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
