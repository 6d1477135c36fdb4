"""Speed of model calls against the bare SDK client, under limits, from the store, after kills; on the scripted server.

    python -m benchmarks.model_calls [speed] [limits] [slow] [replay] [kills]     # all of them: about 14 minutes; `make bench`

Every client runs in a process of its own and prints its CPU time. Rates are compared within one round and medians are printed,
since the machine may be busy. The bare client is AsyncOpenAI over aiohttp with workers on a queue: no store, no retries, no rate
limiter, no check of the answers.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.model_calls_server import Server

PARTS = ("speed", "limits", "slow", "replay", "kills")
ROUNDS, SLOW_REQUESTS = 3, 240
LIMIT = {"latency_ms": 100, "jitter": 0.3, "burst_s": 0.2}


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), default=[])
    parser.add_argument("--kills", type=int, default=20, help="moments at which a build is killed (default: 20)")
    given = parser.parse_args()
    for part in given.parts or PARTS:
        print(f"\n{part}", flush=True)
        runs = {"speed": speed, "limits": limits, "slow": slow, "replay": replay, "kills": lambda: kills(given.kills)}
        runs[part]()


def speed() -> None:
    """Requests a second, CPU and memory, beside the bare client in turn on the same server. 6,000 characters, 600 tokens."""
    with Server(latency_ms=200) as server, tempfile.TemporaryDirectory() as home:
        for in_flight, requests in ((256, 4000), (1000, 6000)):
            found: dict[str, list[dict[str, Any]]] = {"bare": [], "ours": []}
            for round_ in range(ROUNDS):
                file = client("prompts", server, home, number=requests, length=6000, salt=round_)
                for name in found:
                    with tempfile.TemporaryDirectory() as own:
                        found[name].append(client(name, server, own, file=file, in_flight=in_flight))
            ratio = statistics.median(o["rate"] / b["rate"] for o, b in zip(found["ours"], found["bare"], strict=True))
            for name, runs in found.items():
                rate, cpu, rss = (statistics.median(run[key] for run in runs) for key in ("rate", "cpu_ms", "rss_mb"))
                print(
                    f"  {in_flight:4} in flight, {name}: {rate:6.0f} requests/s, {cpu:.2f} ms CPU each, {rss:.0f} MB"
                )
            print(f"  {in_flight:4} in flight: {ratio:.2f} x the bare client (median of {ROUNDS} rounds)", flush=True)


def limits() -> None:
    """How much of a limit is used, and the share of 429s: told, not told, moving."""
    for name, settings, options, seconds in (
        ("told 300/s", {"rate": "300"}, {"per_minute": 18000}, 20),
        ("told by headers", {"rate": "300", "header_rpm": 18000}, {}, 20),
        ("not told, 300/s", {"rate": "300"}, {}, 30),
        ("moving 50-300-300-100/s", {"rate": "0:50,10:300,40:300,50:100"}, {}, 60),
        ("ramp 50-300/s in 20 s", {"rate": "0:50,20:300"}, {}, 30),
        ("not told, 5 % random 429s", {"rate": "300", "fault_429": 0.05}, {}, 30),
    ):
        with Server(**LIMIT, **settings) as server, tempfile.TemporaryDirectory() as home:
            file = client("prompts", server, home, number=400 * seconds, length=200, salt=0)
            client("ours", server, home, file=file, in_flight=1000, seconds=seconds, **options)
            print(f"  {name}: {server.use(seconds)}", flush=True)


def slow() -> None:
    """A small server, as on a machine of one's own: 4 slots, 20 tokens a second each. With our defaults, and a client with 4 workers."""
    found: dict[str, tuple[dict[str, Any], int]] = {}

    def ask(name: str, in_flight: int) -> None:
        settings = {"slots": 4, "tokens_per_second": 20, "answer_tokens": 150, "jitter": 0.5}
        with Server(**settings) as server, tempfile.TemporaryDirectory() as home:
            file = client("prompts", server, home, number=SLOW_REQUESTS, length=2000, salt=0)
            found[name] = client(name, server, home, file=file, in_flight=in_flight), server.stats()["paid_again"]

    with ThreadPoolExecutor() as threads:  # side by side: both wait nearly all of the time
        for done in [threads.submit(ask, "bare", 4), threads.submit(ask, "ours", 256)]:
            done.result()
    for name, (run, again) in found.items():
        print(f"  {name}: {SLOW_REQUESTS / run['rate']:.0f} s for {SLOW_REQUESTS} answers, {again} answered again")
    print(f"  {found['ours'][0]['rate'] / found['bare'][0]['rate']:.2f} x the client that is tuned by hand")


def replay() -> None:
    """Rows a second of one stage whose answers are all in the store: both halves, and nothing in the Arrow cache."""
    with Server(latency_ms=0) as server, tempfile.TemporaryDirectory() as home:
        file = client("prompts", server, home, number=10_000, length=6000, salt=0)
        client("ours", server, home, file=file, in_flight=256)
        asked, runs = server.stats()["requests"], []
        for _ in range(ROUNDS):
            runs.append(client("replay", server, home, file=file))
            for cached in Path(file).parent.glob("cache-*"):
                cached.unlink()
        cpu, wall = (statistics.median(run[key] for run in runs) for key in ("cpu_ms", "rate"))
        sent = server.stats()["requests"] - asked
        print(f"  {1000 / cpu:,.0f} rows per second of CPU, {wall:,.0f} of the clock; {sent} requests for 10,000 rows")


def kills(times: int) -> None:
    """kill -9 a build at random moments: what is paid again, and whether the dataset is the same."""
    from benchmarks.model_calls_kills import kill_at_random

    print(f"  {kill_at_random(times)}")


def client(name: str, server: Server, home: str, **options: Any) -> Any:
    """Run a client in a process of its own, with its caches in ``home``; returns what it printed."""
    environment = os.environ | {
        "HF_HOME": home,
        "HF_DATASETS_CACHE": f"{home}/datasets",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "none",
    }
    command = [sys.executable, "-m", "benchmarks.model_calls_client", name, json.dumps(options)]
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout or "null")


if __name__ == "__main__":
    main()
