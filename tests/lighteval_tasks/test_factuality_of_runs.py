"""Claims beside the accuracies of scored runs: in scores.json and its table, and compared by item."""

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dataset_builder.claim_check.reader import ClaimReader, claim_reader
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.readers.primekg import COLUMNS
from lighteval_tasks import comparison, scores
from lighteval_tasks.command import TASKS_FILE
from lighteval_tasks.compare import compare_runs
from lighteval_tasks.factuality.outputs import read_outputs
from tests.conftest import _rows
from tests.lighteval_tasks.commands import ROOT, call, results, score
from tests.lighteval_tasks.runs import item, run, scored
from tests.support.hub.running import running as local_hub
from tests.support.llm_server.running import running

RIGHT, TREATS, WRONG = "The answer is A.", "Colchicine treats gout. ", "Ibuprofen treats asthma. "
EDGES = ("Colchicine drug | indication | gout disease", "Ibuprofen drug | contraindication | asthma disease")


@pytest.fixture(scope="module")
def kg(tmp_path_factory: pytest.TempPathFactory) -> KG:
    path = tmp_path_factory.mktemp("graph") / "kg.csv"
    path.write_text("\n".join([",".join(COLUMNS), *_rows(EDGES)]) + "\n", encoding="utf-8")
    return KG.load(path)


@pytest.fixture(scope="module")
def reader() -> ClaimReader:
    found = claim_reader("spacy")
    assert found is not None
    return found


def test_claims_stand_beside_the_accuracy(kg: KG, reader: ClaimReader, tmp_path: Path) -> None:
    folder = run(tmp_path / "a", [item(1, f"{TREATS}{RIGHT}"), item(2, f"{WRONG}{RIGHT}"), item(3, "")])
    run(folder, [item(1, RIGHT)], task="medqa_strict")
    made = json.loads((scored(folder, kg, reader) / "scores.json").read_text())
    assert made["factuality"]["graph"]["sha256"] == kg.digest
    assert made["factuality"]["measured"]["read_rightly"]["supported"]["right"] == 81
    medqa, strict = made["tasks"]
    assert (medqa["factuality"]["claims"], medqa["factuality"]["contradicted"]["claims"]) == (2, 1)
    assert strict["factuality"]["claims"] == 0
    text = (folder / "scores.md").read_text()
    assert "| medqa | 3 (1 empty) | 2 | 33.3 [" in text and "| medqa (strict) | 1 | 0 | 0.0 [" in text
    assert "- Graph: kg.csv, 4 nodes, 2 connected pairs" in text and "19 of 118" in text
    without = {"tasks": [task | {"factuality": None} for task in made["tasks"]]}
    assert "graph" not in scores.table(made | without)


def test_of_several_orders_the_outputs_to_the_published_one_are_read(
    kg: KG, reader: ClaimReader, tmp_path: Path
) -> None:
    rows = [item(n // 2, f"{TREATS}{RIGHT}") for n in range(4)]
    for row in rows[1::2]:
        row["doc"]["specific"]["id"] += "@1"
    a, b = (scored(run(tmp_path / name, rows), kg, reader) for name in "ab")
    (task,) = json.loads((a / "scores.json").read_text())["tasks"]
    assert (task["items"], task["factuality"]["outputs"]) == (2, 2)
    assert compare_runs(a, b)["factuality"]["differences"][0]["items"] == 2


def test_two_runs_are_compared_by_item(kg: KG, reader: ClaimReader, tmp_path: Path) -> None:
    texts = [f"{TREATS}{RIGHT}" for _ in range(40)]
    a = scored(run(tmp_path / "a", [item(n, text) for n, text in enumerate(texts)]), kg, reader)
    worse = [item(n, text + f" {WRONG}" * (n < 12)) for n, text in enumerate(texts)]
    b = scored(run(tmp_path / "b", worse[::-1]), kg, reader)
    made = compare_runs(a, b)
    supported, contradicted, _ = made["factuality"]["differences"]
    assert supported["difference"] == 0 and contradicted["difference"] == pytest.approx(30)
    assert (contradicted["more_a"], contradicted["more_b"]) == (0, 12) and contradicted["p_holm"] < 0.01
    text = comparison.markdown(made)
    assert (
        "- medqa: accuracy +0.0 [+0.0, +0.0]; supported claims +0.0 per 100 outputs [+0.0, +0.0]; contradicted" in text
    )
    assert "| medqa | contradicted | 40 | 0.0 | 30.0 | +30.0 [" in text


def test_runs_without_the_same_graph_are_not_compared(kg: KG, reader: ClaimReader, tmp_path: Path) -> None:
    rows = [item(1, f"{TREATS}{RIGHT}")]
    a, b = scored(run(tmp_path / "a", rows), kg, reader), run(tmp_path / "b", rows)
    said = comparison.markdown(compare_runs(a, b))
    assert "Claims are not compared: B was scored without a graph; score both with the same one, KG=…" in said
    assert compare_runs(b, b)["factuality"] is None
    scored(b, kg, reader)
    file = b / "scores.json"
    file.write_text(file.read_text().replace(kg.digest, "0" * 64))
    assert "A's claims were checked with the graph kg.csv" in comparison.markdown(compare_runs(a, b))


def test_claims_of_another_run_are_refused(kg: KG, reader: ClaimReader, tmp_path: Path) -> None:
    a = scored(run(tmp_path / "a", [item(1, f"{TREATS}{RIGHT}")]), kg, reader)
    b = scored(run(tmp_path / "b", [item(1, f"{WRONG}{RIGHT}")]), kg, reader)
    (b / "claims.parquet").write_bytes((a / "claims.parquet").read_bytes())
    with pytest.raises(
        SourceError, match=r"found \[1, 0, 0\] claims .* of medqa, expected the numbers in scores.json"
    ):
        compare_runs(a, b)
    (b / "claims.parquet").unlink()
    with pytest.raises(SourceError, match=r"found no .*claims.parquet, though .*scores.json has claims"):
        compare_runs(a, b)


@pytest.mark.slow
def test_score_with_a_graph_from_end_to_end(hub: Path, tmp_path: Path) -> None:
    """The outputs of a scripted model against the sample graph; pushed, the claims load by name; the stored outputs give the same again."""
    out = tmp_path / "out"
    said = "Colchicine can cause diarrhea.\n\nThe answer is A."
    with running(lambda request, settings: said) as server, local_hub(tmp_path / "server") as local:
        client = local.env() | {"HF_HUB_OFFLINE": "0"}
        flags = ("--backend", "litellm", "--base-url", server.url, "--tasks", "medbullets_op4", "--out", str(out))
        nowhere = score("scripted", *flags, "--kg", "nowhere", hub=hub)
        assert nowhere.returncode == 1 and "score: there is no graph 'nowhere'" in nowhere.stderr
        done = score("scripted", *flags, "--kg", "sample", "--push", "org/scores", hub=hub, **client)
        assert done.returncode == 0, done.stderr[-3000:]
        load = "from datasets import load_dataset; print(load_dataset('org/scores', 'claims')['train'][0]['verdict'])"
        loaded = call([sys.executable, "-c", load], **client)
    assert loaded.stdout.split() == ["supported"], loaded.stderr[-2000:]
    (task,) = json.loads((out / "scores.json").read_text())["tasks"]
    assert task["factuality"]["supported"]["per_100"] == 100 and "| medbullets_op4 | 8 | 8 | 100.0 [" in done.stdout
    assert [one.text for one in read_outputs(out)["medbullets_op4"]] == [said] * 8
    command = [sys.executable, "-m", "lighteval_tasks", "factuality", str(out), str(out), "--kg", "sample"]
    again = call([*command, "--out", str(tmp_path / "again")])
    assert again.returncode == 0, again.stderr[-3000:]
    assert (
        "| medbullets_op4 | supported | 8 | 100.0 | 100.0 | +0.0 [+0.0, +0.0] | 0 / 0 | 1.000 | 1.000 |"
        in again.stdout
    )
    names = ["claims_a.parquet", "claims_b.parquet", "factuality.json", "factuality.md"]
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == names
    (tmp_path / "a.csv").write_text("id,output\n")
    wrong = call([*command[:4], str(tmp_path / "a.csv"), "--kg", "sample"])
    assert wrong.returncode == 1 and wrong.stderr.startswith("factuality: found ") and "Traceback" not in wrong.stderr


@pytest.mark.slow
def test_plain_lighteval_has_the_claims_as_a_metric(hub: Path, tmp_path: Path) -> None:
    words = ["endpoint", "litellm", "endpoint.yaml", "medical:medbullets_op4|0", "--custom-tasks", str(TASKS_FILE)]
    with running(lambda request, settings: "Colchicine can cause diarrhea. The answer is A.") as server:
        model = {"model_name": "openai/scripted", "provider": "openai", "base_url": server.url, "cache_dir": "cache"}
        (tmp_path / "endpoint.yaml").write_text(json.dumps({"model_parameters": model}))
        command = [sys.executable, "-m", "lighteval", *words, "--output-dir", "out", "--save-details"]
        given = {
            "MEDICAL_KG": "sample",
            "MEDICAL_DATA_DIR": str(hub),
            "OPENAI_API_KEY": "none",
            "PYTHONPATH": str(ROOT),
        }
        done = call(command, tmp_path, **given)
    assert done.returncode == 0, done.stderr[-3000:]
    found = results(tmp_path / "out")["medical:medbullets_op4|0"]
    assert (found["supported_claims"], found["contradicted_claims"]) == (100, 0)
    assert found["contradicted_claims_high"] == pytest.approx(32.4, abs=0.1) and "accuracy" in found
    (file,) = (tmp_path / "out").rglob("details_*.parquet")
    assert [row["claims"] for row in pq.read_table(file)["metric"].to_pylist()] == [[1, 0, 0]] * 8
