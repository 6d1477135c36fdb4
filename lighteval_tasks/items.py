"""The items of every task: the multiple-choice questions of a source's test split, as a folder that lighteval can load.

Items are read by the readers of `SOURCES`, from the Hub at the pinned revision or from $MEDICAL_DATA_DIR. So ids, official test
splits and filters are those of the datasets that we build. lighteval passes the name in a task to `load_dataset`. Therefore the
items of a task are written once to a folder of the datasets cache, which is named by a hash of their content. `items.json` beside
them has every id, their number, and how many rows were left out for which reason.
"""

import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from datasets import config

from dataset_builder.prompt import question_of, render
from dataset_builder.row import features
from dataset_builder.sources.questions import ASKED, read_questions
from dataset_builder.sources.table import SOURCES
from lighteval_tasks.prompts import LETTERED

COLUMNS = ("id", "source", "config", "question", "context", "options", "answer_label", "answer_type")
TASKS = tuple(name for name, source in SOURCES.items() if source.test)


def parts_of(source: str) -> tuple[str, ...]:
    """The configs of a source that have a task of their own: all, if it has several."""
    configs = SOURCES[source].configs
    return configs if len(configs) > 1 else ()


@dataclass(frozen=True)
class Items:
    """The items of one source, their origin, and the number of rows of its test split that are no items, by reason."""

    source: str
    rows: list[dict[str, Any]]
    revision: str
    files: dict[str, str]
    left_out: dict[str, int]

    @property
    def ids(self) -> list[str]:
        """The id of every item, in the order of the source."""
        return [row["id"] for row in self.rows]


def data_dir() -> Path | None:
    """The folder $MEDICAL_DATA_DIR, in the Hub's layout; None: read from the Hub."""
    folder = os.environ.get("MEDICAL_DATA_DIR")
    return Path(folder) if folder else None


def read_items(name: str, folder: Path | None = None) -> Items:
    """All items of a source's test split, in its order. Raises SourceError where the split cannot be read.

    A question that repeats an earlier one is kept, as in every published score; its id ends in ``~2``. So is one whose gold answer is
    two options. Open questions, which have no options, and other unusable rows (`questions.unusable`) are left out.
    """
    split = SOURCES[name].test
    assert split is not None, f"{name} has no test split"
    questions, (origin,) = read_questions([name], {name: split}, data_dir=folder)
    rows, left_out, seen = [], Counter[str](), Counter[str]()
    for question in questions:
        reason = question["rejected_because"]
        if reason not in ASKED:
            left_out[reason] += 1
        elif question["answer_type"] == "open":
            left_out["open_question"] += 1
        else:
            seen[question["id"]] += 1
            row = {column: question[column] for column in COLUMNS}
            rows.append(row | {"id": repeated(row["id"], seen[row["id"]])})
    return Items(name, rows, origin.revision, origin.files, dict(left_out))


def ask(item: Mapping[str, Any], prompt: str) -> str:
    """The text of an item in one of the evaluation prompts (prompts.py). ``prompt``: the name of its file."""
    shown = question_of(item)
    if prompt in LETTERED:
        shown["answer_type"] = "choice"
    return render(prompt, **shown)


def repeated(item: str, number: int) -> str:
    """The id of the ``number``-th occurrence of a question in its split."""
    return item if number == 1 else f"{item}~{number}"


def question_id(item: str) -> str:
    """The id of the question of an item (`row.row_id`), without the number of the occurrence."""
    return item.partition("~")[0]


def prepare(name: str, part: str | None = None) -> Path:
    """The folder with the items of a source, or of one of its configs, for `load_dataset`; written if it does not exist."""
    items = read_items(name, data_dir())
    rows = [row for row in items.rows if part is None or row["config"] == part]
    table = pa.Table.from_pylist(rows, schema=features(COLUMNS).arrow_schema)
    ids = [row["id"] for row in rows]
    about = {
        "source": name,
        "config": part,
        "hub_id": SOURCES[name].hub_id,
        "revision": items.revision,
        "files": items.files,
        "items": len(ids),
        "left_out": items.left_out,
        "ids": ids,
    }
    content = json.dumps([about, rows], sort_keys=True, ensure_ascii=False)
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    folder = Path(config.HF_DATASETS_CACHE) / "medreason" / "items" / f"{part or name}-{key}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=folder.parent))
        pyarrow.parquet.write_table(table, new / "test.parquet")
        (new / "items.json").write_text(json.dumps(about, indent=1, ensure_ascii=False), "utf-8")
        try:
            new.rename(folder)
        except OSError:  # another process was first, with the same content
            (new / "test.parquet").unlink()
            (new / "items.json").unlink()
            new.rmdir()
    return folder
