"""The questions of the chosen sources, with ids, as one table on disk.

Unusable rows and exact repeats are rejected, none is dropped.
"""

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.row import QUESTION, features, normalize, row_id
from dataset_builder.sources.packed_rows import PackedRows
from dataset_builder.sources.plain_text import seen_key, shown
from dataset_builder.sources.raw_files import SourceError, sha256
from dataset_builder.sources.raw_splits import RawRow, read_split, splits_in
from dataset_builder.sources.table import SOURCES, UNPINNED, expect_known

if TYPE_CHECKING:
    from datasets import Dataset

# The reasons with which a row of an evaluation split is asked, and scored, all the same: as in every published score
BATCH = 1000  # questions that are written together
ASKED = (None, "duplicate", "gold_twice")


@dataclass(frozen=True)
class Origin:
    """Which split of which source was read, from where, and how many rows of it are in the build."""

    source: str
    split: str
    trial: bool  # an evaluation split: such a build must never be training data
    hub_id: str
    configs: tuple[str, ...]
    revision: str
    pinned: bool  # a rebuild reads the same rows: the record names a revision, or the files' checksums are kept
    license: str
    terms: str
    may_be_pushed: bool
    url: str
    files: dict[str, str]
    rows_in_split: int
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """The fields, for the manifest."""
        return asdict(self)


def read_questions(
    names: Sequence[str],
    splits: Mapping[str, str] | None = None,
    *,
    data_dir: Path | None = None,
    rows: int | None = None,
    mark_repeats: bool = True,
) -> tuple[Sequence[dict[str, Any]], list[Origin]]:
    """All questions of these sources (their train splits, unless ``splits`` names another), at most ``rows`` of each.

    In the fixed order of SOURCES, whatever the order of ``names``, so that of repeated questions always the same one is kept.
    ``mark_repeats``: a question that was read before is rejected. Raises SourceError for an unknown name or an invalid file.
    """
    splits = splits or {}
    names = [expect_known("source", name, SOURCES) for name in names]
    if stray := [name for name in splits if name not in names]:
        raise SourceError(
            f"a split is given for {', '.join(stray)}, which is not among the sources {', '.join(names)}"
        )
    questions, kept, origins = PackedRows(), {}, []
    for name in (name for name in SOURCES if name in names):
        source, split = SOURCES[name], splits.get(name) or _train_split(name)
        raw, before = read_split(name, split, data_dir), len(questions)
        for row in itertools.islice(raw.rows, rows):
            row = _question(name, split, row)
            questions.append(_unrepeated(row, questions, kept) if mark_repeats else row)
        origins.append(
            Origin(
                source=name,
                split=split,
                trial=split == source.test,
                hub_id=source.hub_id,
                configs=source.configs,
                revision=raw.revision,
                pinned=bool(raw.files) or source.revision != UNPINNED,
                license=source.license,
                terms=source.terms,
                may_be_pushed=source.may_be_pushed,
                url=source.page,
                files=raw.files,
                rows_in_split=len(raw.rows),
                rows=len(questions) - before,
            )
        )
    return questions, origins


def count_questions(data_dir: Path) -> str:
    """A Markdown table of every split that has a file in this folder.

    Each is read alone, so only repeats inside it are found.
    """
    if not (splits := splits_in(data_dir)):
        raise SourceError(
            f"{data_dir}: found no file of any source, expected {data_dir}/<Hub id>/[config/]<split>.jsonl[.gz]|.parquet"
        )
    lines = ["| source | split | rows | answer type | usable | rejected |", "|---|---|---:|---|---:|---|"]
    for name, split in splits:
        questions, _ = read_questions([name], {name: split}, data_dir=data_dir)
        types = Counter(row["answer_type"] for row in questions)
        reasons = Counter(row["rejected_because"] for row in questions)
        cells = (name, split, len(questions), _counted(types), reasons.pop(None, 0), _counted(reasons))
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _counted(counter: Counter[str]) -> str:
    """The most frequent first: ``78 duplicate, 3 no_answer``."""
    return ", ".join(f"{number} {name}" for name, number in counter.most_common())


def on_disk(questions: Sequence[Mapping[str, Any]]) -> "Dataset":
    """The questions as a memory-mapped Dataset.

    `datasets.map` caches its results beside the file, which is named by content.
    """
    import pyarrow as pa
    from datasets import Dataset, config

    folder = Path(config.HF_DATASETS_CACHE) / "medreason"
    folder.mkdir(parents=True, exist_ok=True)
    schema, rest = features(list(QUESTION)).arrow_schema, iter(questions)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        with pa.ipc.new_stream(file, schema) as writer:
            while some := list(itertools.islice(rest, BATCH)):
                writer.write_table(pa.Table.from_pylist(some, schema=schema))
        file.flush()
        key = sha256(Path(file.name))[:32]
        path = folder / key / "questions.arrow"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            os.link(file.name, draft)
            draft.replace(path)
    rows = Dataset.from_file(str(path))
    rows._fingerprint = key  # the hash of the content: the default one would change with every copy of the file
    return rows


def _train_split(name: str) -> str:
    """The train split. Raises SourceError for a source that is for evaluation only."""
    source = SOURCES[name]
    if source.train is None:
        raise SourceError(
            f"{name} has no train split: all of its answers are in its evaluation split {source.test!r}. "
            f"It can only be used in a trial; for that, add --split {name}={source.test}"
        )
    return source.train


def _question(name: str, split: str, raw: RawRow) -> dict[str, Any]:
    """A source's row with id, provenance and, where it cannot be used, the reason."""
    source = SOURCES[name]
    row = source.to_row(raw.values)
    code, detail = row.get("rejected_because"), row.get("rejected_detail")
    if code is None:
        code, detail = unusable(row) or (None, None)
    return row | {
        "id": row_id(name, raw.config, row),
        "source": name,
        "config": raw.config,
        "split": split,
        "source_row": raw.number,
        "license": source.license,
        "rejected_because": code,
        "rejected_detail": detail,
    }


def unusable(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a readable row cannot be used: reason code and what was found. Nothing is repaired."""
    texts = {option["label"]: option["text"] for option in row["options"]}
    if not row["question"]:
        return "empty_question", "the question has no text"
    if row["answer_type"] == "choice" and len(texts) < 2:
        return "no_options", f"found {len(texts)} options, expected at least 2"
    if empty := [label for label, text in texts.items() if not text]:
        return "no_options", f"option {', '.join(empty)} has no text"
    if not row["answer"]:
        seen = row.get("rejected_detail")  # what the source gives instead, where the layout knows it
        return "no_answer", seen or f"the gold answer has no text (label {row['answer_label']!r})"
    if row["answer_type"] == "open":
        return None
    gold = texts.get(row["answer_label"])
    if gold is None or normalize(gold) != normalize(row["answer"]):
        return "gold_outside_options", f"label {row['answer_label']!r}, answer {row['answer']!r}, options {texts}"
    seen = shown(gold)
    if len(same := [label for label, text in texts.items() if shown(text) == seen]) > 1:
        return (
            "gold_twice",
            f"options {', '.join(same)} are the same text {gold!r:.80}, and {row['answer_label']} is gold",
        )
    return None


def _unrepeated(row: dict[str, Any], earlier: Sequence[Mapping[str, Any]], kept: dict[int, int]) -> dict[str, Any]:
    """The row; rejected if it is usable and asks exactly what an earlier one asks, inside a source or across sources.

    ``kept``: the positions of usable rows, by the number that their key is in hex.
    """
    if row["rejected_because"] is not None:
        return row
    at = kept.setdefault(int(seen_key(row), 16), len(earlier))
    if at < len(earlier):
        first = earlier[at]
        place = (first["source"], first["config"], first["split"])
        where = f"{' '.join(part for part in place if part)}, row {first['source_row']}"
        row |= {"rejected_because": "duplicate", "rejected_detail": f"repeats {first['id']} ({where})"}
    return row
