"""Two servers behind one name, one of them killed and started again: python -m benchmarks.many_servers (3 minutes).

Scripted servers, each a process, no model: a fast one with 8 slots of 0.2 s (40 answers a second at most), a slow one with 4 slots of 0.3 s
(13.3). Each is measured alone, then both together while the fast one, and in another run the slow one, gets SIGKILL and is started again at
its port. Rates are answers a second from the servers' logs. `left` and `sum` are the rates measured alone. The window after the kill begins
with the kill itself.
"""

import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.conversation import Conversation, ask
from dataset_builder.llm.model import LLM
from dataset_builder.llm.runner import Runner
from dataset_builder.llm.usage import Usage, said_of
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from dataset_builder.stage import Batch, rows_of, stage
from tests.support.llm_server.process import ServerProcess
from tests.test_stage import question

CASES: dict[str, dict[str, Any]] = {
    "fast": {"slots": 8, "tokens_per_second": 500, "answer_tokens": 100},
    "slow": {"slots": 4, "tokens_per_second": 1000 / 3, "answer_tokens": 100},
}
SETTLED_S, ALONE_S = 3.0, 12.0  # left out at the begin of a window; how long a server is measured alone
KILL_S, DOWN_S, AFTER_S = 15.0, 12.0, 20.0  # both together; killed; and again together


class Times(NamedTuple):
    """Seconds of the machine's monotonic clock."""

    begun: float
    killed: float
    back: float


@stage(needs="question", adds="rationale", asks="llm")
def answer_question(batch: Batch, llm: LLM) -> list[Conversation]:
    """The simplest stage that asks."""
    return [_answer(row, llm) for row in rows_of(batch)]


def _answer(row: dict[str, Any], llm: LLM) -> Conversation:
    return {"rationale": (yield from ask(llm.request(row["question"])))}


def main() -> None:
    """Print all of it."""
    alone = {name: measure_alone(name) for name in CASES}
    for name, rate in alone.items():
        print(f"{name} alone: {rate:.1f} answers/s", flush=True)
    both = sum(alone.values())
    print(
        "killed | before, of the sum | killed, of what is left | again, of the sum | back in after | answers, again | said"
    )
    for name in CASES:
        rows = round(both * (KILL_S + AFTER_S) + (both - alone[name]) * DOWN_S)
        print(measure_killed(name, rows, alone), flush=True)


def measure_alone(name: str) -> float:
    """The answers a second of one server that has always enough to do."""
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder) / "log.tsv", **CASES[name]) as server:
        begun, slots = time.monotonic(), CASES[name]["slots"]
        seconds = CASES[name]["answer_tokens"] / CASES[name]["tokens_per_second"]
        ask_all(round(ALONE_S * 1.5 * slots / seconds), [server], Path(folder))
        return rate_of([server], begun + SETTLED_S, begun + SETTLED_S + ALONE_S)


def measure_killed(name: str, rows: int, alone: dict[str, float]) -> str:
    """A line of the table: one of the two servers is killed and started again while so many rows ask."""
    with tempfile.TemporaryDirectory() as home:
        servers = {one: ServerProcess(Path(home) / f"{one}.tsv", **settings) for one, settings in CASES.items()}
        with servers["fast"], servers["slow"]:
            victim, times = servers[name], []
            begun = time.monotonic()
            killer = threading.Thread(target=lambda: times.append(kill_and_start(victim, begun)))
            killer.start()
            usage = ask_all(rows, list(servers.values()), Path(home))
            killer.join()
        [at], both = times, sum(alone.values())
        again = min(o.at for o in victim.outcomes() if o.at > at.back)
        before = rate_of(servers.values(), at.begun + SETTLED_S, at.killed) / both
        killed = rate_of(servers.values(), at.killed, at.back) / (both - alone[name])
        after = rate_of(servers.values(), again + SETTLED_S, at.back + AFTER_S - 2) / both
        answers = sum((server.answered() for server in servers.values()), Counter[str]())
        twice = f"{rows} rows, {sum(answers.values()) - len(answers)} answered twice, {usage.errors['cut']} cut"
        return f"{name} | {before:.2f} | {killed:.2f} | {after:.2f} | {again - at.back:.1f} s | {twice} | {said_of(usage.outages)}"


def kill_and_start(server: ServerProcess, begun: float) -> Times:
    """Kill a server at its time, and start it again."""
    time.sleep(max(0.0, begun + KILL_S - time.monotonic()))
    server.kill()
    killed = time.monotonic()
    time.sleep(DOWN_S)
    server.start()
    return Times(begun, killed, time.monotonic())


def ask_all(rows: int, servers: Sequence[ServerProcess], home: Path) -> Usage:
    """One call per row, to the servers behind model@farm."""
    os.environ["FARM_BASE_URL"] = ",".join(server.url for server in servers)
    questions = on_disk([question(f"question {number}") for number in range(rows)])
    with Runner(AnswerStore(home / "answers.sqlite"), {"prices": {}}) as runner:
        found, [one] = run(
            questions, [answer_question.using(llm=LLM("scripted", "farm", max_tokens=200))], runner=runner
        )
    assert one.calls is not None and None not in found["rationale"][:]
    return one.calls


def rate_of(servers: Any, since: float, until: float) -> float:
    """Answers a second of these servers in a window."""
    times = [o.at for server in servers for o in server.outcomes() if o.outcome == "good"]
    return sum(since <= at < until for at in times) / (until - since)


if __name__ == "__main__":
    sys.exit(main())
