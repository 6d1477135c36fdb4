"""Claims of outputs against a graph: what counts, what it is said with, and what a file of outputs must be."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset_builder.claim_check import measured
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.readers.primekg import COLUMNS
from lighteval_tasks.factuality.claims import ItemClaims, Output, claims_of
from lighteval_tasks.factuality.outputs import Columns, read_outputs
from lighteval_tasks.factuality.paired import differences, in_words, share_differences, why_not
from lighteval_tasks.factuality.summary import inputs, shares, summarize
from tests.conftest import _rows
from tests.lighteval_tasks.runs import item, run

EDGES = (
    "Colchicine drug | indication | gout disease",
    "Ibuprofen drug | contraindication | asthma disease",
    "THP gene/protein | disease_protein: associated with | gout disease",
    "thrombotic purpura disease | disease_disease: parent-child | gout disease",
)
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def kg(tmp_path_factory: pytest.TempPathFactory) -> KG:
    path = tmp_path_factory.mktemp("graph") / "kg.csv"
    path.write_text("\n".join([",".join(COLUMNS), *_rows(EDGES)]) + "\n", encoding="utf-8")
    return KG.load(path)


def read(kg: KG, *texts: str, question: str = "") -> list[ItemClaims]:
    reader = claim_reader("spacy")
    assert reader is not None
    return list(claims_of(kg, [Output(str(n), text, question) for n, text in enumerate(texts)], reader))


def test_stated_and_denied_claims_count_and_each_can_be_checked(kg: KG) -> None:
    hedged = "It is unclear whether colchicine treats asthma."
    first, second, nothing = read(kg, f"First.\nColchicine treats gout. {hedged}", "Ibuprofen treats asthma.", " ")
    assert (first.counts(), second.counts(), nothing.counts()) == ([1, 0, 0], [0, 1, 0], [0, 0, 0])
    claim, doubted = first.claims
    assert (claim.sentence, claim.from_text, claim.relation, claim.to_text) == (
        "Colchicine treats gout.", "Colchicine", "indication", "gout",
    )  # fmt: skip
    assert (claim.verdict, claim.graph, claim.counted) == ("supported", "Colchicine is indicated for gout", True)
    assert (doubted.sentence, doubted.mode, doubted.counted) == (hedged, "hedged", False)
    assert second.claims[0].graph == "Ibuprofen is contraindicated in asthma"
    found = summarize([first, second, nothing])
    assert (found["outputs"], found["empty"], found["claims"], found["thinking"]) == (3, 1, 2, None)
    assert found["with_contradicted"]["outputs"] == 1


def test_the_question_says_what_an_abbreviation_means_and_claims_nothing(kg: KG) -> None:
    text = "THP is associated with gout."
    (alone,), (asked,) = read(kg, text), read(kg, text, question="Colchicine treats gout. Thrombotic purpura (THP)?")
    assert [claim.from_name for claim in alone.claims] == ["THP"]
    assert [claim.from_name for claim in asked.claims] == ["thrombotic purpura"]
    (new,) = read(kg, "TRP is associated with gout.", question="Thrombotic purpura (TRP) ...")
    assert [claim.from_name for claim in new.claims] == ["thrombotic purpura"], "not in the dictionary"
    (unknown,) = read(kg, text, question="Is it timed hourly plotting (THP)?")
    assert unknown.claims == (), "the question means something that the graph does not know"


@pytest.mark.parametrize(
    ("text", "within", "without"),
    [
        ("<think>Ibuprofen treats asthma.</think>Colchicine treats gout.", [0, 1, 0], [1, 0, 0]),
        ("<think>Ibuprofen treats asthma.", [0, 1, 0], [0, 0, 0]),
        ("Colchicine treats gout.\n<think>Ibuprofen treats asthma.</think>\nSo A.", [0, 1, 0], [1, 0, 0]),
    ],
)
def test_thoughts_are_read_and_counted_apart(kg: KG, text: str, within: list[int], without: list[int]) -> None:
    (one,) = read(kg, text)
    assert (one.counts(thinking=True), one.counts(thinking=False)) == (within, without)
    found = summarize([one, *read(kg, "Gout.")])["thinking"]
    assert (found["outputs"], found["contradicted"]) == (1, 1)


# --- numbers ---------------------------------------------------------------------------------------------------------


def test_claims_of_one_output_are_drawn_together() -> None:
    """Ten claims in every tenth output: taken one by one, the interval would be a third as wide."""
    found = shares(np.array([[10, 0, 0]] * 10 + [[0, 0, 1]] * 90))
    assert found["supported"]["per_100"] == 100
    assert found["supported"]["high"] - found["supported"]["low"] == pytest.approx(2 * 1.96 * 30, rel=0.1)
    assert found["supported_share"]["share"] == pytest.approx(100 / 190)
    assert found["supported_share"]["low"] < 0.45 and found["supported_share"]["high"] > 0.6


def test_what_was_never_seen_may_still_be() -> None:
    found = shares(np.zeros((300, 3), int))
    assert (found["contradicted"]["low"], found["contradicted"]["high"]) == (0, pytest.approx(1.26, abs=0.01))
    assert found["supported_share"] is None
    assert shares(np.zeros((0, 3), int))["unknown"]["per_100"] is None


def test_differences_are_paired_by_item() -> None:
    a = {str(n): [n % 3, 0, 1] for n in range(90)}
    b = {str(n): [n % 3, int(n < 20), 1] for n in reversed(range(90))}
    supported, contradicted, unknown = differences({("medqa", "free"): (a, b)})
    assert supported["low"] == supported["high"] == 0, "the same items have the same claims"
    assert contradicted["difference"] == pytest.approx(100 * 20 / 90)
    assert 0 < contradicted["low"] < contradicted["difference"] < contradicted["high"]
    assert (contradicted["more_a"], contradicted["more_b"]) == (0, 20) and contradicted["p_holm"] < 0.001
    assert re.fullmatch(r"contradicted claims \+22.2 per 100 outputs \[\+1\d.\d, \+3\d.\d\]", in_words(contradicted))
    assert unknown["p"] == 1.0
    nothing = differences({("medqa", ""): ({"1": [0, 0, 0]}, {"1": [0, 0, 0]})})
    assert in_words(nothing[1]) == "contradicted claims: none in A or B"
    with pytest.raises(SourceError, match="medqa: A has 90 items and B 1, of which 89 are in only one of them"):
        differences({("medqa", ""): (a, {"1": [0, 0, 0]})})


def test_a_share_of_all_claims_does_not_rise_with_their_number() -> None:
    a = {str(n): [int(n < 9), 0, int(n < 60)] for n in range(90)}
    b = {item: [2 * count for count in counts] for item, counts in a.items()}
    (one,) = share_differences({("medqa", ""): (a, b)})
    assert one["a"] == one["b"] == pytest.approx(100 * 9 / 69) and one["low"] == pytest.approx(one["high"]) == 0
    c = {item: [counts[0], 0, 0] for item, counts in a.items()}
    (one,) = share_differences({("medqa", ""): (a, c)})
    assert one["b"] == 100 and one["low"] > 70
    assert share_differences({("medqa", ""): (a, {item: [0, 0, 0] for item in a})}) == []


def test_only_the_same_graph_and_reader_are_compared(kg: KG) -> None:
    reader = claim_reader("spacy")
    assert reader is not None
    one = inputs(kg, reader)
    assert one["graph"] == {"name": "kg.csv", "sha256": kg.digest, "nodes": 6, "edges": 4}
    assert why_not(one, one) is None
    assert "A was scored without a graph" in str(why_not(None, one))
    other = one | {"graph": one["graph"] | {"sha256": "0" * 64}}
    assert "A's claims were checked with the graph kg.csv" in str(why_not(one, other))
    assert "with the reader 3; spacy" in str(why_not(one, one | {"reader": one["reader"] | {"version": "1"}}))


def test_the_precision_that_results_name_is_the_one_of_the_page() -> None:
    page = (DOCS / "evidence.md").read_text("utf-8")
    for verdict, share in measured.READ_RIGHTLY.items():
        assert f"| {verdict} | {share} |" in page
    assert f"| silent sentences that state a relation | {measured.SILENT} |" in page
    found = measured.measured()
    assert found is not None and found["read_rightly"]["contradicted"]["of"] == 4


# --- files of outputs ------------------------------------------------------------------------------------------------


def write(file: Path, rows: Sequence[Any]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_table_has_an_id_and_an_output(tmp_path: Path) -> None:
    rows = [{"question_id": 7, "model_outputs": "Gout.", "question": "What?"}, {"question_id": 8, "model_outputs": []}]
    expected = {"a": [Output("7", "Gout.", "What?"), Output("8", "")]}
    assert read_outputs(write(tmp_path / "a.jsonl", rows)) == expected
    table = pa.table({"key": ["7", "8"], "said": ["Gout.", None], "asked": ["What?", None]})
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").unlink()
    assert read_outputs(tmp_path / "a.parquet", Columns("said", "key", "asked")) == expected


def test_a_run_has_the_outputs_of_its_tasks(tmp_path: Path) -> None:
    folder = run(tmp_path, [item(1, "Gout."), item(2, "")])
    run(tmp_path, [item(1, "Kuru.")], task="medqa_strict")
    found = read_outputs(folder)
    assert {task: [one.text for one in outputs] for task, outputs in found.items()} == {
        "medqa": ["Gout.", ""], "medqa_strict": ["Kuru."],
    }  # fmt: skip
    (file,) = folder.rglob("details_medical:medqa|0_*.parquet")
    assert read_outputs(file) == {"medqa": found["medqa"]}
    assert found["medqa"][0].id == f"medqa:{1:016x}"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": 1, "said": "x"}], "found the columns id, said; expected one of output, .* --output-column NAME"),
        ([{"key": 1, "output": "x"}], "found the columns key, output; expected one of id, .* --id-column NAME"),
        ([{"id": None, "output": "x"}], "row 1: found no id; expected the id of the item"),
        ([{"id": 1, "output": ["x", "y"]}], "row 1, output: found list .* expected the text of one output"),
        ([{"id": 1, "output": "x"}] * 2, "found 1 ids more than once, such as '1'; expected one output for each id"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_outputs(write(tmp_path / "a.jsonl", rows))


def test_other_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"found no .*nowhere; expected the folder of a run"):
        read_outputs(tmp_path / "nowhere")
    (tmp_path / "a.csv").write_text("id,output\n")
    with pytest.raises(SourceError, match=r"a.csv; expected outputs in a file with the ending .jsonl"):
        read_outputs(tmp_path / "a.csv")
    with pytest.raises(SourceError, match="found no details of a medical task"):
        read_outputs(tmp_path)
