"""The pipeline reasonmed as a command, against scripted writers, judge and editor: its folder, tiers, costs, and a second run."""

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
import yaml

from dataset_builder.__main__ import main, parser
from dataset_builder.commands.model_options import models_of, self_judging_note
from dataset_builder.pipelines import PIPELINES
from dataset_builder.publishing.learning.configs import LEARNING
from dataset_builder.publishing.tiers import interval
from dataset_builder.publishing.unroll import FORMS, NAMES
from dataset_builder.publishing.verify import verify
from dataset_builder.sources.raw_files import sha256
from tests.pipelines.test_medreason import Builder
from tests.support.llm_server.running import Running, running

MODELS = ["--writers", "weak,fair,strong", "--judge", "judge", "--editor", "editor"]
PRICES = [word for name in ("weak", "fair", "strong", "judge", "editor") for word in ("--price", f"{name}=1/2")]
SKILL = {"error": "weak:0.6,fair:0.4,strong:0.2,editor:0.3", "hard": 0.3, "flaw": 0.1, "judge_error": 0.03}
Build = Callable[..., dict[str, Any]]


def load(*words: str, **more: str) -> Any:
    """Typed loosely: what `load_dataset` returns depends on its arguments."""
    return datasets.load_dataset(*words, **more)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(**SKILL) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield server


@pytest.fixture
def build(server: Running, tmp_path: Path) -> Build:
    def run(*more: str, out: str = "out") -> dict[str, Any]:
        assert main(["build", "reasonmed", *MODELS, *PRICES, "--out", str(tmp_path / out), *more]) == 0
        return json.loads((tmp_path / out / "manifest.json").read_text())

    return run


def test_a_folder_of_seven_configs_that_proves_itself(
    build: Build, server: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = build()
    folder = tmp_path / "out"
    questions = {split: rows.to_list() for split, rows in load(str(folder), "candidates").items()}
    configs = {name: load(str(folder), name, split="train") for name in FORMS}
    check_rows(questions, configs)
    check_learning(questions["train"], {name: load(str(folder), name, split="train") for name in LEARNING})
    check_facts(manifest, questions, configs, server)
    printed = capsys.readouterr().out
    for words in (
        "tiers",
        "difficult",
        "score of all: ",
        "'cot')",
        f" with {len(configs['cot'])} rationales published",
    ):
        assert words in printed
    check_card((folder / "README.md").read_text("utf-8"), configs)
    assert verify(folder).wrong == []

    asked = server.stats()["requests"]
    again = build(out="again")
    assert server.stats()["requests"] == asked, "a second run asks nothing"
    assert again["content_hash"] == manifest["content_hash"]


def check_rows(questions: dict[str, list[dict]], configs: dict[str, Any]) -> None:
    """One row per kept rationale in each config, its text verified, its columns those that were promised."""
    kept = [(row, k) for row in questions["train"] for k, response in enumerate(row["responses"], 1) if response]
    assert len(kept) > 60 and {row["tier"] for row, _ in kept} == {"easy", "medium", "difficult"}
    for name, rows in configs.items():
        assert rows.column_names == list(NAMES)
        assert rows["id"] == [f"{row['id']}#{k}" for row, k in kept]
        for (question, k), row in zip(kept, rows, strict=True):
            rationale, response = question["rationales"][k - 1], question["responses"][k - 1]
            text = {"cot": rationale["text"], "response": response}.get(
                name, f"## Thinking\n\n{rationale['text']}\n\n## Final Response\n\n{response}"
            )
            assert row["completion"] == [{"role": "assistant", "content": text}]
            assert question["question"] in row["prompt"][0]["content"]
            assert row["verdict"]["label"] == "right" and row["verdict"]["answer"] == row["answer_label"]
            assert row["model"] == rationale["model"] and (row["model"] == "editor") == (row["tier"] != "easy")
            assert 1 <= row["scores"]["score"] <= 10
            assert (row["scores"]["before"] is None) == (rationale["rounds"] == 0 or rationale["candidate"] is None)
    assert all(row["rejected_because"] for row in questions["rejected"])


def check_learning(questions: list[dict], configs: dict[str, Any]) -> None:
    """Every question is in `rl`, every pair is of two texts of its question that differ as it says, every rationale is in `steps`."""
    assert configs["rl"]["id"] == [row["id"] for row in questions]
    by_id = {row["id"]: row for row in questions}
    assert {row["why"] for row in configs["preference"]} == {"right/wrong", "refined/original"}
    for row in configs["preference"]:
        question = by_id[row["id"].removesuffix(f"#{row['why']}")]
        places = [row[f"{name}_from"] for name in ("chosen", "rejected")]
        texts = [question[place["column"]][place["position"]]["text"] for place in places]
        assert [row["chosen"][0]["content"], row["rejected"][0]["content"]] == texts and texts[0] != texts[1]
        assert max(map(len, texts)) <= 1.5 * min(map(len, texts)) and row["chosen_length"] == len(texts[0])
        if row["why"] == "right/wrong":
            labels = [question["verdicts"][place["position"]]["label"] for place in places]
            assert labels == ["right", "wrong"]
        else:
            assert [place["column"] for place in places] == ["rationales", "candidates"]
            assert row["chosen_model"] == "editor" != row["rejected_model"]
    rationales = [(f"{q['id']}#{k}", one["text"]) for q in questions for k, one in enumerate(q["rationales"], 1)]
    for row, (id_, text) in zip(configs["steps"], rationales, strict=True):
        assert row["id"] == id_ and row["verdict"]["label"] == "right"
        assert [text[step["start"] : step["end"]] for step in row["steps"]] == [step["text"] for step in row["steps"]]


def check_facts(manifest: dict, questions: dict[str, list[dict]], configs: dict[str, Any], server: Running) -> None:
    """The funnel counts questions; tiers add up to them, and to all calls and dollars."""
    funnel, tiers = manifest["funnel"]["sample"], manifest["run"]["tiers"]
    assert funnel["in"] == 76 == sum(map(len, questions.values())) == sum(t["questions"] for t in tiers.values())
    assert funnel["published"] == len(questions["train"]) == sum(t["published"] for t in tiers.values())
    assert sum(t["rationales"] for t in tiers.values()) == len(configs["cot"])
    stats = server.stats()
    assert sum(t["answers"] for t in tiers.values()) == stats["requests"] == stats["paid"]
    cost = stats["prompt_tokens"] / 1e6 + stats["completion_tokens"] * 2 / 1e6
    assert sum(t["usd"] for t in tiers.values()) == pytest.approx(cost, abs=1e-5)
    easy = tiers["easy"]
    assert easy["usd_per_rationale"] == pytest.approx(easy["usd"] / easy["rationales"], abs=1e-6)
    assert manifest["inputs"]["models"]["writers"] == "weak, fair, strong"
    assert manifest["inputs"]["judge_votes"] == 1 and manifest["inputs"]["grounded"] is False


def check_card(card: str, configs: dict[str, Any]) -> None:
    _, header, text = card.split("---\n", 2)
    data = yaml.safe_load(header)
    assert [config["config_name"] for config in data["configs"]] == [*FORMS, "candidates", *LEARNING]
    assert [config.get("default") for config in data["configs"]] == [True, None, None, None, None, None, None]
    assert {info["config_name"] for info in data["dataset_info"]} == {*FORMS, "candidates", *LEARNING}
    for name, rows in configs.items():
        assert f"## Columns of `{name}`" in text and f"| `{name}` | a kept rationale |" in text
        assert f"| {len(rows)} |" in text
    for words in ("## Columns of `candidates`", "## Tiers", "## Funnel", "| route |", "arXiv:2506.09513", "#<k>"):
        assert words in text


def test_an_edited_config_is_seen(build: Build, tmp_path: Path) -> None:
    build("--rows", "12")
    folder = tmp_path / "out"
    file = folder / "cot/train-00000-of-00001.parquet"
    rows = load(str(folder), "cot", split="train")
    rows.select(range(len(rows) - 1)).to_parquet(file)
    assert [line.partition(":")[0] for line in verify(folder).wrong] == ["cot/train-00000-of-00001.parquet"]
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["cot/train-00000-of-00001.parquet"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    wrong = verify(folder).wrong
    assert any(line.startswith("cot/") for line in wrong)
    manifest["files"]["cot/train-00000-of-00001.parquet"] = sha256(file)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    wrong = verify(folder).wrong
    assert any(line.startswith("cot: its rows are not the rationales") for line in wrong)
    assert any(line.startswith("content_hash: computed") for line in wrong)


@pytest.mark.slow
def test_votes_and_paths_are_choices_that_change_the_rows(build: Build, server: Running, tmp_path: Path) -> None:
    plain = build("--rows", "8")
    voted = build("--rows", "8", "--judge-votes", "3", out="voted")
    assert voted["inputs"]["judge_votes"] == 3 and voted["content_hash"] != plain["content_hash"]
    rows = load(str(tmp_path / "voted"), "candidates", split="train")
    assert {len(v["votes"]) for row in rows for v in row["verdicts"]} == {0, 3}
    grounded = build("--rows", "20", "--grounded", out="grounded")
    assert grounded["inputs"]["grounded"] is True
    assert "--grounded" in (tmp_path / "grounded/README.md").read_text("utf-8")
    rows = load(str(tmp_path / "grounded"), "candidates", split="train")
    assert all(len(row["support"]) == len(row["rationales"]) for row in rows)
    assert verify(tmp_path / "grounded").wrong == []


def test_roles_that_are_missing_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "reasonmed", "--judge", "j"]) == 2
    message = capsys.readouterr().err
    assert (
        "expected --writers MODEL[@ENDPOINT] --editor MODEL[@ENDPOINT]" in message and "WRITERS=… EDITOR=…" in message
    )


def test_a_judge_that_judges_itself_is_named() -> None:
    for judge, noted in (("a", True), ("b@a", False)):
        models = models_of(
            PIPELINES["reasonmed"],
            "reasonmed",
            parser().parse_args(["build", "reasonmed", "--writers", "a,c", "--judge", judge, "--editor", "e"]),
        )
        assert bool(self_judging_note(models)) is noted


def test_every_call_is_estimated_before_the_first(server: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "reasonmed", *MODELS, *PRICES]) == 0
    printed = capsys.readouterr().out
    lines = (line.split(" | ") for line in printed.splitlines() if line.startswith("| "))
    counted = {(line[0].strip("| "), line[1]): line[2] for line in lines}
    asked = [("sample_rationales", writer) for writer in ("weak", "fair", "strong")]
    asked += [("judge_rationales", "judge"), ("rank_rationales", "judge"), ("refine_rationales", "editor")]
    assert set(counted) >= {*asked, ("summarize_rationale", "editor"), ("score_rationales", "judge")}
    samples = [int(counted[of].replace(",", "")) for of in asked[:3]]
    assert int(counted["judge_rationales", "judge"].replace(",", "")) == sum(samples)
    assert "cannot be counted" not in printed and server.stats()["requests"] == 0


def test_where_every_question_is_rejected_the_folder_still_is_one(
    build: Build, server: Running, tmp_path: Path
) -> None:
    server.change(**SKILL | {"unclear": 1.0})
    manifest = build("--rows", "6")
    assert manifest["configs"] == {} and "train" not in manifest["rows"]
    reasons = load(str(tmp_path / "out"), "candidates", split="rejected")["rejected_because"]
    assert "unjudged" in reasons and None not in reasons
    assert verify(tmp_path / "out").wrong == []


def test_an_interval_says_how_many_questions_it_rests_on() -> None:
    assert interval([]) == {"questions": 0, "mean": None, "low": None, "high": None}
    assert interval([7.0])["low"] is None
    many = interval([6.0, 8.0] * 50)
    assert (many["questions"], many["mean"]) == (100, 7.0)
    assert many["low"] == pytest.approx(7 - 1.96 * (100 / 99) ** 0.5 / 10, abs=1e-3)


@pytest.mark.slow
def test_kill_9_loses_nothing(build: Build, server: Running, tmp_path: Path) -> None:
    whole = build()
    requests = server.stats()["requests"]
    server.change(**SKILL, latency_ms=30)
    killed, draw = Builder(tmp_path / "killed", server.url), random.Random()
    words = ["build", "reasonmed", *MODELS, *PRICES, "--in-flight", "8", "--out", str(killed.home / "out")]
    for moment in sorted(draw.sample(range(1, requests), 2)):
        process = subprocess.Popen(
            killed.command(*words), cwd=killed.code, env=killed.environment, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and len(server.state.attempts) < moment:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.005)
        process.kill()
        process.wait()
    killed.run(*words)
    assert json.loads((killed.home / "out/manifest.json").read_text())["content_hash"] == whole["content_hash"]
    stats = server.stats()
    assert stats["distinct"] == requests and stats["paid_again"] <= 2 * 2 * 8


@pytest.mark.slow
def test_a_cap_on_dollars_rejects_the_rest_and_a_higher_one_goes_on(
    build: Build, server: Running, tmp_path: Path
) -> None:
    some = build("--max-usd", "0.2", "--rows", "30")
    funnel = some["funnel"]["sample"]
    assert funnel["in"] == 30 and funnel.get("over_budget", 0) > 0
    assert verify(tmp_path / "out").wrong == []
    more = build("--rows", "30")
    assert "over_budget" not in more["funnel"]["sample"] and server.stats()["paid_again"] == 0
