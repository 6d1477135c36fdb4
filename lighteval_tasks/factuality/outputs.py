"""Read a model's outputs: the folder of a run, a parquet file of lighteval's details, or a table of rows with an id and a text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataset_builder.sources.raw_files import SUFFIXES, SourceError, read_local
from lighteval_tasks.factuality.claims import Output
from lighteval_tasks.items import item_and_order
from lighteval_tasks.outcomes import DETAILS, newest_details

OUTPUTS = ("output", "model_outputs", "response", "completion", "text")  # the usual columns, the first that is there
IDS = ("id", "question_id", "item_id")
QUESTIONS = ("question", "query", "prompt")
OF_DETAILS = {"doc", "model_response"}  # the columns of lighteval's details


@dataclass(frozen=True)
class Columns:
    """The columns of a table that hold output, id and question; None: the usual ones."""

    output: str | None = None
    id: str | None = None
    question: str | None = None


def read_outputs(place: Path, columns: Columns = Columns()) -> dict[str, list[Output]]:
    """The outputs of each task, by its name; of a table, by the file's. Raises SourceError where they cannot be read."""
    if place.is_dir():
        return {task: _outputs(path, columns) for task, path in newest_details(place).items()}
    if not place.is_file():
        raise SourceError(
            f"found no {place}; expected the folder of a run (`make score`), a parquet file of lighteval's details, or a table of outputs "
            f"with the ending {', '.join(SUFFIXES)}"
        )
    details = DETAILS.fullmatch(place.name)
    return {details["task"] if details else _stem(place): _outputs(place, columns)}


def _stem(place: Path) -> str:
    ending = max((suffix for suffix in SUFFIXES if place.name.endswith(suffix)), key=len, default=None)
    if ending is None:
        raise SourceError(f"found {place}; expected outputs in a file with the ending {', '.join(SUFFIXES)}")
    return place.name.removesuffix(ending)


def _outputs(path: Path, columns: Columns) -> list[Output]:
    rows = read_local(path.parent, _stem(path), path.parent).rows
    if set(rows[0]) >= OF_DETAILS:
        every = [_of_details(row, f"{path}, row {number}") for number, row in enumerate(rows, 1)]
        # outputs to another order of an item's options (`score --orders`) are no new items: those to the published one are read
        found = [one for one in every if item_and_order(one.id)[1] == 0]
    else:
        found = _of_table(rows, path, columns)
    if twice := [id for id, times in Counter(one.id for one in found).items() if times > 1]:
        raise SourceError(
            f"{path}: found {len(twice)} ids more than once, such as {twice[0]!r}; expected one output for each id. "
            "Give the outputs of one task and one sample, or the column with unique ids: --id-column NAME"
        )
    return found


def _of_details(row: Mapping[str, Any], place: str) -> Output:
    doc, texts = row["doc"], row["model_response"]["text"]
    if len(texts) != 1:
        raise SourceError(
            f"{place}: found {len(texts)} outputs of one item; expected one. Run the task with one sample"
        )
    item = (doc.get("specific") or {}).get("id") or doc.get("id")
    if not item:
        raise SourceError(f"{place}: found no id in doc.specific.id or doc.id; expected the item's id")
    return Output(str(item), texts[0] or "", doc.get("query") or "")


def _of_table(rows: Sequence[Mapping[str, Any]], path: Path, columns: Columns) -> list[Output]:
    there = list(dict.fromkeys(name for row in rows[:100] for name in row))
    text = _column(there, columns.output, OUTPUTS, "--output-column", path)
    item = _column(there, columns.id, IDS, "--id-column", path)
    asked = columns.question or next((name for name in QUESTIONS if name in there), None)
    if asked and asked not in there:
        raise SourceError(
            f"{path}: found no column {asked!r} (--question-column); found the columns {', '.join(there)}"
        )
    found = []
    for number, row in enumerate(rows, 1):
        name, question = row.get(item), row.get(asked) if asked else None
        if name is None:
            raise SourceError(f"{path}, row {number}: found no {item}; expected the id of the item")
        output = _text(row.get(text), f"{path}, row {number}, {text}")
        found.append(Output(str(name), output, question if isinstance(question, str) else ""))
    return found


def _text(value: Any, place: str) -> str:
    """The text of an output: a text, a list of one, or nothing (null, []), which is a model that has not answered."""
    one = value[0] if isinstance(value, list) and len(value) == 1 else value or ""
    if not isinstance(one, str):
        raise SourceError(
            f"{place}: found {type(value).__name__} {str(value)[:60]!r}; expected the text of one output, or null where the model has not answered"
        )
    return one


def _column(there: Sequence[str], named: str | None, usual: Sequence[str], option: str, path: Path) -> str:
    found = next((name for name in ((named,) if named else usual) if name in there), None)
    if found is None:
        expected = repr(named) if named else f"one of {', '.join(usual)}"
        raise SourceError(
            f"{path}: found the columns {', '.join(there)}; expected {expected}. Name the column: {option} NAME"
        )
    return found
