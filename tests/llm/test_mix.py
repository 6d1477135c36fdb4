"""Everything at once: rows over a server that answers a fifth of all calls with what real endpoints have sent."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.calls.errors import ErrorAction
from dataset_builder.llm.completion import Completion, read_completion
from dataset_builder.llm.model import ModelError
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from tests.llm.asking import PRICES, WRITER, say_json, says
from tests.llm.test_reported_errors import error_of
from tests.support.endpoint_cases import cases, completions
from tests.support.llm_server.canned import Canned
from tests.support.llm_server.running import running
from tests.test_stage import question


def canned(*, ends_run: bool) -> list[Canned]:
    """The reported errors, and the reported replies that are no answer. ``ends_run``: also those after which the run ends."""
    found = []
    for case in cases("errors"):
        error = error_of(case)
        if case["status"] and error.retry_after < 1 and (ends_run or error.action != ErrorAction.END_RUN):
            headers = {
                k: v for k, v in (case.get("headers") or {}).items() if not k.lower().startswith("x-ratelimit")
            }  # limits are kept
            found.append(Canned.of(case["status"], case["body"], headers))
    for body in completions():
        read = read_completion(json.dumps(body))
        if not isinstance(read, Completion) or read.bad:
            found.append(Canned.of(200, json.dumps(body), paid=False))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("ends_run", [False, True])
def test_two_thousand_rows_over_everything_that_was_reported(
    ends_run: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cap = 2000 * (300 * 1 + 200 * 2) / 1e6 * 3
    with running(says) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789abcdef")
        monkeypatch.setattr("dataset_builder.llm.calls.attempts.BACK_OFF", dict.fromkeys(ErrorAction, (0.01, 0.05)))
        server.state.canned = canned(ends_run=ends_run)
        server.change(canned=0.005 if ends_run else 0.2)
        assert len(server.state.canned) > 150
        rows, runs, started = on_disk([question(f"question {i}") for i in range(2000)]), 0, time.monotonic()
        while True:
            runs += 1
            try:
                with Runner(
                    AnswerStore(tmp_path / "s.sqlite"), {"prices": PRICES, "timeout_s": 5.0, "max_usd": cap}
                ) as runner:
                    done, [one] = run(rows, [say_json.using(llm=WRITER)], runner=runner)
                break
            except ModelError as why:
                assert ends_run and runs < 60 and "the run was stopped" in str(why)
        assert time.monotonic() - started < 120
        stats: dict[str, Any] = server.stats()
    table = done.to_list()
    good = [row for row in table if row["rejected_because"] is None]
    assert all(row["rationale"] == row["question"] for row in good), "no wrong text"
    assert {row["rejected_because"] for row in table} <= {None, "llm_failed"} and all(
        row["rejected_detail"] for row in table if row not in good
    )
    assert len(good) > (1900 if ends_run else 1000)
    assert stats["paid_again"] == 0
    assert one.calls is not None
    spent = (one.calls.now.usd or 0) + (one.calls.before.usd or 0)
    truly = stats["prompt_tokens"] / 1e6 + stats["completion_tokens"] * 2 / 1e6
    assert truly <= spent + 1e-9 and spent <= cap
