"""Mutated replies of endpoints through everything that reads them: python -m benchmarks.fuzz_replies [NUMBER] [SEED]   (make fuzz)

Begins with the replies in tests/fixtures/endpoints, which are from real endpoints, and changes them: bytes and pieces of the text, values of
the JSON (other types, huge and odd numbers, halves of characters, deep nesting), headers. Nothing may raise or take a second.
"""

import contextlib
import copy
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.answer_extraction.thoughts import without_thoughts
from dataset_builder.llm.calls.errors import classify_status, error_under_200, room_for_answer
from dataset_builder.llm.completion import Completion, NoCompletion, read_completion
from dataset_builder.llm.json_reply import NotJSON, find_object
from dataset_builder.llm.secrets import redacted
from tests.support.endpoint_cases import completions, errors

OPTIONS = {"A": "aspirin", "B": "ibuprofen", "C": "no", "D": "none of the above"}
ODD: tuple[Any, ...] = (
    None, True, False, -1, -1_000_000, 10**30, 1.5, float("inf"), "", " ", "100", "²", "\ud800", "\x00", "￿", [], {}, [[]], [None],
    {"a": {"b": []}}, "B" * 10_000, "{" * 1000, "<think>", "</think>", "<|channel|>final<|message|>", "Retry-After: 1e999", "\\u0073k",
)  # fmt: skip
HEADERS = ("retry-after", "retry-after-ms", "x-ratelimit-limit-requests", "date", "location")
VALUES = (
    "1",
    "-1",
    "²",
    "1e400",
    "nan",
    "inf",
    "soon",
    "",
    "Wed, 21 Oct 2026 07:28:30 GMT",
    "99999999999999999999",
    "1;2",
    "\x00",
    "\uff16",
)
SLOW_S, MEMORY_MB = 1.0, 1000


def mutated_json(draw: random.Random, body: Any) -> str:
    """The JSON with a few values replaced, removed, doubled or nested."""
    body = copy.deepcopy(body)
    for _ in range(draw.randint(1, 4)):
        places = list(_places(body))
        if not places:
            break
        holder, key = draw.choice(places)
        kind = draw.randrange(5)
        if kind == 0:
            holder[key] = copy.deepcopy(draw.choice(ODD))  # it may be changed next
        elif kind == 1:
            del holder[key]
        elif kind == 2:
            holder[key] = [holder[key]] * draw.randint(1, 3)
        elif kind == 3:
            holder[key] = {draw.choice(("text", "type", "content", "error", "message")): holder[key]}
        else:
            holder[key] = str(holder[key]) + str(draw.choice(ODD))
    return json.dumps(body, ensure_ascii=draw.random() < 0.7)


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def mutated_text(draw: random.Random, text: str) -> str:
    """The text with pieces cut, doubled, swapped, or brackets without end."""
    for _ in range(draw.randint(1, 3)):
        a, b = sorted(draw.randrange(len(text) + 1) for _ in range(2))
        kind = draw.randrange(5)
        if kind == 0:
            text = text[:a]
        elif kind == 1:
            text = text[:a] + text[b:]
        elif kind == 2:
            text = text[:b] + text[a:b] * draw.randint(1, 50) + text[b:]
        elif kind == 3:
            text = (
                text[:a]
                + draw.choice(("[", "{", '"', "\\", "[" * 100_000, '{"a":' * 50_000, "\ufffd", "<think>"))
                + text[a:]
            )
        else:
            text = text[:a] + "".join(chr(draw.randrange(0x500)) for _ in range(draw.randint(1, 20))) + text[b:]
    return text


def read_all(text: str, status: int, headers: dict[str, str]) -> str:
    """Everything that a reply goes through; returns what it was taken for."""
    found = read_completion(text)
    redacted(text, ["sk-planted-0123456789abcdef"])
    if isinstance(found, NoCompletion):
        error = (
            error_under_200(found.error)
            if found.error is not None
            else classify_status(status, text[:4000], "", headers)
        )
        room_for_answer(error.said, 5000, len(error.said))
        json.dumps([error.detail, error.said]).encode()
        (error.detail + error.said).encode()
        return error.kind
    assert isinstance(found, Completion)
    found.text.encode()
    assert all(count is None or 0 <= count <= 10**9 for count in (found.prompt_tokens, found.completion_tokens))
    without_thoughts(found.text)
    label = extract(found.text, OPTIONS).label
    assert label is None or label in OPTIONS
    with contextlib.suppress(NotJSON):
        find_object(found.text)
    return "bad" if found.bad else "good"


def main(number: int = 100_000, seed: int = 0) -> int:
    """Exit status 0 where nothing raised, was slow or took much memory."""
    draw, seeds = random.Random(seed), [*completions(), *errors()]
    taken, slowest, raised = Counter[str](), (0.0, ""), 0
    for _ in range(number):
        body = draw.choice(seeds)
        text = mutated_json(draw, body) if isinstance(body, dict) and draw.random() < 0.7 else json.dumps(body)
        text = mutated_text(draw, text) if draw.random() < 0.5 else text
        headers = {name: draw.choice(VALUES) for name in HEADERS if draw.random() < 0.5}
        started = time.perf_counter()
        text = text.encode("utf-8", "replace").decode("utf-8")  # what arrives is bytes
        try:
            taken[read_all(text, draw.choice((200, 307, 400, 402, 403, 404, 413, 422, 429, 500, 503)), headers)] += 1
        except Exception as why:
            raised += 1
            print(f"{type(why).__name__}: {why}: {text[:300]!r}", file=sys.stderr)
        slowest = max(slowest, (time.perf_counter() - started, text[:100]))
    # not ru_maxrss, which remembers the process that this one was started from
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    megabytes = int(status["VmHWM"].split()[0]) / 1e3
    print(
        f"{number:,} replies from {len(seeds)} real ones: {raised} raised; the slowest took {slowest[0]:.3f} s; {megabytes:.0f} MB"
    )
    print(", ".join(f"{kind} {count}" for kind, count in taken.most_common()))
    return 1 if raised or slowest[0] > SLOW_S or megabytes > MEMORY_MB else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
