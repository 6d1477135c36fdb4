"""The items of every task: the multiple-choice questions of a source's test split, as a folder that lighteval can load.

Items are read by the readers of `SOURCES`, from the Hub at the pinned revision or from $MEDICAL_DATA_DIR. So ids, official test
splits and filters are those of the datasets that we build. lighteval passes the name in a task to `load_dataset`. Therefore the
items of a task are written once to a folder of the datasets cache, which is named by a hash of their content. `items.json` beside
them has every id, their number, and how many rows were left out for which reason.
"""

import hashlib
import json
import os
import random
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from datasets import config

from dataset_builder.prompt import question_of, render
from dataset_builder.row import features
from dataset_builder.sources.option_order import fixed_because, permutations, reordered
from dataset_builder.sources.questions import ASKED, read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES
from lighteval_tasks.prompts import LETTERED

COLUMNS = ("id", "source", "config", "question", "context", "options", "answer_label", "answer_type")
# the id of an output whose options stood in another order than the published one
IN_ANOTHER_ORDER = re.compile(r"(.*)@([1-9]\d*)", re.DOTALL)
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


def question_id(output: str) -> str:
    """The id of the question of an item (`row.row_id`), without the numbers of the occurrence and of the order of the options."""
    return item_and_order(output)[0].partition("~")[0]


def in_order(item: str, order: int) -> str:
    """The id of an item that is asked with its options in its ``order``-th order; 0 is the published one."""
    return f"{item}@{order}" if order else item


def item_and_order(output: str) -> tuple[str, int]:
    """The id of the item that an output answers, and the number of the order in which its options stood."""
    found = IN_ANOTHER_ORDER.fullmatch(output)
    return (found[1], int(found[2])) if found else (output, 0)


def in_orders(item: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    """The item with its options in ``number`` orders, the published one first; in this one alone where a text refers to it.

    The orders are drawn from the item's id, so they are the same for every model and on every machine. An item with few options has
    few orders.
    """
    if fixed_because(item):
        return [dict(item)]
    orders = permutations(item["id"], len(item["options"]), number)
    return [reordered(item, order) | {"id": in_order(item["id"], at)} for at, order in enumerate(orders)]


def limited(rows: Sequence[dict[str, Any]], limit: int | None) -> list[dict[str, Any]]:
    """At most so many items, the same that lighteval's `--max-samples` draws (`LightevalTask.get_docs`); None: all.

    With several orders lighteval would count outputs, and draw some orders of an item without the others.
    """
    drawn = list(rows)
    if limit is not None:
        random.Random(42).shuffle(drawn)
    return drawn[:limit]


def setting(name: str) -> int | None:
    """The whole number above 0 in an environment variable; None where it is not set. Raises SourceError for anything else."""
    found = os.environ.get(name, "")
    if found and not (found.isdecimal() and int(found) > 0):
        raise SourceError(
            f"${name}: found {found!r}, expected a whole number above 0; `score --orders` and `--limit` set it"
        )
    return int(found) if found else None


def prepare(name: str, part: str | None = None) -> Path:
    """The folder with the items of a source, or of one of its configs, for `load_dataset`; written if it does not exist."""
    items = read_items(name, data_dir())
    rows = [row for row in items.rows if part is None or row["config"] == part]
    number, limit = setting("MEDICAL_ORDERS") or 1, setting("MEDICAL_LIMIT")
    if number > 1:
        rows = [one for row in limited(rows, limit) for one in in_orders(row, number)]
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
    about |= {"orders": number, "limit": limit} if number > 1 else {}
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
