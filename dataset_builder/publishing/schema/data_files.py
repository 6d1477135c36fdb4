"""Whether the parquet files of a folder hold rows of this project: their columns' types, and cells that readers compute with.

Checked before a row is read, so that readers can rely on it: a file of a stranger may have any type in any column.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features

from dataset_builder.configs import CONFIGS, LEARNING, REVIEWS
from dataset_builder.publishing.layout import ROWS, UNROLLED, batches_of, files_by_config
from dataset_builder.publishing.unroll import FORMS
from dataset_builder.row import BYTES, COLUMNS, FLAG, INT, QUESTION, SCORE, TEXT, Column
from dataset_builder.row import UNROLLED as OF_A_RATIONALE

TYPES = {TEXT: pa.string(), INT: pa.int64(), SCORE: pa.float64(), FLAG: pa.bool_(), BYTES: pa.binary()}
MAX_DEPTH = 20  # of lists and structs in a column; rows have 4
# fields that rows of earlier versions do not have
LATER = {"family", "means", "relevance", "source", "publications", "evidence", "score", "mode"}
PATH = ("", ".nodes", ".nodes[]", ".names", ".names[]", ".types", ".types[]", ".hops", ".hops[]", ".hops[][]")
PATH += tuple(f".hops[][].{name}" for name in ("relation", "display_relation", "direction", "statement"))
# the cells without which a row cannot be shown, counted or compared; others may be null
FILLED = {
    *("id", "source", "question", "options", "options[]", "options[].label", "options[].text"),
    *(
        "mentions[]",
        "mentions[].place",
        "mentions[].text",
        "nodes[]",
        "nodes[].mention",
        "nodes[].node",
        "nodes[].name",
    ),
    *(f"paths[]{part}" for part in (*PATH, ".length", ".total")),
    *(f"contrasts[]{part}" for part in (*PATH, ".label", ".option")),
    *(f"candidate_paths[]{part}" for part in ("", ".from", ".to", ".paths", ".paths[]", ".paths[][]")),
    *(f"hop_checks[]{part}" for part in ("", ".start", ".end", ".verdict", ".from_name", ".to_name")),
    *("support[]", *(f"support[].{name}" for name in ("claims", "supported", "contradicted", "off_path", "unknown"))),
    *("support[].hops", "support[].of", "support[].kept", "flags[]", "candidates[]", "verdicts[]", "verdicts[].label"),
    *("ranking[]", "ranking[].candidate", "refined[]", "rationales[]", "rationales[].text", "rationales[].model"),
    *("prompt[]", "prompt[].role", "prompt[].content", "completion[]", "completion[].role", "completion[].content"),
    *("benchmark", "benchmark_id", "rule", "position", "published", "why", "chosen_length", "rejected_length"),
    *("study", "rater", "side", "content_hash", "text_hash", "version", "cannot_judge", "steps[]", "steps[].step"),
}
NEEDED: dict[str, tuple[str, ...]] = {
    "contamination": ("source", "id", "benchmark", "benchmark_id"),
    "positions": ("id", "position", "published"),
    "evidence": ("id", "mentions", "nodes", "candidate_paths"),
    **{name: tuple(CONFIGS[name].columns) for name in ("answers", REVIEWS, *LEARNING)},
}


def wrong_rows(folder: Path, manifest: Mapping[str, Any], *, built: bool = True) -> list[str]:
    """The faults of all data files that the manifest names, each with file, column, what was found and what was expected.

    ``built``: whether all columns of a row of `build` must be there; else only those that are there are checked.
    """
    by_config = files_by_config(manifest)
    files = [(config, name) for config, splits in by_config.items() for some in splits.values() for name in some]
    return [
        f"{name}: {line}"
        for config, name in dict.fromkeys(files)
        for line in _faults(folder / name, known_columns(config), needed_columns(config) if built else ())
    ]


def wrong_file(file: Path, config: str) -> list[str]:
    """The faults of one data file of a config, as in `wrong_rows`."""
    return list(_faults(file, known_columns(config), needed_columns(config)))


def known_columns(config: str) -> Mapping[str, Column]:
    """The columns that a row of this config may have."""
    if config in FORMS:
        return COLUMNS | OF_A_RATIONALE
    return CONFIGS[config].columns if config in CONFIGS else COLUMNS


def needed_columns(config: str) -> tuple[str, ...]:
    """The columns that a row of this config must have."""
    if config in ("default", ROWS, UNROLLED):
        return tuple(QUESTION)
    return NEEDED.get(config, ("id",))


def _faults(file: Path, known: Mapping[str, Column], needed: tuple[str, ...]) -> Iterator[str]:
    try:
        with pq.ParquetFile(file) as parquet:
            found = list(_wrong_columns(parquet.schema_arrow, known, needed))
            found = found or list(_wrong_metadata(parquet.schema_arrow))
            cells = Counter[str]() if found else _wrong_cells(parquet)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as why:  # the last: a column's name is no UTF-8
        yield f"cannot be read as parquet ({' '.join(str(why).split())[:200]}); expected a file of `build`"
        return
    yield from found
    yield from (f"{what} ({number} times)" for what, number in cells.items())


def _wrong_columns(schema: pa.Schema, known: Mapping[str, Column], needed: tuple[str, ...]) -> Iterator[str]:
    """Columns that are missing, are there twice, or have another type."""
    names = Counter(schema.names)
    yield from (f"column {name!r} is there {number} times; expected once" for name, number in names.items() if number > 1)  # fmt: skip
    yield from (f"found no column {name}; expected {known[name].type}" for name in needed if name not in names)
    for field in schema:
        if field.name in known:
            yield from _wrong_type(f"column {field.name}", field.type, known[field.name].type)
        else:
            yield from _wrong_further(f"column {field.name!r}", field.type)


def _wrong_metadata(schema: pa.Schema) -> Iterator[str]:
    """What the loader would read as something else than the columns are, since it goes by the file's metadata."""
    plain = Features.from_arrow_schema(schema.remove_metadata())
    try:
        read = Features.from_arrow_schema(schema)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as why:  # its parser checks nothing
        yield f"its metadata `huggingface` cannot be read ({type(why).__name__}); expected those of `build`"
        return
    if read != plain:
        yield f"its metadata `huggingface` says other types than its columns: {sorted(n for n in read if read[n] != plain.get(n))}"


def _wrong_type(where: str, found: pa.DataType, expected: Any) -> Iterator[str]:
    if isinstance(expected, str):
        if found != TYPES[expected]:
            yield f"{where}: found {found}; expected {expected}"
    elif isinstance(expected, list):
        if not isinstance(found, pa.ListType):
            yield f"{where}: found {found}; expected a list"
        else:
            yield from _wrong_type(f"{where}[]", found.value_type, expected[0])
    elif not isinstance(found, pa.StructType):
        yield f"{where}: found {found}; expected a struct of {', '.join(expected)}"
    else:
        fields = {field.name: field.type for field in found}
        if len(fields) < found.num_fields:
            yield f"{where}: found a field twice; expected each once"
        for name, kind in expected.items():
            if name in fields:
                yield from _wrong_type(f"{where}.{name}", fields[name], kind)
            elif name not in LATER:
                yield f"{where}: found no field {name}; expected {kind}"


def _wrong_further(where: str, found: pa.DataType, depth: int = 0) -> Iterator[str]:
    """The type of a column that this version does not know: it must be one that JSON has."""
    if depth > MAX_DEPTH:
        yield f"{where}: found lists or structs in each other, more than {MAX_DEPTH} deep"
    elif isinstance(found, pa.ListType):
        yield from _wrong_further(f"{where}[]", found.value_type, depth + 1)
    elif isinstance(found, pa.StructType):
        for field in found:
            yield from _wrong_further(f"{where}.{field.name}", field.type, depth + 1)
    elif found == TYPES[BYTES] or found not in TYPES.values():
        yield f"{where}: found {found}; expected {TEXT}, {INT}, {SCORE}, {FLAG}, lists or structs of them"


def _wrong_cells(parquet: pq.ParquetFile) -> Counter[str]:
    """Null and infinite cells: what is wrong, and how often. Raises ArrowInvalid for a text that is no UTF-8."""
    wrong = Counter[str]()
    for batch in batches_of(parquet):
        batch.validate(full=True)
        for name in batch.schema.names:
            for what, number in _of_cells(name, batch.column(name)):
                wrong[what] += number
    return wrong


def _of_cells(where: str, cells: pa.Array) -> Iterator[tuple[str, int]]:
    """Faults of the cells of a column or field, at any depth; a null has no cells in it."""
    if cells.null_count and where in FILLED:
        yield f"column {where}: found null; expected a value", cells.null_count
    if isinstance(cells, pa.ListArray):
        yield from _of_cells(f"{where}[]", cells.flatten())
    elif isinstance(cells, pa.StructArray):
        there = cells.filter(cells.is_valid()) if cells.null_count else cells
        for number, field in enumerate(cells.type):
            yield from _of_cells(f"{where}.{field.name}", there.field(number))
    elif pa.types.is_floating(cells.type) and not (finite := np.isfinite(cells.drop_null().to_numpy())).all():
        yield f"column {where}: found NaN or an infinite number; expected finite ones", int((~finite).sum())
