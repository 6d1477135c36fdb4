"""Replies of real endpoints, as people reported them: tests/fixtures/endpoints, each with its source. For tests and benchmarks."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "fixtures" / "endpoints"


def cases(name: str, *kinds: str) -> list[dict[str, Any]]:
    """The cases of these kinds (default: all) in `<name>.jsonl`."""
    rows = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [row for row in rows if not kinds or row["kind"] in kinds]


def errors() -> list[Any]:
    """The bodies of errors."""
    return [case["body"] for case in cases("errors")]


def completions() -> list[Any]:
    """The bodies of replies with status 200; a text alone is put into a completion."""
    return [case["body"] if isinstance(case["body"], dict) else completion(case["body"]) for case in cases("replies")]


def completion(text: str, finish_reason: str = "stop") -> dict[str, Any]:
    """A whole completion with this text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}
    return {"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
