"""The pipeline medreason as a command, against the scripted server: again, replayed, killed, edited, with a planted key."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.llm_server.running import Running, running

ROOT = Path(__file__).parents[2]
KEY = "sk-planted-0123456789abcdef"
MODELS = ("--writer", "scripted", "--judge", "scripted", "--price", "scripted=1/2")


@pytest.fixture
def server() -> Iterator[Running]:
    with running() as server:
        yield server


class Builder:
    """Runs commands in a home of their own, as somebody at a terminal."""

    def __init__(self, home: Path, url: str, code: Path = ROOT) -> None:
        self.home, self.code = home, code
        self.environment = os.environ | {
            "HF_HOME": str(home / "hf"),
            "XDG_DATA_HOME": str(home / "data"),
            "HF_DATASETS_CACHE": str(home / "hf/datasets"),
            "OPENAI_BASE_URL": url,
            "OPENAI_API_KEY": KEY,
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "dataset_builder", *words]

    def run(self, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            self.command(*words), cwd=self.code, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == status, done.stderr[-3000:]
        assert KEY not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def build(self, *more: str, out: str = "out") -> dict:
        """The manifest of a build."""
        self.run("build", "medreason", *MODELS, "--out", str(self.home / out), *more)
        return json.loads((self.home / out / "manifest.json").read_text())


def calls(manifest: dict, what: str = "sent") -> dict[str, int]:
    return {s["stage"]: s["calls"][what] for s in manifest["run"]["stages"] if "calls" in s}


@pytest.mark.slow
def test_a_second_build_asks_nothing_and_a_published_store_rebuilds_the_same_without_a_key(
    server: Running, tmp_path: Path
) -> None:
    here = Builder(tmp_path / "here", server.url)
    first = here.build()
    assert first["rows"]["train"] > 20
    paid = server.stats()
    assert sum(calls(first).values()) == paid["requests"] == paid["paid"]
    cost = sum(s["calls"]["now"]["usd"] for s in first["run"]["stages"] if "calls" in s)
    assert cost == pytest.approx(paid["prompt_tokens"] / 1e6 + paid["completion_tokens"] * 2 / 1e6)
    second = here.build(out="again")
    assert second["content_hash"] == first["content_hash"]
    assert server.stats()["requests"] == paid["requests"] and set(calls(second).values()) == {0}
    here.run("store", "export", str(tmp_path / "answers.parquet"))

    there = Builder(tmp_path / "there", "http://127.0.0.1:9/v1")
    del there.environment["OPENAI_API_KEY"]
    message = there.run("build", "medreason", *MODELS, "--out", str(there.home / "out"), "--replay-only", status=2)
    asks_first = next(iter(calls(first)))
    assert re.search(
        rf"error: stage {asks_first}, row sample:[0-9a-f]+: .* has no answer of scripted to the request", message
    )
    there.run("store", "import", str(tmp_path / "answers.parquet"))
    replay = there.build("--replay-only")
    assert replay["content_hash"] == first["content_hash"]
    there.run("verify", str(there.home / "out"))
    assert server.stats()["requests"] == paid["requests"]


@pytest.mark.slow
def test_kill_9_at_three_moments_loses_nothing_and_pays_again_at_most_what_was_in_flight(
    server: Running, tmp_path: Path
) -> None:
    whole = Builder(tmp_path / "whole", server.url).build()
    requests, in_flight = server.stats()["requests"], 8
    server.change(latency_ms=40)
    killed, draw = Builder(tmp_path / "killed", server.url), random.Random()
    for moment in sorted(draw.sample(range(1, requests), 3)):
        words = ["build", "medreason", *MODELS, "--out", str(killed.home / "out"), "--in-flight", str(in_flight)]
        process = subprocess.Popen(
            killed.command(*words),
            cwd=ROOT,
            env=killed.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and len(server.state.attempts) < moment:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    final = killed.build("--in-flight", str(in_flight))
    assert final["content_hash"] == whole["content_hash"]
    stats = server.stats()
    assert stats["distinct"] == requests
    assert stats["paid_again"] <= 3 * 2 * in_flight  # per kill: in flight, and one batch that was not committed


@pytest.mark.slow
def test_a_fifth_of_faults_changes_no_row(server: Running, tmp_path: Path) -> None:
    whole = Builder(tmp_path / "whole", server.url).build()
    # without "length": at temperature 0 a truncated answer stays truncated, and is not bought again (tests/llm/test_dispatch.py)
    kinds = ("429", "429ra", "500", "reset", "hang", "drip", "cut", "empty", "badjson")
    server.change(**{f"fault_{kind}": 0.02 for kind in kinds}, retry_after_s=0.2)
    faulty = Builder(tmp_path / "faulty", server.url).build("--timeout", "3")
    # a text that is asked for again is another request, and the scripted reader errs by a hash of it
    assert sum(faulty["rows"].values()) == sum(whole["rows"].values())
    # a broken reply that comes twice in the same words is taken for the model's own, and ends the row's conversation
    assert sum(faulty["funnel"]["sample"].get(code, 0) for code in ("llm_failed", "bad_json", "bad_rationale")) <= 1
    assert abs(faulty["rows"]["train"] - whole["rows"]["train"]) <= 3


@pytest.mark.slow
def test_a_changed_word_asks_anew_for_its_stage_only_and_a_changed_reader_asks_nothing(
    server: Running, tmp_path: Path
) -> None:
    code = tmp_path / "code"
    for package in ("dataset_builder", "kg"):
        shutil.copytree(ROOT / package, code / package)  # with what numba has compiled, which takes 12 s
    builder = Builder(tmp_path / "home", server.url, code)
    asked = calls(builder.build())

    def edit(file: str, old: str, new: str) -> None:
        path = code / "dataset_builder" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    edit("prompts/check_answer.jinja", "Use only what the reasoning says", "Use nothing but what the reasoning says")
    changed = calls(builder.build())
    assert changed.pop("check_answer") >= asked["write_rationale"] * 0.9
    assert set(changed.values()) == {0}
    edit("stages/check_answer.py", '"wrong": "wrong_answer"', '"wrong": "unjudged"')
    edit("answer_extraction/extraction.py", '"""', '"""Another reader. ')
    manifest = builder.build()
    assert set(calls(manifest).values()) == {0}
    assert "wrong_answer" not in manifest["funnel"]["sample"]
    edit("llm/model.py", "temperature: float | None = 0.0", "temperature: float | None = 0.1")
    assert calls(builder.build())["extract_mentions"] == asked["extract_mentions"]
    edit("llm/model.py", "temperature: float | None = 0.1", "temperature: float | None = 0.0")
    other_judge = ["build", "medreason", "--writer", "scripted", "--judge", "scripted2", "--out", str(tmp_path / "o")]
    builder.run(*other_judge)
    changed = calls(json.loads((tmp_path / "o/manifest.json").read_text()))
    assert changed.pop("check_answer") > 0 and set(changed.values()) == {0}


@pytest.mark.slow
def test_a_planted_key_is_in_no_file_message_or_traceback(server: Running, tmp_path: Path) -> None:
    builder = Builder(tmp_path / "home", server.url)
    builder.build()
    server.change(key="another")  # the server repeats the key that came, in its message
    words = ["build", "medreason", *MODELS[:2], "--judge", "other", "--out", str(tmp_path / "home/out2")]
    assert "status 401: " in (message := builder.run(*words, status=2)) and "[key]" in message
    assert "Traceback" not in message
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert KEY.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_a_cap_stops_cleanly_and_a_higher_one_goes_on(server: Running, tmp_path: Path) -> None:
    builder = Builder(tmp_path / "home", server.url)
    message = builder.run("build", "medreason", *MODELS, "--max-usd", "0.20", "--out", str(tmp_path / "home/out"))
    stopped = json.loads((tmp_path / "home/out/manifest.json").read_text())
    spent = server.stats()["prompt_tokens"] / 1e6 + server.stats()["completion_tokens"] * 2 / 1e6
    assert 0.05 < spent <= 0.20
    assert stopped["funnel"]["sample"]["over_budget"] > 0
    assert "Run it again with a higher limit" in message
    done = builder.build("--max-usd", "50")
    assert "over_budget" not in done["funnel"]["sample"]
    assert server.stats()["paid_again"] == 0


@pytest.mark.slow
def test_an_estimate_before_the_first_call_is_near_what_a_build_costs(server: Running, tmp_path: Path) -> None:
    builder = Builder(tmp_path / "home", server.url)
    said = builder.run("estimate", "medreason", *MODELS)
    assert server.stats()["requests"] == 0
    about = re.search(r"About ([\d,]+) calls, \$([\d.]+) \(at most \$([\d.]+)\), [\d.]+ hours", said)
    assert about
    manifest = builder.build()
    assert 0.5 < int(about[1].replace(",", "")) / sum(calls(manifest).values()) < 2
    assert "About 0 calls, $0.00" in builder.run("estimate", "medreason", *MODELS)


def test_a_model_that_is_not_given_is_named(tmp_path: Path) -> None:
    message = Builder(tmp_path, "http://127.0.0.1:9/v1").run("build", "medreason", "--writer", "m", status=2)
    assert "error: pipeline medreason needs models; expected --judge MODEL[@ENDPOINT] (make: JUDGE=…)" in message
