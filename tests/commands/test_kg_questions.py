"""`kg-questions`: from a graph to files, from the files to a build, an evaluation split and items to score."""

import json
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.commands.sources.kg_questions import counts_table, wanted_numbers
from dataset_builder.sources.questions import read_questions
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.questions import Drawn
from lighteval_tasks.items import read_items


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    assert main(["kg-questions", "--rows", "12", "--out", str(folder)]) == 0
    return folder


def rows_of(made: Path, split: str) -> list[dict]:
    return [json.loads(line) for line in (made / f"kg_questions/{split}.jsonl").read_text("utf-8").splitlines()]


def test_the_files_have_the_evidence_and_say_what_they_are_made_from(made: Path) -> None:
    train, test = rows_of(made, "train"), rows_of(made, "test")
    assert {row["held_out"] for row in train} == {"train"} and {row["held_out"] for row in test} <= {
        "combination",
        "fact",
    }
    for row in (*train, *test):
        assert row["options"][row["answer_idx"]] == row["answer"]
        assert len(row["statements"]) == row["hops"] == len(row["relations"])
        assert (row["graph"], row["graph_sha256"], row["seed"]) == ("sample", KG.load("sample").digest, 0)
    facts = json.loads((made / "kg_questions/made_from.json").read_text("utf-8"))
    assert facts["graph"]["sha256"] == train[0]["graph_sha256"] and facts["no_question_because"]
    assert load_dataset(str(made / "kg_questions"), split="train").num_rows == len(train)


def test_the_source_reads_them_and_graph_and_seed_are_its_pin(made: Path) -> None:
    questions, [origin] = read_questions(["kg_questions"], data_dir=made)
    assert {row["rejected_because"] for row in questions} == {None}
    assert origin.revision == f"sample@{KG.load('sample').digest}, seed 0" and origin.pinned
    assert list(origin.files) == ["kg_questions/train.jsonl"]
    items = read_items("kg_questions", made)
    assert len(items.rows) == len(rows_of(made, "test")) and items.left_out == {}


@pytest.mark.slow
def test_it_builds_and_its_test_split_is_a_benchmark(made: Path, tmp_path: Path) -> None:
    given = [
        "--sources",
        "kg_questions",
        "--data-dir",
        str(made),
        "--min-relevance",
        "0",
        "--benchmarks",
        "kg_questions",
    ]
    assert main(["build", "kg_only", *given, "--out", str(tmp_path / "out")]) == 0
    train = load_dataset(str(tmp_path / "out"), split="train").to_list()
    raw = rows_of(made, "train")
    # the mentions of question and answer are linked to the very nodes that the question was made from
    ends = [{raw[row["source_row"]]["path"][0], raw[row["source_row"]]["path"][-1]} for row in train]
    found = [
        end in [{path["nodes"][0], path["nodes"][-1]} for path in row["paths"]]
        for row, end in zip(train, ends, strict=True)
    ]
    assert len(train) > 0.7 * len(raw) and sum(found) > 0.9 * len(train)
    assert main(["verify", str(tmp_path / "out"), "--kg", "sample"]) == 0
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert manifest["origins"][0]["revision"].startswith("sample@")


def test_files_of_two_graphs_are_refused(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kg_questions"
    folder.mkdir()
    rows = rows_of(made, "train")[:2]
    rows[1]["seed"] = 1
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with pytest.raises(SourceError, match=r"seed 0; .*, seed 1; expected one graph and one seed"):
        read_questions(["kg_questions"], data_dir=tmp_path)
    del rows[1]["graph"]
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with pytest.raises(SourceError, match="a row does not say what it was made from"):
        read_questions(["kg_questions"], data_dir=tmp_path)


def test_without_files_the_message_says_how_to_make_them() -> None:
    with pytest.raises(SourceError, match="make kg-questions KG=hpo OUT=DIR"):
        read_questions(["kg_questions"])


def test_nothing_is_overwritten(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (made / "kg_questions/train.jsonl").read_bytes()
    assert main(["kg-questions", "--rows", "3", "--out", str(made)]) == 2
    assert "expected a new or empty folder" in capsys.readouterr().err
    assert (made / "kg_questions/train.jsonl").read_bytes() == before


def test_a_run_that_is_ended_while_it_writes_leaves_no_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", ended)  # the last of the three files
    assert main(["kg-questions", "--rows", "3", "--out", str(tmp_path)]) == 130
    assert not (tmp_path / "kg_questions").exists()
    monkeypatch.undo()
    assert main(["kg-questions", "--rows", "3", "--out", str(tmp_path)]) == 0


def test_a_graph_that_gives_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = "relation,display_relation,x_index,x_id,x_type,x_name,x_source,y_index,y_id,y_type,y_name,y_source"
    (tmp_path / "kg.csv").write_text(
        f"{header}\ndisease_disease,parent-child,0,A,disease,a,own,1,B,disease,b,own\n", "utf-8"
    )
    assert main(["kg-questions", "--kg", str(tmp_path / "kg.csv"), "--out", str(tmp_path / "out")]) == 2
    assert "no question can be made from the graph kg.csv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_table_says_where_the_graph_has_too_few() -> None:
    assert "| 2 | 0 of 4 | 0 of 1 | 0 of 1 |" in counts_table(Drawn(), wanted_numbers(4))
