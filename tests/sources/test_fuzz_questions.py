"""Whatever stands in a source's file, it is refused with a message, or every row of it comes out: published or with a reason."""

import codecs
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataset_builder.sources.label_base import number_of
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.sources.raw_files import SourceError
from dataset_builder.sources.table import SOURCES

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("ABCDE") | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=8,
)
SLOWER = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# without PubMedQA, whose test ids stand in a second file; and one config is enough for MMLU's six
NAMES = [
    name for name, source in SOURCES.items() if not source.folder and not source.test_ids and len(source.configs) < 2
]


def write(folder: Path, name: str, content: bytes, zipped: bool = False) -> tuple[str, Path]:
    """The content as the file of a source's first split; returns the split and the data folder."""
    source = SOURCES[name]
    split = source.splits[0]
    path = folder / source.hub_id / "/".join(source.configs) / f"{split}.jsonl{'.gz' if zipped else ''}"
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.iterdir():
        old.unlink()
    path.write_bytes(gzip.compress(content) if zipped else content)
    return split, folder


def lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@SLOWER
def test_odd_values_in_any_column_reject_the_row_and_lose_none(tmp_path: Path, name: str, data: st.DataObject) -> None:
    columns = SOURCES[name].columns
    values = dict.fromkeys(columns, VALUES)
    if name == "medmcqa":  # a label beyond the last of the four options refuses the file: test_label_base.py
        values["cop"] = VALUES.filter(lambda value: number_of(value) != 4)
    rows = data.draw(st.lists(st.fixed_dictionaries(values), min_size=1, max_size=4))
    fixed = {"mmlu_pro_health": "health", "mmlu_pro_biology": "biology", "hle_medical": "Biology/Medicine"}
    rows = [row | ({"category": fixed[name]} if name in fixed else {}) for row in rows]
    made_from = {
        "graph": "sample",
        "graph_sha256": "0" * 64,
        "seed": 0,
    }  # one of a file, or it is refused: test_kg_questions.py
    rows = [row | made_from for row in rows] if name == "kg_questions" else rows
    split, folder = write(tmp_path, name, lines(rows))
    questions, (origin,) = read_questions([name], {name: split}, data_dir=folder)
    assert len(questions) == origin.rows == len(rows)
    assert [question["source_row"] for question in questions] == list(range(len(rows)))
    assert on_disk(questions).num_rows == len(rows)
    usable = [question for question in questions if question["rejected_because"] is None]
    assert len({question["id"] for question in usable}) == len(usable)
    assert all(question["question"] and question["answer"] for question in usable)


ROW = {
    "question": "What relieves gout?",
    "options": {"A": "Aspirin", "B": "Colchicine"},
    "answer": "Colchicine",
    "answer_idx": "B",
}


@given(cut=st.floats(0, 1), noise=st.binary(max_size=8), count=st.integers(1, 5), zipped=st.booleans())
@SLOWER
def test_a_damaged_file_is_refused_or_gives_every_line(
    tmp_path: Path, cut: float, noise: bytes, count: int, zipped: bool
) -> None:
    content = lines([ROW | {"question": f"Question {i}?"} for i in range(count)])
    place = int(cut * len(content))
    damaged = content[:place] + noise + content[place:]
    split, folder = write(tmp_path, "medqa", damaged, zipped)
    try:
        questions, _ = read_questions(["medqa"], {"medqa": split}, data_dir=folder)
    except SourceError as why:
        assert "train.jsonl" in str(why)
    else:
        assert len(questions) == sum(bool(line.removeprefix(codecs.BOM_UTF8).strip()) for line in damaged.split(b"\n"))


@given(content=st.binary(max_size=120), zipped=st.booleans())
@SLOWER
def test_any_bytes_are_refused(tmp_path: Path, content: bytes, zipped: bool) -> None:
    split, folder = write(tmp_path, "medqa", content, zipped)
    with pytest.raises(SourceError, match=r"train\.jsonl"):
        read_questions(["medqa"], {"medqa": split}, data_dir=folder)
