"""reasonmed on real questions with scripted writers of known skill: python -m benchmarks.reasonmed [ROWS].

Are the tiers as the writers' error rates predict? Are kept rationales right more often than samples? What do the tiers cost? Does a
second run ask nothing, and does a build that was killed give the same result? Questions: $SHARED_DATA/hub (MedQA's train split).
"""

import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset

from benchmarks.model_calls_server import Server
from dataset_builder.stages.route import TIERS, tier
from tests.support.llm_server.replies_reasonmed import FLAW
from tests.support.shared_data import SHARED_DATA

HUB = SHARED_DATA / "hub"
WRITERS = {"weak": 0.55, "fair": 0.35, "strong": 0.15}
HARD, HARD_ERROR, FLAWED, EDITOR_ERROR, JUDGE_ERROR = 0.3, 0.9, 0.2, 0.3, 0.15
SETTINGS = {
    "error": ",".join(f"{name}:{rate}" for name, rate in [*WRITERS.items(), ("editor", EDITOR_ERROR)]),
    "hard": HARD,
    "hard_error": HARD_ERROR,
    "flaw": FLAWED,
    "judge_error": JUDGE_ERROR,
    "unclear": 0.01,
}
MODELS = ["--writers", ",".join(WRITERS), "--judge", "judge", "--editor", "editor"]
PRICES = {"weak": "0.1/0.4", "fair": "0.3/1.2", "strong": "2/8", "judge": "0.15/0.6", "editor": "2.5/10"}
KILLS, IN_FLIGHT = 3, 64


def main(rows: int) -> None:
    """Print all of it."""
    os.environ |= {"SCRIPTED_SOURCES": "medqa", "SCRIPTED_DATA_DIR": str(HUB)}
    with tempfile.TemporaryDirectory() as folder:
        with Server("tests.support.llm_server.replies:reply", **SETTINGS, latency_ms=20) as server:
            print(finish(Path(folder) / "home", server, rows))
            first, asked = manifest(Path(folder) / "home"), server.stats()["requests"]
            finish(Path(folder) / "home", server, rows)
            again = server.stats()["requests"] - asked
        same = manifest(Path(folder) / "home")["content_hash"] == first["content_hash"]
        print(f"second run: {again} requests, {'the same' if same else 'ANOTHER'} content hash")
        out = str(Path(folder) / "home/out")
        questions = [row for split in load_dataset(out, "candidates").values() for row in split]
        kept = load_dataset(out, "cot", split="train")
        for line in chain(tiers(questions), quality(questions, kept), ends(questions)):
            print(line)
        print(killed(Path(folder) / "killed", rows, first, asked))


def wrong_rates(hard: bool) -> list[float]:
    """How likely each of the nine samples is judged wrong: a wrong answer by rule, else a flaw that is seen, or one that is not there."""
    seen = FLAWED * (1 - JUDGE_ERROR) + (1 - FLAWED) * JUDGE_ERROR
    errors = [HARD_ERROR if hard else rate for rate in WRITERS.values()]
    return [error + (1 - error) * seen for error in errors for _ in range(3)]


def predicted() -> dict[str, float]:
    """The tiers' shares: sums of unequal coins, mixed over hard and other questions. Unjudged ones (1 %) are left out."""
    shares = dict.fromkeys(TIERS, 0.0)
    for hard, weight in ((True, HARD), (False, 1 - HARD)):
        chances = [1.0]
        for rate in wrong_rates(hard):
            chances = [
                (chances[k] if k < len(chances) else 0.0) * (1 - rate) + (chances[k - 1] if k else 0.0) * rate
                for k in range(len(chances) + 1)
            ]
        for wrong, chance in enumerate(chances):
            name = tier(Counter(wrong=wrong, right=9 - wrong), Fraction(4, 9), Fraction(7, 9))
            shares[name] += weight * chance
    return shares


def tiers(questions: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Found and predicted, with how many standard errors lie between."""
    counts = Counter(row["tier"] for row in questions if row["tier"])
    for name, share in predicted().items():
        found, error = counts[name] / counts.total(), math.sqrt(share * (1 - share) / counts.total())
        yield f"{name}: {found:.1%} of {counts.total()} routed, predicted {share:.1%} ({(found - share) / error:+.1f} se)"


def quality(questions: Sequence[dict[str, Any]], kept: Dataset) -> Iterable[str]:
    """Right in truth: the right final answer, and no false step. The judge errs, so neither is certain of what was kept."""
    samples = [
        (verdict["answer"] == row["answer_label"], FLAW not in sample["text"])
        for row in questions
        for sample, verdict in zip(row["candidates"] or [], row["verdicts"] or [], strict=True)
        if sample["text"]
    ]
    rows = [
        (row["verdict"]["answer"] == row["answer_label"], FLAW not in row["completion"][0]["content"]) for row in kept
    ]
    for name, all_ in (("single samples", samples), ("kept rationales", rows)):
        right, sound = sum(map(all, all_)) / len(all_), sum(answer for answer, _ in all_) / len(all_)
        half = 1.96 * math.sqrt(right * (1 - right) / len(all_))
        yield f"{name}: {right:.1%} right (+-{half:.1%}), {sound:.1%} with the right final answer, of {len(all_)}"


def ends(questions: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Every question is published or has a reason."""
    reasons = Counter(row["rejected_because"] or "published" for row in questions)
    yield f"{len(questions)} questions: {', '.join(f'{n} {reason}' for reason, n in reasons.most_common())}"


def build_of(home: Path, server: Server, rows: int) -> tuple[dict[str, str], list[str]]:
    """Environment and arguments of a build of so many rows in a home of its own."""
    environment = os.environ | {
        "HF_HOME": str(home),
        "HF_DATASETS_CACHE": str(home / "datasets"),
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "none",
        "PYTHONDONTWRITEBYTECODE": "",  # as users have it: a second build need not compile what the first has imported
    }
    words = ["build", "reasonmed", "--sources", "medqa", "--data-dir", str(HUB), "--rows", str(rows), *MODELS]
    words += [word for name, price in PRICES.items() for word in ("--price", f"{name}={price}")]
    return environment, [*words, "--out", str(home / "out")]


def process(home: Path, server: Server, rows: int) -> subprocess.Popen[str]:
    """A build in a home of its own."""
    environment, words = build_of(home, server, rows)
    command = [sys.executable, "-m", "dataset_builder", *words, "--in-flight", str(IN_FLIGHT)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def finish(home: Path, server: Server, rows: int) -> str:
    """What a build prints. Raises RuntimeError where it fails."""
    build = process(home, server, rows)
    said, _ = build.communicate()
    if build.returncode:
        raise RuntimeError(f"the build failed: {said}")
    return said


def manifest(home: Path) -> dict[str, Any]:
    """Of the folder that was built."""
    return json.loads((home / "out/manifest.json").read_text())


def killed(home: Path, rows: int, whole: dict[str, Any], requests: int) -> str:
    """kill -9 at random moments, then a build to the end."""
    with Server("tests.support.llm_server.replies:reply", **SETTINGS, latency_ms=20) as server:
        for moment in sorted(random.Random().sample(range(1, requests), KILLS)):
            build = process(home, server, rows)
            while build.poll() is None and server.stats()["distinct"] < moment:
                time.sleep(0.01)
            build.send_signal(signal.SIGKILL)
            build.communicate()
        finish(home, server, rows)
        stats = server.stats()
    same = manifest(home)["content_hash"] == whole["content_hash"] and stats["distinct"] == requests
    return (
        f"{KILLS} kills -9, {IN_FLIGHT} in flight: {'the same' if same else 'ANOTHER'} content hash, "
        f"{stats['paid_again']} of {requests} answers paid again"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
