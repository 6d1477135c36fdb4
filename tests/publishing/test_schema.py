"""What a stranger writes into a folder is named by file and field, by every reader, before anything is computed from it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.publishing.schema.card_text import expect_plain
from dataset_builder.publishing.schema.json_text import MAX_BYTES, parse_json
from dataset_builder.publishing.schema.manifest import wrong_fields
from tests.support.tiny_folders import READERS, REFUSALS, mend, write_folders

TRAIN = "data/train-00000-of-00001.parquet"
OLD = Path(__file__).parents[1] / "fixtures" / "format_1"
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_folders(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(folders: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(folders["paths"], tmp_path / "paths")


@pytest.fixture(scope="module")
def content(folders: dict[str, Path]) -> str:
    return (folders["paths"] / "manifest.json").read_text("utf-8")


def refusals(folder: Path, whole: Path, scratch: Path) -> Iterator[str]:
    """What each reader says; an empty text where it reads the folder."""
    for reader in READERS.values():
        try:
            reader(folder, whole, scratch)
            yield ""
        except REFUSALS as why:
            yield str(why)


@pytest.mark.slow
def test_what_build_writes_is_read_by_all(folders: dict[str, Path], tmp_path: Path) -> None:
    for folder in folders.values():
        assert list(refusals(folder, folders["paths"], tmp_path)) == [""] * len(READERS)


@pytest.mark.parametrize("name", ["kg_only", "medreason"])
def test_what_an_earlier_version_wrote_is_valid(name: str) -> None:
    assert wrong_fields(parse_json((OLD / name / "manifest.json").read_bytes())) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["funnel"]["sample"].update({"in": "many"}), "funnel.sample.in: found 'many'; expected an integer"),
        (lambda m: m["funnel"]["sample"].pop("in"), "funnel.sample: found {'no_path': 1, 'published': 2}; expected also in"),
        (lambda m: m["run"]["stages"][0].update(calls=None), "run.stages[0].calls: found None; expected an object"),
        (lambda m: m["run"]["stages"][0].update(seconds=True), "run.stages[0].seconds: found True; expected a number"),
        (lambda m: m["rows"].update(train=-1), "rows.train: found -1; expected a number greater than or equal to 0"),
        (lambda m: m["origins"].append(m["origins"][0]), "expected every source once"),
        (lambda m: m.update(origins={}), "origins: found {}; expected a list"),
        (lambda m: m["files"].update({TRAIN: "x"}), f"files.{TRAIN}: found 'x'; expected 64 hexadecimal digits"),
        (lambda m: m["columns"].update({"": "string"}), "columns.'': found ''; expected a text that is not empty"),
        (lambda m: m.update(graph=[]), "graph: found []; expected an object"),
        (lambda m: m.update(rows={}), "rows: found none; expected the number of rows of train or rejected"),
        (lambda m: m.update(rows={"../x": 1}), "rows: found '../x'; expected only train, rejected"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_by_every_reader(
    folder: Path, folders: dict[str, Path], tmp_path: Path, content: str, change: Change, message: str
) -> None:
    manifest = json.loads(content)
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for said in refusals(folder, folders["paths"], tmp_path):
        assert f"manifest.json: {message}" in said or (message in said and "every source" in message), said


WHOLE = {"part": 1, "of": 3, "rows": 9, "ids": "0" * 64}


@pytest.mark.parametrize(
    ("shard", "message"),
    [
        (None, "shard: found None; expected an object"),
        ([1, 3], "shard: found [1, 3]; expected an object"),
        ({}, "shard.part: found nothing; expected this field"),
        (WHOLE | {"part": 4}, "expected part from 1 to of"),
        (WHOLE | {"part": 0}, "shard.part: found 0; expected a number greater than or equal to 1"),
        (WHOLE | {"part": "1"}, "shard.part: found '1'; expected an integer"),
        (WHOLE | {"part": True}, "shard.part: found True; expected an integer"),
        (WHOLE | {"of": 10**9}, "shard.of: found 1000000000; expected a number less than or equal to 10000"),
        (WHOLE | {"rows": -1}, "shard.rows: found -1; expected a number greater than or equal to 0"),
        (WHOLE | {"ids": "x"}, "shard.ids: found 'x'; expected 64 hexadecimal digits"),
    ],
)
def test_what_a_part_says_of_the_whole_is_checked(content: str, shard: Any, message: str) -> None:
    assert wrong_fields(json.loads(content) | {"shard": WHOLE}) == []
    assert message in "\n".join(wrong_fields(json.loads(content) | {"shard": shard}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 100_000, "more than 50 deep"),
        (b"[" * 60 + b"]" * 60, "more than 50 deep"),
        (b'{"a": NaN}', "found NaN; expected finite numbers"),
        (b'{"a": -Infinity}', "found -Infinity"),
        (b'{"a": 1e999}', "found the number 1e999"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "expected numbers below 2\\^63"),
        (b'{"a": 1, "a": 2}', "found the name 'a' twice"),
        (b'{"a": "\\ud800"}', "found half a character"),
        (b'{"\\ud800": 1}', "found half a character"),
        (b"\xff", "codec can't decode"),
        (b" " * (MAX_BYTES + 1), "expected at most"),
    ],
)
def test_json_that_only_some_parsers_take(text: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_json(text)


def _column(name: str, cells: Any) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.schema.get_field_index(name), name, cells)


NAN = pa.array([float("nan"), 0.5])
NULLS = pa.array([None, "a"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_column("id", pa.array([1, 2])), "column id: found int64; expected string"),
        (_column("question", pa.array([["a"], ["b"]])), "column question: found list<element: string>; expected string"),
        (_column("options", pa.array(["a", "b"])), "column options: found string; expected a list"),
        (_column("question", NULLS), "column question: found null; expected a value (1 times)"),
        (_column("support_share", NAN), "column support_share: found NaN or an infinite number"),
        (lambda table: table.append_column("x", pa.array([b"a", b"b"])), "column 'x': found binary"),
        (lambda table: table.append_column("id", table["id"]), "column 'id' is there 2 times; expected once"),
    ],
)  # fmt: skip
def test_rows_of_other_types_are_named_by_every_reader(
    folder: Path, folders: dict[str, Path], tmp_path: Path, change: Callable[[pa.Table], pa.Table], message: str
) -> None:
    pq.write_table(change(pq.read_table(folder / TRAIN).replace_schema_metadata()), folder / TRAIN)
    card = (folder / "README.md").read_text("utf-8")
    (folder / "README.md").write_text(
        f"---\nconfigs:{card.partition('configs:')[2].partition('dataset_info:')[0]}---\n"
    )
    mend(folder, types=True)
    for said in refusals(folder, folders["paths"], tmp_path):
        assert f"{TRAIN}: {message}" in said, said


@pytest.mark.slow
def test_a_data_file_that_is_cut_is_named(folder: Path, folders: dict[str, Path], tmp_path: Path) -> None:
    (folder / TRAIN).write_bytes((folder / TRAIN).read_bytes()[:-100])
    mend(folder, types=False)
    for said in refusals(folder, folders["paths"], tmp_path):
        assert f"{TRAIN}: cannot be read as parquet" in said, said


@pytest.mark.slow
def test_a_missing_column_is_named_where_rows_of_a_build_are_needed(folder: Path, folders: dict[str, Path]) -> None:
    pq.write_table(pq.read_table(folder / TRAIN).drop_columns("gold_text").replace_schema_metadata(), folder / TRAIN)
    mend(folder, types=True)
    with pytest.raises(REFUSALS, match="found no column gold_text; expected string"):
        READERS["report"](folder, folders["paths"], folder.parent)


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "it has the alias \\*a"),
        (f"a: {'[' * 60}{']' * 60}", "more than 50 deep"),
        (f"a: {'x' * 60_000}", "it has 60,003 characters; at most 50,000 are read"),
    ],
)
def test_yaml_that_makes_a_short_text_large(tmp_path: Path, front: str, message: str) -> None:
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n")
    with pytest.raises(ValueError, match=message):
        expect_plain(tmp_path / "README.md")
