"""The differences between two builds of a dataset: inputs, funnels, rows by id."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from dataset_builder.publishing.funnel import total
from dataset_builder.publishing.hub.loaded import told, wrong_loaded
from dataset_builder.publishing.hub.revisions import Place
from dataset_builder.publishing.layout import FolderError, code_of, files_by_config, question_files, read_rows
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.verify import read_manifest

SHOWN = 20  # ids of each kind
Key = tuple[
    str, int
]  # a row's id, and its number among the rows with that id: exact repeats, which are rejected, share one


SIZE = 8  # bytes of a value's digest
NULL = bytes(SIZE)  # of no value

UNCHANGED = ("same ", "  ")


@dataclass(frozen=True)
class Difference:
    """Ids of rows that are in only one of two builds, and, per column, of rows whose values differ."""

    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]  # column: ids
    rows: tuple[int, int]

    @property
    def rows_changed(self) -> list[str]:
        """Ids of the rows in which at least one column differs."""
        return sorted(set(chain.from_iterable(self.changed.values())))


def difference(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> Difference:
    """Compare rows by id, in any order. A field that is null equals one that the other build does not have.

    Keeps 8 bytes for every value of both, in one string of bytes per row, not the rows.
    """
    columns: dict[str, int] = {}  # where in such a string a column's digest is
    old, new = _digests(before, columns), _digests(after, columns)
    changed: dict[str, list[str]] = {}
    for key in sorted(key for key in old.keys() & new.keys() if old[key] != new[key]):
        for column in sorted(columns):
            place = slice(SIZE * columns[column], SIZE * (columns[column] + 1))
            if (old[key][place] or NULL) != (new[key][place] or NULL):
                changed.setdefault(column, []).append(key[0])
    return Difference(
        added=sorted(id_ for id_, _ in new.keys() - old.keys()),
        removed=sorted(id_ for id_, _ in old.keys() - new.keys()),
        changed=changed,
        rows=(len(old), len(new)),
    )


def _digests(rows: Iterable[Mapping[str, Any]], columns: dict[str, int]) -> dict[Key, bytes]:
    """The digests of every row's values, each at the place of its column; a column that is new gets the next place."""
    times, found = Counter[str](), {}
    for row in rows:
        digests = {column: NULL if value is None else _digest(value) for column, value in row.items()}
        for column in digests:
            columns.setdefault(column, len(columns))
        id_ = row["id"] if "id" in row else b"".join(d for d in digests.values() if d != NULL).hex()[:32]
        found[id_, times[id_]] = b"".join(digests.get(column, NULL) for column in columns)
        times[id_] += 1
    return found


def _digest(value: Any) -> bytes:
    text = json.dumps(without_nulls(value), sort_keys=True, default=repr)
    return hashlib.blake2b(text.encode(), digest_size=SIZE).digest()


def without_nulls(value: Any) -> Any:
    """The value without fields that are null, at any depth: a field that only one format has is no change where it is null."""
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


def lines(before: Place, after: Place, shown: int | None) -> Iterator[str]:
    """The difference in words: inputs, funnel, rows, the configs beside them.

    A line begins with `same` where nothing differs. Raises FolderError where `load_dataset` would read other files than are compared, or where
    a data file has no rows of this project.
    """
    old, new = read_manifest(before.folder), read_manifest(after.folder)
    for place, manifest in ((before, old), (after, new)):
        if wrong := wrong_loaded(place.folder, manifest) or wrong_rows(place.folder, manifest):
            raise FolderError(told(place.name, wrong))
    if old["content_hash"] == new["content_hash"]:
        yield f"same content hash {old['content_hash']}"
    yield from _inputs(old, new)
    yield from _funnels(old["funnel"], new["funnel"])
    yield from _new_fields(before.folder / _files(old)[0], after.folder / _files(new)[0])
    questions = difference(_questions(before.folder, old), _questions(after.folder, new))
    yield from _rows("rows", questions, shown)
    configs = [old.get("configs", {}), new.get("configs", {})]
    for name in sorted({*configs[0], *configs[1]}):
        files = [
            read_rows(*(place.folder / file for file in files_by_config(manifest)[name]["train"]))
            if name in config
            else ()
            for place, manifest, config in zip((before, after), (old, new), configs, strict=True)
        ]
        yield from _rows(f"config {name}", difference(*files), shown)


def _questions(folder: Path, manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of all splits: a row that was rejected before and is published now differs in rejected_because."""
    return read_rows(*(folder / file for file in _files(manifest)))


def _files(manifest: Mapping[str, Any]) -> list[str]:
    return list(chain.from_iterable(question_files(manifest).values()))


def _new_fields(before: Path, after: Path) -> Iterator[str]:
    """The fields, at any depth, that only one of two files of rows has; their rows differ where such a field is not null."""
    old, new = (list(fields_in(pyarrow.parquet.read_schema(file))) for file in (before, after))
    for what, fields in (("new", [f for f in new if f not in old]), ("gone", [f for f in old if f not in new])):
        if fields:
            yield f"{what} fields: {', '.join(fields)}"


def fields_in(parts: Iterable[pa.Field], within: str = "") -> Iterator[str]:
    """Dotted names; ``[]`` after the name of a list."""
    for field in parts:
        name, kind = f"{within}{field.name}", field.type
        while isinstance(kind, pa.ListType):
            name, kind = f"{name}[]", kind.value_type
        yield name
        if isinstance(kind, pa.StructType):
            yield from fields_in(kind, f"{name}.")


def _inputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    inputs = [_todays(manifest["inputs"]) for manifest in (old, new)]
    pairs = [(key, inputs[0].get(key), inputs[1].get(key)) for key in {**inputs[0], **inputs[1]}]
    pairs += [("code", code_of(old), code_of(new))]
    pairs += [("pipeline", old["pipeline"], new["pipeline"])]
    sources = [{o["source"]: (o["split"], o["revision"], o["files"]) for o in m["origins"]} for m in (old, new)]
    names = {**sources[0], **sources[1]}
    pairs += [(f"source {name}", sources[0].get(name), sources[1].get(name)) for name in names]
    for key, was, is_ in pairs:
        if was != is_:
            yield f"{key}: {_short(was)} → {_short(is_)}"


def _todays(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs under the names of today, without the code, which format 1 has among them."""
    found = {key: value for key, value in inputs.items() if key != "code"}
    if "keep_contradicted" in found:
        found["reject_contradicted"] = not found.pop("keep_contradicted")
    return found


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"{text[:12]}…" if isinstance(value, str) and len(value) > 40 else text


def _funnels(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Both funnels, source by source, before → after."""
    if old == new:
        yield "same funnel"
        return
    all_ = [("all", total(old), total(new))] if len({*old, *new}) > 1 else []
    for name, was, is_ in [*((name, old.get(name, {}), new.get(name, {})) for name in {**old, **new}), *all_]:
        counts = ", ".join(f"{key} {was.get(key, 0)} → {is_.get(key, 0)}" for key in {**was, **is_})
        yield f"funnel of {name}: {counts}"


def _rows(what: str, found: Difference, shown: int | None) -> Iterator[str]:
    if not (found.added or found.removed or found.changed):
        yield f"same {what}: {found.rows[0]}"
        return
    changed = found.rows_changed
    numbers = f"{len(found.added)} added, {len(found.removed)} removed, {len(changed)} changed"
    yield f"{what}: {found.rows[0]} → {found.rows[1]}; {numbers}"
    columns = ", ".join(f"{column} {len(ids)}" for column, ids in found.changed.items())
    for kind, ids in (("added", found.added), ("removed", found.removed), ("changed", changed)):
        if ids:
            more = f" and {len(ids) - shown} more (--all)" if shown is not None and len(ids) > shown else ""
            yield f"  {kind}{f' ({columns})' if kind == 'changed' else ''}: {', '.join(ids[:shown])}{more}"
