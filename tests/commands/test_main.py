"""The commands as somebody types them."""

import functools
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import load_dataset

from dataset_builder.__main__ import main
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.pipelines import kg_only
from dataset_builder.run import run
from dataset_builder.sources import raw_splits
from dataset_builder.sources.raw_files import RawFile, read_local
from dataset_builder.sources.table import SOURCES, UNPINNED
from kg import KG
from kg.embedder import named
from kg.readers.primekg import COLUMNS

ROOT = Path(__file__).parents[2]
KG_ONLY = kg_only(KG("sample", "", ""), claim_reader("spacy"), 0)
STAGES = len(KG_ONLY)
WITHOUT_GRAPH = next(n for n, stage in enumerate(KG_ONLY) if "kg" in stage.tools)  # before the first that reads it


def test_the_default_build_publishes_most_of_the_sample_and_shows_every_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["build", "kg_only"]) == 0
    printed = capsys.readouterr().out
    rows = load_dataset("build/kg_only")
    counts = json.loads(Path("build/kg_only/manifest.json").read_text())["funnel"]["sample"]
    assert counts["in"] >= 60
    assert counts["published"] == len(rows["train"]) >= 40
    assert counts["in"] == len(rows["train"]) + len(rows["rejected"])
    assert set(counts) >= {
        "duplicate",
        "negative_stem",
        "needs_image",
        "gold_outside_options",
        "no_mentions",
        "no_path",
        "no_options",
        "empty_question",
    }
    assert set(rows["train"]["answer_type"]) == {"choice", "yes/no/maybe", "open"}
    assert "from datasets import load_dataset; rows = load_dataset('build/kg_only')" in printed
    assert f"{counts['published']} rows published" in printed
    assert main(["verify", "build/kg_only"]) == 0


def test_the_manifest_names_the_embedder_and_its_threshold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifests = {}
    for name in ("none", "minilm", "org/model"):
        assert main(["build", "kg_only", "--rows", "3", "--embedder", name, "--out", str(tmp_path / "out")]) == 0
        manifests[name] = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifests["minilm"]["inputs"]["embedder"] == named("minilm").facts()
    assert len({manifest["content_hash"] for manifest in manifests.values()}) == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert "Embedder org/model is not pinned to a revision: use --embedder org/model@REVISION." in printed
    assert "Embedder org/model is not calibrated" in printed
    assert main(["build", "kg_only", "--embedder", "bert", "--out", str(tmp_path / "out")]) == 2
    assert "there is no embedder 'bert'" in capsys.readouterr().err


@pytest.mark.slow
def test_the_content_hash_is_the_same_however_it_is_built(
    tmp_path: Path, sources_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes, batches, the order of sources, another folder on another machine: the manifest proves the same rows."""
    elsewhere = tmp_path / "another machine"
    shutil.copytree(sources_dir, elsewhere / "data")
    shutil.copy(ROOT / "kg/sample/kg.csv", elsewhere / "kg.csv")
    ways = {
        "plain": ["--sources", "sample,medqa", "--data-dir", str(sources_dir)],
        "again": ["--sources", "sample,medqa", "--data-dir", str(sources_dir)],
        "two processes": ["--sources", "sample,medqa", "--data-dir", str(sources_dir), "--num-proc", "2"],
        "other order": ["--sources", "medqa,sample", "--data-dir", str(sources_dir)],
        "elsewhere": [
            "--sources",
            "sample,medqa",
            "--data-dir",
            str(elsewhere / "data"),
            "--kg",
            str(elsewhere / "kg.csv"),
        ],
    }
    hashes = {}
    for way, arguments in ways.items():
        assert main(["build", "kg_only", *arguments, "--out", str(tmp_path / "out" / way)]) == 0
        hashes[way] = json.loads((tmp_path / "out" / way / "manifest.json").read_text())["content_hash"]
    for size in (1, 1000):
        monkeypatch.setattr("dataset_builder.commands.build_folder.run", functools.partial(run, batch_size=size))
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / f"cache{size}")
        assert main(["build", "kg_only", *ways["plain"], "--out", str(tmp_path / f"batch{size}")]) == 0
        hashes[f"batch {size}"] = json.loads((tmp_path / f"batch{size}/manifest.json").read_text())["content_hash"]
    assert len(set(hashes.values())) == 1, hashes


def test_an_edited_graph_is_built_anew(tmp_path: Path, capsys) -> None:
    graph = tmp_path / "kg.csv"
    graph.write_bytes((ROOT / "kg/sample/kg.csv").read_bytes())
    assert main(["build", "kg_only", "--kg", str(graph), "--out", str(tmp_path / "out")]) == 0
    assert main(["build", "kg_only", "--kg", str(graph), "--out", str(tmp_path / "again")]) == 0
    assert capsys.readouterr().out.count("from cache") == STAGES
    with graph.open("a") as file:
        file.write("drug_drug,synergistic interaction,9000,X0,drug,Testdrug,t,9001,X1,drug,Othertestdrug,t\n")
    assert main(["build", "kg_only", "--kg", str(graph), "--out", str(tmp_path / "out")]) == 0
    # an edge more, and every path is a little more or less surprising
    before = [stage.name for stage in KG_ONLY].index("find_mentions")
    # the rationales are the same: what reads nothing else is not built anew
    assert capsys.readouterr().out.count("from cache") == before + len(["to_messages"])


@pytest.mark.slow
def test_an_edited_word_list_changes_the_rows_in_a_new_process(tmp_path: Path) -> None:
    """In a copy of the code, as somebody who edits and runs again. What an edit rebuilds: tests/test_stage_code.py."""
    for package in ("dataset_builder", "kg"):
        shutil.copytree(ROOT / package, tmp_path / package)  # with what numba has compiled, which takes 12 s

    def build() -> tuple[int, int]:
        shutil.rmtree(tmp_path / "build", ignore_errors=True)
        command = [sys.executable, "-m", "dataset_builder", "build", "kg_only"]
        printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        manifest = json.loads((tmp_path / "build/kg_only/manifest.json").read_text())
        return printed.count("from cache"), manifest["rows"]["train"]

    first, again = build(), build()
    with (tmp_path / "kg/words/stop.tsv").open("a") as edited:
        edited.write("carbamazepine\ttest\n")
    assert (first[0], again[0]) == (0, STAGES)
    assert build() == (WITHOUT_GRAPH, first[1] - 1)


def test_a_trial_says_so(tmp_path: Path, capsys) -> None:
    folder = tmp_path / "data/openlifescienceai/medmcqa"
    folder.mkdir(parents=True)
    (folder / "validation.jsonl").write_text(
        (ROOT / "tests/fixtures/sources/medmcqa.jsonl").read_text("utf-8"), "utf-8"
    )
    arguments = [
        "build",
        "kg_only",
        "--sources",
        "medmcqa",
        "--split",
        "medmcqa=validation",
        "--data-dir",
        str(tmp_path / "data"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(arguments) == 0
    assert "This folder is a trial: it contains rows of an evaluation split" in capsys.readouterr().out
    assert json.loads((tmp_path / "out/manifest.json").read_text())["trial"] is True
    assert "> **Trial.** This folder contains rows of an evaluation split (medmcqa: validation)" in (
        tmp_path / "out/README.md"
    ).read_text("utf-8")
    assert load_dataset(str(tmp_path / "out"))["rejected"].num_rows >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["build", "kgonly"],
            "unknown pipeline 'kgonly'; known: kg_only, medreason, reasonmed; did you mean 'kg_only'?",
        ),
        (["build", "kg_only", "--sources", "medqu"], "unknown source 'medqu'; known: sample, medqa"),
        (
            ["build", "kg_only", "--kg", "nowhere.csv"],
            "there is no graph 'nowhere.csv': expected one of sample, primekg, hpo, or the path",
        ),
        (
            ["build", "kg_only", "--split", "sample"],
            "--split 'sample': expected SOURCE=SPLIT, such as medmcqa=validation",
        ),
        (["build", "kg_only", "--split", "sample=tset"], "unknown split of sample 'tset'; known: train"),
        (["build", "kg_only", "--sources", "medxpertqa"], "for that, add --split medxpertqa=test"),
        (["build", "kg_only", "--sources", "medqa_5options"], "medqa_5options is not read from the Hub"),
        (["count", "nowhere"], "nowhere: found no file of any source, expected nowhere/<Hub id>/"),
        (["verify", "nowhere"], "nowhere is no dataset folder"),
    ],
)
def test_bad_input_is_a_message_and_not_a_traceback(
    tmp_path: Path, arguments: list[str], message: str, capsys
) -> None:
    out = ["--out", str(tmp_path / "out")] if arguments[0] == "build" else []
    assert main([*arguments, *out]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unpinned_source_prints_the_line_that_pins_it(
    sources_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    commit = "c0ffee" + "0" * 34
    monkeypatch.setitem(SOURCES, "medqa", replace(SOURCES["medqa"], revision=UNPINNED))
    local = read_local(sources_dir / SOURCES["medqa"].hub_id, "train", sources_dir)
    monkeypatch.setattr(raw_splits, "read_hub", lambda *_: RawFile(local.rows, "the Hub", commit))
    assert main(["build", "kg_only", "--sources", "medqa", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "medqa is not pinned to a revision." in printed and f'    revision="{commit}",\n' in printed
    assert json.loads((tmp_path / "out/manifest.json").read_text())["origins"][0]["revision"] == commit
    local_files = ["--data-dir", str(sources_dir), "--out", str(tmp_path / "out")]
    assert main(["build", "kg_only", "--sources", "medqa", *local_files]) == 0
    assert "is not pinned" not in capsys.readouterr().out


def test_count_prints_a_table_of_what_the_files_hold(sources_dir: Path, capsys) -> None:
    assert main(["count", str(sources_dir)]) == 0
    assert "| mmlu_medical | test | 18 | 18 choice | 3 | 15 duplicate |\n" in capsys.readouterr().out


def test_a_broken_graph_stops_the_build_before_anything_is_written(tmp_path: Path, capsys) -> None:
    (tmp_path / "kg.csv").write_text(",".join(COLUMNS) + "\n" + "indication,indication,0,D,drug,Aspirin\n")
    assert main(["build", "kg_only", "--kg", str(tmp_path / "kg.csv"), "--out", str(tmp_path / "out")]) == 2
    assert "kg.csv cannot be read as a graph" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_module_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dataset_builder", "stages"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "| stage | reads | adds | uses |" in done.stdout
    assert "| find_mentions | question, gold_text, context | mentions | kg=sample |" in done.stdout


@pytest.mark.slow
def test_real_questions_on_the_real_graph(shared_data: Path, tmp_path: Path) -> None:
    """Every row of the splits ends published or rejected with a reason, and the shares are those that graph and relevance allow."""
    common = ["--data-dir", str(shared_data / "hub"), "--kg", str(shared_data / "primekg/kg_subset.csv.gz")]
    assert (
        main(["build", "kg_only", "--sources", "medqa,pubmedqa_labeled", *common, "--out", str(tmp_path / "real")])
        == 0
    )
    assert (
        main(
            [
                "build",
                "kg_only",
                "--sources",
                "medmcqa",
                "--split",
                "medmcqa=validation",
                *common,
                "--out",
                str(tmp_path / "trial"),
            ]
        )
        == 0
    )
    counts = {**_funnel(tmp_path / "real"), **_funnel(tmp_path / "trial")}
    assert {name: count["in"] for name, count in counts.items()} == {
        "medqa": 1272,
        "pubmedqa_labeled": 500,
        "medmcqa": 4183,
    }
    assert all(0.004 < count["published"] / count["in"] < 0.1 for count in counts.values()), "few are relevant"
    shares = {name: (count["published"] + count["no_relevant_path"]) / count["in"] for name, count in counts.items()}
    assert 0.2 < shares["medqa"] < 0.5
    assert 0.08 < shares["pubmedqa_labeled"] < 0.3
    assert 0.03 < shares["medmcqa"] < 0.2
    assert main(["verify", str(tmp_path / "real")]) == 0


def _funnel(folder: Path) -> dict[str, dict[str, int]]:
    return json.loads((folder / "manifest.json").read_text())["funnel"]


def test_the_earlier_option_for_contradictions_is_accepted_and_says_what_to_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["build", "kg_only", "--rows", "3", "--out", str(out)]
    assert main([*words, "--keep-contradicted"]) == 0
    said = capsys.readouterr().err
    assert "this is now the default" in said and "REJECT_CONTRADICTED=1" in said
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["inputs"]["reject_contradicted"] is False and "contradicted" not in manifest["card"]["command"]
    assert main(words) == 0  # the same build, without the option and its warning
    printed = capsys.readouterr()
    assert "warning" not in printed.err
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--keep-contradicted", "--reject-contradicted"])
    assert "not allowed with argument --keep-contradicted" in capsys.readouterr().err
