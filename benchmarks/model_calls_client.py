"""One client of a benchmark in a process of its own: bare, ours, or replay. Prints rate, CPU and memory as JSON.

The requests are in a file that another process has made, so that making them costs this process no memory and no time.
"""

import asyncio
import json
import os
import random
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.conversation import Conversation, ask
from dataset_builder.llm.model import LLM
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from dataset_builder.stage import Batch, rows_of, stage

STORE = Path(os.environ["HF_HOME"]) / "answers.sqlite"


@stage(needs="question", adds="rationale", asks="llm")
def answer_prompt(batch: Batch, llm: LLM) -> list[Conversation]:
    """The simplest stage that asks."""
    return [_answer(row, llm) for row in rows_of(batch)]


def _answer(row: dict[str, Any], llm: LLM) -> Conversation:
    return {"rationale": (yield from ask(llm.request(row["question"])))}


def write_prompts(number: int, length: int, salt: int) -> str:
    """A file of questions of this length, all different, of 4,000 random words; returns its path."""
    draw = random.Random(7)
    words = ["".join(draw.choice("abcdefghiklmnoprstuvw") for _ in range(draw.randint(2, 8))) for _ in range(4000)]
    text = " ".join(draw.choice(words) for _ in range(40_000))
    columns = {
        "source": "sample",
        "split": "train",
        "options": [],
        "answer": "x",
        "answer_type": "open",
        "gold_text": "x",
    }
    starts = (i * 37 % (len(text) - length) for i in range(number))
    rows = [
        {"id": str(i), "question": f"[{salt}-{i}] {text[at : at + length]}", "license": "mit", **columns}
        for i, at in enumerate(starts)
    ]
    return on_disk(rows).cache_files[0]["filename"]


def bare(file: str, in_flight: int) -> float:
    """AsyncOpenAI over aiohttp, workers on one queue; returns seconds."""
    import httpx
    from openai import AsyncOpenAI, DefaultAioHttpClient

    rows = Dataset.from_file(file)

    async def work() -> None:
        transport = DefaultAioHttpClient(limits=httpx.Limits(max_connections=0))  # no limit; None would be 100
        async with AsyncOpenAI(max_retries=0, http_client=transport) as client:
            queue, answers = (row["question"] for row in rows), []

            async def worker() -> None:
                for text in queue:
                    done = await client.chat.completions.create(
                        model="scripted",
                        messages=[{"role": "user", "content": text}],
                        temperature=0.0,
                        max_tokens=5000,
                    )
                    answers.append(done.choices[0].message.content)

            await asyncio.gather(*(worker() for _ in range(in_flight)))
            if len(answers) != len(rows):
                raise RuntimeError(f"{len(answers)} answers to {len(rows)} requests")

    started = time.perf_counter()
    asyncio.run(work())
    return time.perf_counter() - started


def ours(file: str, in_flight: int, seconds: float | None = None, **options: Any) -> float:
    """The first half of a stage, store included; returns seconds. ``seconds``: the process ends after so many."""
    rows = Dataset.from_file(file)
    with Runner(AnswerStore(STORE), {"prices": {}, "in_flight": in_flight, **options}) as runner:
        if seconds is not None:
            threading.Timer(seconds + 0.5, os._exit, (0,)).start()
        started = time.perf_counter()
        runner.fetch_answers(answer_prompt.using(llm=LLM("scripted")), rows)
        return time.perf_counter() - started


def replay(file: str) -> float:
    """Both halves of a stage whose answers are all in the store, without one call; returns seconds."""
    started = time.perf_counter()
    with Runner(AnswerStore(STORE)) as runner:
        run(Dataset.from_file(file), [answer_prompt.using(llm=LLM("scripted"))], runner=runner, batch_size=256)
    return time.perf_counter() - started


def main() -> None:
    """The client that is named, with its arguments as JSON."""
    name, options = sys.argv[1], json.loads(sys.argv[2])
    if name == "prompts":
        print(json.dumps(write_prompts(**options)))
        return
    before = time.process_time()
    wall = {"bare": bare, "ours": ours, "replay": replay}[name](**options)
    cpu = time.process_time() - before
    number = len(Dataset.from_file(options["file"]))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": number / wall, "cpu_ms": cpu / number * 1000, "rss_mb": memory}))


if __name__ == "__main__":
    main()
