"""The files and columns of a dataset folder in the words of Croissant 1.0 (http://mlcommons.org/croissant/1.0): FileObject, FileSet, RecordSet, Field."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataset_builder.configs import CONFIGS
from dataset_builder.publishing.card import COMPLETIONS
from dataset_builder.publishing.layout import UNROLLED, files_by_config
from dataset_builder.publishing.schema.data_files import known_columns
from dataset_builder.publishing.unroll import FORMS

PARQUET = "application/x-parquet"
SPLIT = "in_split"  # `split` is a column of the rows: the split of the source
QUESTIONS = "a question; in the split `train` a published one, in `rejected` one that was not, with the reason"
KEYED = (
    *FORMS,
    "rl",
    "steps",
)  # the others can have an id twice: of a repeated question, of two pairs, of two matches
Node = dict[str, Any]


def distribution(paths: Mapping[str, Path], manifest: Mapping[str, Any]) -> list[Node]:
    """A FileObject with size and sha256 for every data file, and a FileSet for every config, which its record set reads.

    ``paths``: the path of each data file, by its name in the folder. Sizes are in bytes.
    """
    by_config = files_by_config(manifest)
    names = sorted({name for splits in by_config.values() for files in splits.values() for name in files})
    objects = [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": name,
            "contentSize": f"{paths[name].stat().st_size} B",
            "encodingFormat": PARQUET,
            "sha256": manifest["files"][name],
        }
        for name in names
    ]
    return objects + [_file_set(config, splits) for config, splits in by_config.items()]


def _file_set(config: str, splits: Mapping[str, Sequence[str]]) -> Node:
    places = [f"{PurePosixPath(files[0]).parent}/{split}-*.parquet" for split, files in splits.items()]
    return {
        "@type": "cr:FileSet",
        "@id": _set_id(config),
        "name": _set_id(config),
        "description": f"The files of the config {config}.",
        "encodingFormat": PARQUET,
        "includes": places[0] if len(places) == 1 else places,
    }


def _set_id(config: str) -> str:
    return f"files-of-{config}"


def record_sets(paths: Mapping[str, Path], manifest: Mapping[str, Any]) -> list[Node]:
    """A RecordSet for every config, with the columns of its files."""
    return [_record_set(paths, config, splits) for config, splits in files_by_config(manifest).items()]


def _record_set(paths: Mapping[str, Path], config: str, splits: Mapping[str, Sequence[str]]) -> Node:
    schema = pq.read_schema(paths[next(iter(splits.values()))[0]])
    known = known_columns(config)
    fields = []
    for column in schema:
        meaning = known[column.name].meaning if column.name in known else None
        fields.append(_field(config, f"{config}/{column.name}", column.name, column.type, (column.name,), meaning))
    described = {"description": f"A record is {text}."} if (text := _meaning(config)) else {}
    key = {"key": {"@id": f"{config}/id"}} if config in KEYED else {}
    split = [_split_field(config, list(splits))] if len(splits) > 1 else []
    return {"@type": "cr:RecordSet", "@id": config, "name": config, **described, **key, "field": fields + split}


def _meaning(config: str) -> str:
    if config in COMPLETIONS:
        return f"a kept rationale of a published question; the completion is {COMPLETIONS[config]}"
    if config in CONFIGS:
        return CONFIGS[config].meaning
    return QUESTIONS if config in ("default", UNROLLED) else ""


def _split_field(config: str, splits: Sequence[str]) -> Node:
    source = {
        "fileSet": {"@id": _set_id(config)},
        "extract": {"fileProperty": "fullpath"},
        "transform": {"regex": r"(?:.*/)?([a-z]+)-\d{5}-of-\d{5}\.parquet"},
    }
    return {
        "@type": "cr:Field",
        "@id": f"{config}/{SPLIT}",
        "name": SPLIT,
        "description": f"the split of this dataset: {' or '.join(splits)}, by the name of the file",
        "dataType": "sc:Text",
        "source": source,
    }


def _field(config: str, id_: str, name: str, kind: pa.DataType, place: tuple[str, ...], meaning: str | None, above: int = 0) -> Node:  # fmt: skip
    """A field, and the fields in it.

    ``place``: the column, then the names that lead to it inside the column. ``above``: how many lists it lies in. A jsonPath of
    Croissant 1.0 is applied to the items of one list, so a field in lists of lists has no source.
    """
    lists = 0
    while isinstance(kind, pa.ListType):
        kind, lists = kind.value_type, lists + 1
    told = "; ".join(_told(meaning, lists, above))
    node: Node = {"@type": "cr:Field", "@id": id_, "name": name, **({"description": told} if told else {})}
    node |= {"repeated": True} if lists else {}
    if isinstance(kind, pa.StructType):
        below = above + lists
        inner = [_field(config, f"{id_}/{one.name}", one.name, one.type, (*place, one.name), None, below) for one in kind]  # fmt: skip
        return node | {"subField": inner}
    node["dataType"] = _data_type(kind)
    if above > 1:
        return node
    column, *steps = place
    source: Node = {"fileSet": {"@id": _set_id(config)}, "extract": {"column": column}}
    transform = [{"jsonPath": step} for step in steps]
    source |= {"transform": transform[0] if len(transform) == 1 else transform} if transform else {}
    return node | {"source": source}


def _data_type(kind: pa.DataType) -> str:
    """The type in Croissant; it has none for bytes, which are Text, as the Hub has them too."""
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    return "sc:Integer" if pa.types.is_integer(kind) else "sc:Float" if pa.types.is_floating(kind) else "sc:Text"


def _told(meaning: str | None, lists: int, above: int) -> Iterator[str]:
    if meaning:
        yield meaning
    if lists > 1:  # `repeated` says one list; Croissant 1.0 has no word for lists in lists
        yield f"{lists} lists, one in the other"
    if above > 1:
        yield "in lists of lists, which no source of Croissant 1.0 reaches: read the parquet files"
