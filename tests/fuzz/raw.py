"""Raw question files of every source as JSONL, through all that reads their rows. Seeds: tests/fixtures/sources, and the sample."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from dataset_builder.contamination.overlap import matches
from dataset_builder.row import QUESTION, features
from dataset_builder.sources.questions import count_questions, read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES
from lighteval_tasks.items import read_items
from tests.fuzz.border import Border

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sources"
NAMES = [name for name, source in SOURCES.items() if not source.folder]
TEST_IDS = "pqa_labeled/test_ids.json"


def seeds() -> Sequence[bytes]:
    """The fixture of every source."""
    return [fixture(name) for name in NAMES]


def fixture(name: str) -> bytes:
    """The fixture of a source, with the rows of those that are parts of the same file."""
    if not name.startswith("mmlu_pro"):
        return (FIXTURES / f"{name}.jsonl").read_bytes()
    return b"".join((FIXTURES / f"mmlu_pro_{part}.jsonl").read_bytes() for part in ("health", "biology"))


def read(data: bytes, folder: Path) -> None:
    """Read a file as the sources whose columns it has most of, plain and zipped."""
    for number, name in enumerate(sources_of(data)):
        read_as(name, gzip.compress(data, 1) if number else data, ".jsonl.gz" if number else ".jsonl", folder)


def sources_of(data: bytes) -> list[str]:
    """At most two sources with most of their columns in the content; the layouts of several are equal."""
    found = {name: _columns_in(data, name) for name in NAMES}
    best = max(found.values())
    alike = [name for name, share in found.items() if share == best]
    turn = len(data) % len(alike)
    return (alike[turn:] + alike[:turn])[:2]


def _columns_in(data: bytes, name: str) -> float:
    columns = [
        *SOURCES[name].columns,
        *(["graph_sha256"] if SOURCES[name].made_from else []),
    ]  # else it is MedQA's layout
    return sum(f'"{column}"'.encode() in data for column in columns) / len(columns)


def read_as(name: str, data: bytes, ending: str, folder: Path) -> None:
    """Read a file as the first split of this source: its questions, as a table, compared, counted, and as items to score."""
    source = SOURCES[name]
    split, own = source.splits[0], folder / name
    for config in source.configs or ("",):
        place = own / source.hub_id / config
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob(f"{split}.*"):
            old.unlink()
        (place / f"{split}{ending}").write_bytes(data)
    if source.test_ids:
        ids = own / source.hub_id / source.test_ids.file
        ids.parent.mkdir(parents=True, exist_ok=True)
        ids.write_text(json.dumps([102, 103]), "utf-8")
    questions, (origin,) = read_questions([name], {name: split}, data_dir=own)
    assert len(questions) == origin.rows, "a row was lost"
    assert all(row["rejected_because"] is None or row["rejected_detail"] for row in questions), (
        "a row without a reason"
    )
    pa.Table.from_pylist(questions, schema=features(list(QUESTION)).arrow_schema)
    json.dumps(list(questions), ensure_ascii=False).encode()
    matches([row for row in questions if row["rejected_because"] is None], questions)
    count_questions(own)
    if source.test == split:
        read_items(name, own)


BORDER = Border("raw", "jsonl", seeds, read, (SourceError,))
