"""Which raw rows belong to which split of a source, and that a file that is not what it claims to be stops the build."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from datasets.exceptions import DatasetsError
from httpx import HTTPError

from dataset_builder.sources import raw_splits
from dataset_builder.sources.questions import count_questions
from dataset_builder.sources.raw_files import RawFile, SourceError
from dataset_builder.sources.raw_splits import read_split, splits_in
from dataset_builder.sources.table import SOURCES, UNPINNED

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sources"
MEDQA, MEDMCQA, PUBMEDQA = "GBaker/MedQA-USMLE-4-options", "openlifescienceai/medmcqa", "qiaojin/PubMedQA"


def raw_rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text("utf-8").splitlines()]


def ids(name: str, split: str, data_dir: Path) -> list[int]:
    return [row.values["pubid"] for row in read_split(name, split, data_dir).rows]


def compressed(path: Path) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return target


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "sample"])
def test_every_split_of_every_source_is_read(name: str, sources_dir: Path) -> None:
    source = SOURCES[name]
    for split in source.splits:
        read = read_split(name, split, sources_dir)
        assert read.revision == (f"sample@{'00ff' * 16}, seed 0" if source.made_from else "local")
        assert len(read.files) == len(source.configs or (None,))
        assert {row.config for row in read.rows} == set(source.configs or (None,))
        assert (name, split) in splits_in(sources_dir)


def test_configs_are_read_one_after_the_other_and_each_row_knows_its_own(sources_dir: Path) -> None:
    read = read_split("mmlu_medical", "test", sources_dir)
    places = [(row.config, row.number) for row in read.rows]
    assert places == [(subject, n) for subject in SOURCES["mmlu_medical"].configs for n in range(3)]
    assert next(iter(read.files)) == "cais/mmlu/anatomy/test.jsonl"


def test_a_source_that_is_part_of_a_file_counts_all_rows_of_it(sources_dir: Path) -> None:
    """So that a reader finds row 4 of mmlu_pro_health as row 4 of the file."""
    health, biology = (read_split(name, "test", sources_dir) for name in ("mmlu_pro_health", "mmlu_pro_biology"))
    assert [row.number for row in biology.rows] == [0, 2]
    assert [row.number for row in health.rows] == [1, 4, 5]
    assert {row.values["category"] for row in health.rows} == {"health"}


def test_a_file_without_a_row_of_the_source_is_another_file(sources_dir: Path) -> None:
    (sources_dir / "cais/hle/test.jsonl").write_text(json.dumps(raw_rows("hle_medical")[1]))
    with pytest.raises(
        SourceError, match=r"test.jsonl: none of its 1 rows is of hle_medical, split test; expected at"
    ):
        read_split("hle_medical", "test", sources_dir)


def test_official_test_ids_are_the_test_split_and_the_rest_is_train(sources_dir: Path) -> None:
    assert ids("pubmedqa_labeled", "test", sources_dir) == [102]
    assert ids("pubmedqa_labeled", "train", sources_dir) == [101, 103]
    assert [row.number for row in read_split("pubmedqa_labeled", "train", sources_dir).rows] == [0, 2]


def test_an_official_test_row_is_left_out_of_the_other_pubmedqa_sets_too(sources_dir: Path) -> None:
    assert ids("pubmedqa_artificial", "train", sources_dir) == [201, 202]
    assert ids("pubmedqa_unlabeled", "train", sources_dir) == [301, 302, 303]


@pytest.mark.parametrize("name", ["pubmedqa_labeled", "pubmedqa_artificial", "pubmedqa_unlabeled"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "expected the ids of the official test split"), ("{}", "found dict, expected a JSON list")],
)
def test_test_ids_are_never_guessed(sources_dir: Path, name: str, content: str | None, message: str) -> None:
    file = sources_dir / PUBMEDQA / "pqa_labeled/test_ids.json"
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(SourceError, match=message):
        read_split(name, "train", sources_dir)


def test_ids_of_another_dataset_are_seen(sources_dir: Path) -> None:
    (sources_dir / PUBMEDQA / "pqa_labeled/test_ids.json").write_text("[7]")
    with pytest.raises(SourceError, match="none of its rows is in the official test split"):
        read_split("pubmedqa_labeled", "train", sources_dir)


def test_gz_plain_and_parquet_are_read_and_two_of_them_are_not_chosen_between(sources_dir: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    compressed(sources_dir / MEDMCQA / "validation.jsonl")
    assert len(read_split("medmcqa", "validation", sources_dir).rows) == 3
    folder = sources_dir / MEDQA
    (folder / "test.jsonl").unlink()
    pyarrow.parquet.write_table(pa.Table.from_pylist(raw_rows("medqa")), folder / "test.parquet")
    assert [row.values for row in read_split("medqa", "test", sources_dir).rows] == raw_rows("medqa")
    (folder / "test.jsonl").write_text("{}")
    with pytest.raises(
        SourceError, match=r"expected one file .*test with the ending .*found \['test.jsonl', 'test.parquet'\]"
    ):
        read_split("medqa", "test", sources_dir)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            b'{"question": "a"}\n{"question": \n',
            r"train.jsonl, line 2: broken JSON .*; expected one JSON object per line",
        ),
        (b"[1]\n", r"train.jsonl, line 1: found list, expected a JSON object"),
        (
            '{"question": "caf\xe9"}\n'.encode("latin-1"),
            r"train.jsonl, line 1: not UTF-8 .*expected a text file in UTF-8",
        ),
        (b'{"question": "half a \\ud83d"}\n', r"train.jsonl, line 1: not UTF-8 .*surrogates not allowed"),
        (b'{"question": ' + b"9" * 5000 + b"}\n", r"train.jsonl, line 1: broken JSON .*4300 digits"),
        (b"[" * 100_000, r"train.jsonl, line 1: broken JSON .*recursion"),
        (b"\n\n", r"train.jsonl is empty; expected at least one row"),
        (
            b'{"question": "a", "options": {}}\n',
            r"train.jsonl, row 1: no column \['answer', 'answer_idx'\]; found \['options', 'question'\]",
        ),
    ],
    ids=["cut", "list", "latin-1", "half a character", "long number", "deep", "empty", "no column"],
)
def test_broken_files_are_named_with_line_and_expectation(sources_dir: Path, lines: bytes, message: str) -> None:
    (sources_dir / MEDQA / "train.jsonl").write_bytes(lines)
    with pytest.raises(SourceError, match=message):
        read_split("medqa", "train", sources_dir)


def test_a_cut_gzip_is_named(sources_dir: Path) -> None:
    path = compressed(sources_dir / MEDMCQA / "validation.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"validation.jsonl.gz: broken gzip after line \d"):
        read_split("medmcqa", "validation", sources_dir)


def test_unknown_names_list_the_known_ones_and_the_nearest(sources_dir: Path) -> None:
    with pytest.raises(SourceError, match=r"unknown source 'medq'; known: sample, medqa, .*did you mean 'medqa'\?"):
        read_split("medq", "train")
    with pytest.raises(
        SourceError, match=r"unknown split of medmcqa 'valid'; known: train, validation; did you mean 'validation'"
    ):
        read_split("medmcqa", "valid", sources_dir)
    with pytest.raises(SourceError, match=r"unknown split of mmlu_medical 'train'; known: test"):
        read_split("mmlu_medical", "train", sources_dir)


def test_a_missing_file_says_what_is_there(sources_dir: Path) -> None:
    (sources_dir / MEDQA / "test.jsonl").unlink()
    with pytest.raises(SourceError, match=r"MedQA-USMLE-4-options/test .*found none \(in the folder: train.jsonl\)"):
        read_split("medqa", "test", sources_dir)
    (sources_dir / "cais/mmlu/anatomy/test.jsonl").unlink()
    with pytest.raises(SourceError, match=r"cais/mmlu/anatomy/test .*found none"):
        read_split("mmlu_medical", "test", sources_dir)


def test_without_network_the_message_says_where_to_put_the_file() -> None:
    with pytest.raises(
        SourceError,
        match=r"cannot load qiaojin/PubMedQA, config pqa_labeled, split train from the Hub: .*DIR/qiaojin/PubMedQA/pqa_labeled/train.jsonl and give --data-dir DIR",
    ):
        read_split("pubmedqa_labeled", "train")


@pytest.mark.parametrize("why", [HTTPError("no route"), DatasetsError("no route"), OSError("no route")], ids=repr)
def test_whatever_the_hub_answers_is_a_message(why: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network at all, and not in offline mode, it is none of Python's own errors."""

    def unreachable(*_: object, **__: object) -> None:
        raise why

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", unreachable)
    with pytest.raises(SourceError, match=r"split train from the Hub: no route. Where there is no network, put"):
        read_split("medqa", "train")


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        (
            "medqa_5options",
            "train",
            r"jind11/MedQA, as .*US/<split>.jsonl. Put the files at DIR/jind11/MedQA/train.jsonl",
        ),
        ("medbullets_op4", "test", r"ChallengeClinicalQA. Columns: .* Put the files at DIR/medbullets/op4/test.jsonl"),
        ("medbullets_op5", "test", r"ChallengeClinicalQA. Columns: .* Put the files at DIR/medbullets/op5/test.jsonl"),
    ],
)
def test_what_is_not_on_the_hub_says_where_it_is(name: str, split: str, message: str) -> None:
    with pytest.raises(SourceError, match=f"{name} is not read from the Hub: .*{message}"):
        read_split(name, split)


def test_an_unpinned_source_is_read_at_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of the first config is asked for in the others, so that a push in between cannot mix two states."""
    asked: list[str | None] = []

    def newest(hub_id: str, config: str | None, split: str, revision: str | None) -> RawFile:
        asked.append(revision)
        return RawFile(raw_rows("mmlu_medical"), f"{hub_id} {config}", revision or "c0ffee")

    monkeypatch.setattr(raw_splits, "read_hub", newest)
    pinned = SOURCES["mmlu_medical"]
    assert read_split("mmlu_medical", "test").revision == pinned.revision
    monkeypatch.setitem(SOURCES, "mmlu_medical", replace(pinned, revision=UNPINNED))
    assert read_split("mmlu_medical", "test").revision == "c0ffee"
    assert asked == [pinned.revision] * 6 + [None] + ["c0ffee"] * 5


REAL = """\
| source | split | rows | answer type | usable | rejected |
|---|---|---:|---|---:|---|
| medqa | train | 1272 | 1272 choice | 1272 |  |
| medqa | test | 1273 | 1273 choice | 1273 |  |
| medmcqa | validation | 4183 | 4183 choice | 4168 | 11 duplicate, 4 gold_twice |
| pubmedqa_labeled | train | 500 | 500 yes/no/maybe | 500 |  |
| pubmedqa_labeled | test | 500 | 500 yes/no/maybe | 500 |  |
| mmlu_medical | test | 1089 | 1089 choice | 1011 | 78 duplicate |
| mmlu_pro_health | test | 818 | 818 choice | 723 | 95 duplicate |
| mmlu_pro_biology | test | 717 | 717 choice | 717 |  |
| medxpertqa | test | 244 | 244 choice | 244 |  |
| medbullets_op5 | test | 308 | 308 choice | 298 | 10 duplicate |"""


def test_the_real_files_hold_what_they_hold(shared_data: Path) -> None:
    assert count_questions(shared_data / "hub") == REAL


@pytest.mark.parametrize("spelled", [101, 101.0, "101", " 101", "101.0", "0101", "\u200b101"])
def test_a_test_question_whose_id_is_spelled_in_another_way_is_not_in_the_train_split(
    sources_dir: Path, spelled: Any
) -> None:
    folder = sources_dir / PUBMEDQA
    (folder / "pqa_labeled/test_ids.json").write_text("[101]")
    for name, config in (("pubmedqa_artificial", "pqa_artificial"), ("pubmedqa_labeled", "pqa_labeled")):
        rows = raw_rows(name)
        rows = [rows[0] | {"pubid": spelled}, *(row | {"pubid": 900 + i} for i, row in enumerate(rows[1:]))]
        (folder / config / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert ids(name, "train", sources_dir) == [900, 901]


def test_a_folder_with_nothing_but_an_evaluation_split_says_how_a_trial_is_asked_for(sources_dir: Path) -> None:
    folder = sources_dir / "openlifescienceai/medmcqa"
    for path in folder.glob("train.*"):
        path.unlink()
    with pytest.raises(
        SourceError,
        match=r"has no file of the split 'train', but one of the evaluation split 'validation'.*--split medmcqa=validation",
    ):
        read_split("medmcqa", "train", sources_dir)
