"""Scores from end to end, each in processes of their own: lighteval's plain command lines, `score`, failing requests, new weights."""

import json
import shutil
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from lighteval_tasks.command import Settings, arguments
from lighteval_tasks.items import ask, read_items
from lighteval_tasks.outcomes import read_run
from lighteval_tasks.prompts import PROMPT_NAMES, PROMPTS
from tests.lighteval_tasks.commands import ROOT, call, lighteval, outputs, results, score, tasks_of
from tests.support.hub.running import running as local_hub
from tests.support.llm_server import replies_scores
from tests.support.llm_server.running import running

pytestmark = pytest.mark.slow
FILES = {PROMPT_NAMES[suffix]: file for suffix, file in PROMPTS.items()}  # name of a prompt to its file
# after any token but A the next is A, after A the end
SAYS_A = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
folder = sys.argv[1]
model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
says = tokenizer("A")["input_ids"][-1]
for parameter in model.model.layers.parameters():
    parameter.data.zero_()
model.config.tie_word_embeddings = False
size, width = model.model.embed_tokens.weight.shape
head = torch.zeros(size, width)
model.model.embed_tokens.weight.data.zero_()
model.model.embed_tokens.weight.data[:, 0] = 1.0
model.model.embed_tokens.weight.data[says] = torch.eye(width)[1]
head[says, 0], head[tokenizer.eos_token_id, 1] = 1.0, 1.0
model.lm_head.weight = torch.nn.Parameter(head)
model.save_pretrained(folder)
"""
# as the tokenizers of Llama and Mistral do
ADDS_BEGIN = """
import sys
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
bos = (tokenizer.bos_token, tokenizer.bos_token_id)
tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{bos[0]} $A", special_tokens=[bos])
tokenizer.save_pretrained(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
text = tokenizer.apply_chat_template([{"role": "user", "content": "?"}], tokenize=False)
print(str(tokenizer(text)["input_ids"][:3]).rsplit(" ", 1)[0])
"""
READS_ARGUMENTS = """
import json, sys
from lighteval.models.sglang.sglang_model import SGLangModelConfig
from lighteval.models.transformers.transformers_model import TransformersModelConfig
from lighteval.models.vllm.vllm_model import VLLMModelConfig
backend, given = sys.argv[1:]
kinds = {"vllm": VLLMModelConfig, "sglang": SGLangModelConfig, "accelerate": TransformersModelConfig}
read = kinds[backend].from_args(given).model_dump()
length = {"vllm": "max_model_length", "sglang": "context_length", "accelerate": "max_length"}[backend]
print(json.dumps({"model": read["model_name"], "revision": read.get("revision"), "dtype": read["dtype"], "length": read[length],
                  "add_special_tokens": read["add_special_tokens"]}))
"""

FILES = {PROMPT_NAMES[suffix]: file for suffix, file in PROMPTS.items()}  # name of a prompt to its file


def test_new_weights_under_the_same_name_give_new_scores(tiny: Path, hub: Path, tmp_path: Path) -> None:
    """Equal outputs and scores when run twice, others with other weights: no cache answers for them. The weights learn to say "A"."""
    model = tmp_path / "model"
    shutil.copytree(tiny, model)

    def run(name: str) -> tuple[list[str], float]:
        arguments = f"model_name={model.name},batch_size=8,cache_dir={tmp_path / 'cache'}"
        also = ("--custom-tasks", str(ROOT / "lighteval_tasks" / "tasks.py"), "--save-details")
        where = ("--output-dir", str(tmp_path / name))
        lighteval("accelerate", arguments, "medical:medbullets_op4|0", *also, *where, hub=hub, cwd=tmp_path)
        (texts,) = outputs(tmp_path / name).values()
        return texts, results(tmp_path / name)["medical:medbullets_op4|0"]["accuracy"]

    once, twice = run("once"), run("twice")
    assert once == twice
    assert len(once[0]) == 8
    assert call([sys.executable, "-c", SAYS_A, str(model)]).returncode == 0
    texts, accuracy = run("new")
    assert texts != once[0] and accuracy > once[1]


def test_score_of_a_folder(tiny: Path, hub: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = score(str(tiny), "--batch-size", "4", "--max-new-tokens", "8", "--out", str(out), hub=hub)
    assert done.returncode == 0, done.stderr[-3000:]
    made = json.loads((out / "scores.json").read_text())
    assert {task["task"]: task["items"] for task in made["tasks"]} == {"medbullets_op4": 8, "hle_medical": 6}
    assert (
        made["engine"]["device"] == "CPU"
        and made["engine"]["transformers"]
        and made["engine"]["lighteval"] == "0.13.0"
    )
    assert "medqa" in made["not_scored"] and "Not scored: medqa (expected one file" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == ["details", "results", "scores.json", "scores.md"]
    assert all(task["truncated"] > 0.5 and task["mean_output_tokens"] <= 8 for task in made["tasks"])
    assert not list(tiny.glob("*/")), "lighteval's cache is in the model's folder"
    (tmp_path / "empty").mkdir()
    done = score(str(tmp_path / "empty"), "--out", str(tmp_path / "none"), hub=hub)
    assert done.returncode == 1 and "score: found no tokenizer in" in done.stderr and "Traceback" not in done.stderr


def test_a_prompt_begins_with_one_begin_token(tiny: Path, hub: Path, tmp_path: Path) -> None:
    """Tokenizers of Llama and Mistral put it before any text, and their templates have it as well: trained was one."""
    model = tmp_path / "model"
    shutil.copytree(tiny, model)
    assert call([sys.executable, "-c", ADDS_BEGIN, str(model)]).stdout.split() == ["[0,", "0,"]
    out = tmp_path / "out"
    flags = ("--tasks", "medbullets_op4", "--max-new-tokens", "8", "--batch-size", "4", "--out", str(out))
    done = score(str(model), *flags, hub=hub)
    assert done.returncode == 0, done.stderr[-3000:]
    (path,) = out.rglob("details_*.parquet")
    asked = [row["input_tokens"] for row in pyarrow.parquet.read_table(path)["model_response"].to_pylist()]
    assert [tokens.count(0) for tokens in asked] == [1] * 8


@pytest.mark.parametrize("backend", ["vllm", "sglang", "accelerate"])
def test_lighteval_takes_our_model_arguments(
    backend: str, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as a backend can be tried without a GPU: its own reader of arguments accepts them, and refuses what it does not know."""
    monkeypatch.setattr("lighteval_tasks.command.snapshot_download", lambda model, revision: str(tiny))
    settings = Settings("org/m", "v1.0", ("medqa",), backend=backend, dtype="bfloat16", batch_size=4, max_length=8192)
    _, given, *_ = arguments(settings, tmp_path)
    done = call([sys.executable, "-c", READS_ARGUMENTS, backend, given])
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["model"] == ("m" if backend == "sglang" else "org/m") and found["add_special_tokens"] is False
    assert found["length"] == 8192 and found["dtype"] == "bfloat16"
    assert found["revision"] == (None if backend == "sglang" else "v1.0")
    assert (tmp_path / "m").exists() == (backend == "sglang")


def test_a_scripted_examinee_is_scored_exactly(
    every_item: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On every task, in every prompt, at most one item from what it meant. The real items, sixty of each task; all: benchmarks.examinee."""
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(every_item))
    sources = sorted({row["source"] for row in replies_scores.items().values()})
    names = [source + suffix for source in sources for suffix in PROMPTS]
    out = tmp_path / "out"
    with running(replies_scores.reply) as server:
        arguments = ("--backend", "litellm", "--base-url", server.url, "--tasks", ",".join(names), "--limit", "60")
        done = score("scripted", *arguments, "--out", str(out), hub=every_item)
    assert done.returncode == 0, done.stderr[-3000:]
    found = tasks_of(out)
    assert len(found) == len(names) == len(sources) * len(PROMPTS)
    for task in read_run(out / "details"):
        rows = {row["id"]: row for row in read_items(task.source, every_item).rows}
        meant = [replies_scores.chosen(ask(rows[one.id], FILES[task.prompt])) == one.gold for one in task.outcomes]
        assert abs(sum(meant) - found[task.task, task.prompt]["correct"]) <= 1, task.name
        assert len(task.outcomes) == min(60, len(rows))


def test_failed_requests_are_no_answers_and_only_they_are_asked_again(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(hub))
    key = "sk-canary-of-a-test"
    with running(replies_scores.reply, fault_500=0.4, permanent=1.0, seed=3) as server:
        arguments = (
            "--backend",
            "litellm",
            "--base-url",
            server.url,
            "--out",
            str(tmp_path / "out"),
            "--retries",
            "1",
        )
        done = score("scripted", *arguments, hub=hub, OPENAI_API_KEY=key)
        answered = server.stats()["paid_distinct"]
        assert done.returncode == 1
        assert f"score: {14 - answered} of 14 requests failed" in done.stderr
        assert "Run the same command again" in done.stderr
        assert not (tmp_path / "out" / "scores.json").exists()
        server.change()
        done = score("scripted", *arguments, hub=hub, OPENAI_API_KEY=key)
        assert done.returncode == 0, done.stderr[-3000:]
        assert (
            server.stats()["paid_distinct"] <= 14 - answered + 2
        )  # those that failed, and empty answers, which are asked twice
        assert sum(task["items"] for task in tasks_of(tmp_path / "out").values()) == 14
        server.change(key="another")
        done = score("scripted", *arguments, hub=hub, OPENAI_API_KEY=key)
        assert done.returncode == 1
        assert key not in done.stdout + done.stderr
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or key.encode() not in path.read_bytes(), path


def dataset_that_repeats_two_items(hub: Path, tmp_path: Path) -> Path:
    """A dataset folder whose source repeats two questions of a benchmark."""
    raw = tmp_path / "raw" / "medbullets" / "op4"
    shutil.copytree(hub / "medbullets" / "op4", raw)
    repeated = [json.loads(line) for line in (raw / "test.jsonl").read_text("utf-8").splitlines()][:2]
    train = tmp_path / "raw" / "GBaker" / "MedQA-USMLE-4-options" / "train.jsonl"
    train.parent.mkdir(parents=True)
    train.write_text("".join(json.dumps(row) + "\n" for row in repeated), "utf-8")
    built = tmp_path / "built"
    flags = ("--sources", "sample,medqa", "--benchmarks", "medbullets_op4", "--data-dir", str(tmp_path / "raw"))
    build = [sys.executable, "-m", "dataset_builder", "build", "kg_only", *flags, "--out", str(built)]
    assert call(build).returncode == 0
    return built


def upload(folder: Path, name: str, kind: str, client: dict[str, str]) -> None:
    """Send a folder to a Hub, and tag it v1."""
    code = "import huggingface_hub, sys\na, of = huggingface_hub.HfApi(), dict(zip(('repo_id', 'repo_type'), sys.argv[2:]))\n"
    code += "a.create_repo(exist_ok=True, **of); a.upload_folder(folder_path=sys.argv[1], **of); a.create_tag(tag='v1', exist_ok=True, **of)"
    assert call([sys.executable, "-c", code, str(folder), name, kind], **client).returncode == 0


def test_a_model_and_a_ledger_on_the_hub_and_scores_pushed_to_it(tiny: Path, hub: Path, tmp_path: Path) -> None:
    """The model is that of the commit that is named, whatever was there before. The dataset's source repeats two questions of the benchmark,
    so the clean score is without them. What was pushed loads task by task."""
    built = dataset_that_repeats_two_items(hub, tmp_path)
    with local_hub(tmp_path / "server") as local:
        client = local.env() | {"HF_HUB_OFFLINE": "0"}

        upload(built, "org/facts", "dataset", client)
        upload(tiny, "org/tiny", "model", client)
        out, where = tmp_path / "out", ("--dataset", "org/facts@v1", "--push", "org/scores")
        flags = ("--tasks", "medbullets_op4", "--max-new-tokens", "8", "--batch-size", "8", "--out", str(out))
        done = score("org/tiny", *flags, *where, hub=hub, **client)
        assert done.returncode == 0, done.stderr[-3000:]
        (task,) = tasks_of(out).values()
        assert (task["items"], task["clean"]["items"]) == (8, 6)
        assert "| 8 | 0.0 %" in done.stdout and f"{local.url}/datasets/org/scores/commit/" in done.stdout
        commit = json.loads((out / "scores.json").read_text())["commit"]
        assert len(commit) == 40 and f"**org/tiny** at `main`, commit {commit}" in done.stdout
        for wrong, said in (
            (("org/tiny", "--revision", "v9"), "Invalid rev id: v9"),
            (("org/none",), "has no repository org/none@main, or it is private"),
            (("org/tiny", "--dataset", "org/none@v1"), "has no repository org/none@v1"),
        ):
            refused = score(*wrong, "--tasks", "medbullets_op4", "--out", str(tmp_path / "no"), hub=hub, **client)
            assert refused.returncode == 1 and said in refused.stderr and "Traceback" not in refused.stderr

        model = tmp_path / "model"
        shutil.copytree(tiny, model)
        assert call([sys.executable, "-c", SAYS_A, str(model)]).returncode == 0
        upload(model, "org/tiny", "model", client)
        assert score("org/tiny", *flags, hub=hub, **client).returncode == 0
        (new,) = tasks_of(out).values()
        assert new["correct"] > task["correct"] and json.loads((out / "scores.json").read_text())["commit"] != commit
        at_tag = score("org/tiny", "--revision", "v1", *flags, hub=hub, **client)
        assert f"at `v1`, commit {commit}" in at_tag.stdout
        load = "from datasets import load_dataset; d = load_dataset('org/scores', 'medbullets_op4'); print(d['train'].num_rows)"
        loaded = call([sys.executable, "-c", load], **client)
        assert loaded.stdout.split() == ["8"], loaded.stderr[-2000:]
        stranger = call(
            [sys.executable, "-c", load],
            **local.env("stranger") | {"HF_HUB_OFFLINE": "0", "HF_DATASETS_CACHE": str(tmp_path / "empty")},
        )
        assert stranger.returncode and "org/scores" in stranger.stderr, "scores are pushed to a private repository"
