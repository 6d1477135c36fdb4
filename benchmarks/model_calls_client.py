"""One client of a benchmark in a process of its own: ours or bare. Prints rate, CPU and memory as JSON."""

import asyncio
import json
import os
import random
import resource
import sys
import time
from typing import Any

from dataset_builder.answer_store import AnswerStore
from dataset_builder.answers import Answers
from dataset_builder.conversation import Conversation, ask
from dataset_builder.llm import LLM
from dataset_builder.model_options import default_store
from dataset_builder.questions import on_disk
from dataset_builder.stage import Batch, rows_of, run, stage


@stage(needs="question", adds="rationale", asks=True)
def answer_prompt(batch: Batch, llm: LLM, seconds: float | None = None) -> list[Conversation]:
    """The simplest stage that asks."""
    return [_answer(row, llm) for row in rows_of(batch)]


def _answer(row: dict[str, Any], llm: LLM) -> Conversation:
    return {"rationale": (yield from ask(llm.request(row["question"])))}


def prompts(number: int, salt: int) -> list[str]:
    """Texts of 6,000 characters, all different, of 4,000 random words."""
    draw = random.Random(7)
    words = ["".join(draw.choice("abcdefghiklmnoprstuvw") for _ in range(draw.randint(2, 8))) for _ in range(4000)]
    text = " ".join(draw.choice(words) for _ in range(40_000))
    return [f"[{salt}-{i}] {text[(at := i * 37 % (len(text) - 6000)) : at + 6000]}" for i in range(number)]


def bare(texts: list[str], in_flight: int) -> float:
    """AsyncOpenAI over aiohttp; returns seconds."""
    import httpx
    from openai import AsyncOpenAI, DefaultAioHttpClient

    async def work() -> None:
        transport = DefaultAioHttpClient(limits=httpx.Limits(max_connections=None))
        async with AsyncOpenAI(max_retries=0, http_client=transport) as client:
            queue, answers = iter(texts), []

            async def worker() -> None:
                for text in queue:
                    message = {"role": "user", "content": text}
                    done = await client.chat.completions.create(
                        model="scripted", messages=[message], temperature=0.0, max_tokens=5000
                    )
                    answers.append(done.choices[0].message.content)

            await asyncio.gather(*(worker() for _ in range(in_flight)))
            assert len(answers) == len(texts)

    started = time.perf_counter()
    asyncio.run(work())
    return time.perf_counter() - started


def ours(texts: list[str], in_flight: int, seconds: float | None, options: dict[str, Any]) -> float:
    """Both halves of a stage through the dispatcher, store included; returns seconds. ``seconds``: stop after so many."""
    columns = {
        "source": "sample",
        "split": "train",
        "options": [],
        "answer": "x",
        "answer_type": "open",
        "gold_text": "x",
    }
    rows = on_disk([{"id": str(i), "question": text, "license": "mit", **columns} for i, text in enumerate(texts)])
    calls = {"prices": {}, "in_flight": in_flight, **options}
    resource_now = time.perf_counter()
    with Answers(AnswerStore(default_store()), calls) as answers:
        run(rows, [answer_prompt.using(llm=LLM("scripted"))], answers=answers, batch_size=256)
    return time.perf_counter() - resource_now


def main() -> None:
    """The client that is named, with the options as JSON."""
    name, options = sys.argv[1], json.loads(sys.argv[2])
    number, in_flight = options.pop("requests"), options.pop("in_flight")
    seconds, salt = options.pop("seconds", None), options.pop("salt", 0)
    for unused in ("log", "fresh"):
        options.pop(unused, None)
    if seconds is not None:
        import threading

        threading.Timer(seconds, lambda: (print("{}", flush=True), os._exit(0))).start()
    texts = prompts(number, salt)
    before = time.process_time()
    wall = bare(texts, in_flight) if name == "bare" else ours(texts, in_flight, seconds, options)
    cpu = time.process_time() - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": number / wall, "cpu_ms": cpu / number * 1000, "rss_mb": memory}))


if __name__ == "__main__":
    main()
