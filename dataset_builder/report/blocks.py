"""The rows of a dataset folder as blocks: JSON, compressed, in base64, decoded by the browser when needed.

30,000 rows are 60 MB of text or more; compressed they are a fifth of it, and base64 contains no character that is special in HTML.
Blocks are elements of the page or, where the rows are many, files beside it (block_files.py).
"""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dataset_builder.prompt import direction_of, relations_of
from dataset_builder.publishing.layout import batches_of
from dataset_builder.report.marks import mentions_of, rationales_of, samples_of
from dataset_builder.report.provenance import provenance_of
from dataset_builder.report.row_facts import RowFacts, facts_of

ROWS_IN_BLOCK = 250
NOT_SHOWN = ("prompt", "completion", "candidate_paths")
TITLE = 190  # characters: two lines on a wide screen
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=\S)")
ABOUT = ("source", "config", "split", "source_row", "license", "rejected_detail", "context", "restated", "flags")
Row = dict[str, Any]


@dataclass
class Written:
    """The facts about all rows that are collected while the blocks are written."""

    rows: list[RowFacts] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)  # hops, of every published path
    totals: list[int] = field(default_factory=list)  # number of shortest paths of its pair, of every published path


def write_blocks(files: Sequence[Path], put: Callable[[str, bytes], Any]) -> Written:
    """Give the rows of these parquet files, in their order, to ``put`` as blocks: the name of each, and its packed content."""
    written = Written()
    for number, rows in enumerate(_batches(files)):
        for row in rows:
            written.rows.append(facts_of(row))
            for path in (row.get("paths") or ()) if row["rejected_because"] is None else ():
                written.lengths.append(path["length"])
                written.totals.append(path["total"])
        put(f"questions-{number}", packed([question_of(row) for row in rows]))
        put(f"details-{number}", packed([details_of(row) for row in rows]))
    return written


def packed(value: Any) -> bytes:
    """A value as JSON in gzip in base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(text, 5, mtime=0))


def element(name: str, content: bytes) -> bytes:
    """A packed value as a script element that browsers do not run: it is base64, so no text of a row can close it."""
    return b'<script type="application/gzip" id="%b">%b</script>\n' % (name.encode(), content)


def question_of(row: Row) -> Row:
    """The part of a row that the list shows, and that a search reads first. Its title is left out where it is the whole question."""
    options = [[option["label"], option["text"]] for option in row["options"] or ()]
    title = title_of(row["question"])
    known = {name: row[name] for name in ("id", "question", "answer", "answer_label")} | {"options": options}
    return known if title == row["question"] else known | {"title": title}


def details_of(row: Row) -> Row:
    """The other parts of a row, which are shown when it is opened."""
    details = {name: row[name] for name in ABOUT if row.get(name) is not None}
    more = {
        "explanation": row["gold_text"] if row["gold_text"] != row["answer"] else None,
        "reference": row["reference_rationale"],
        "mentions": mentions_of(row),
        "paths": [path_of(path) for path in row.get("paths") or ()],
        "rationales": rationales_of(row),
        "samples": samples_of(row),
    }
    return details | {name: value for name, value in more.items() if value}


def path_of(path: Mapping[str, Any]) -> Row:
    """A path with one label and one direction per hop, where its relations come from, and its relevance where it has one."""
    hops = [
        {"label": relations_of(hop), "way": direction_of(hop), "says": "; ".join(r["statement"] for r in hop)}
        | ({"from": origins} if (origins := provenance_of(hop)) else {})
        for hop in path["hops"]
    ]
    known = {"relevance": path["relevance"]} if path.get("relevance") is not None else {}
    return {name: path[name] for name in ("nodes", "names", "types", "total", "score")} | known | {"hops": hops}


def _batches(files: Sequence[Path]) -> Iterator[list[Row]]:
    """The rows in blocks, across files, all but the last full: the page finds a row's block by its position."""
    waiting: list[Row] = []
    for file in files:
        parquet = pq.ParquetFile(file)
        columns = [name for name in parquet.schema_arrow.names if name not in NOT_SHOWN]
        for batch in batches_of(parquet, ROWS_IN_BLOCK, columns):
            waiting += batch.to_pylist()
            while len(waiting) >= ROWS_IN_BLOCK:
                yield waiting[:ROWS_IN_BLOCK]
                del waiting[:ROWS_IN_BLOCK]
    if waiting:
        yield waiting


def title_of(question: str | None) -> str:
    """Beginning and last sentence: a long case is recognised by its beginning, a question by its last sentence."""
    line = " ".join((question or "").split())
    asked = SENTENCE_END.split(line)[-1]
    if len(line) <= TITLE or len(asked) > TITLE - 40:
        return _cut(line, TITLE)
    return f"{line[: TITLE - len(asked) - 3].rsplit(' ', 1)[0]} … {asked}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
