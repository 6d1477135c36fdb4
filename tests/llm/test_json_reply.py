"""What counts as the JSON of a reply, and what does not."""

import time

import pytest

from dataset_builder.llm.json_reply import NotJSON, find_object

GOOD = {"verdict": "right", "reason": 'it says {so}, "plainly"'}
TEXT = '{"verdict": "right", "reason": "it says {so}, \\"plainly\\""}'


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"  {TEXT}\n",
        f"Sure, here it is:\n```json\n{TEXT}\n```\nAnything else?",
        f"```\n{TEXT}\n```",
        f"My reply: {TEXT} I hope this helps.",
        f"Let {{x}} be the answer. {TEXT}",
        f'<think>perhaps {{"verdict": "wrong"}}</think>{TEXT}',
    ],
)
def test_one_object_is_found(text: str) -> None:
    assert find_object(text) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "right",
        '"right"',
        "[1, 2]",
        TEXT[:-1],  # cut off
        '{"outer": {"verdict": "right", "reason": "x"}',  # the inner one is whole, and is not what was asked for
        f"{TEXT} or rather {TEXT}",
        "{'verdict': 'right'}",
        '{"verdict": "right",}',
        "{" * 20_000,
        '{"a":' * 20_000,
        "{}" * 10_000,
    ],
)
def test_nothing_is_repaired_or_guessed_and_nothing_hangs(text: str) -> None:
    started = time.process_time()
    with pytest.raises(NotJSON, match="expected one JSON object"):
        find_object(text)
    assert time.process_time() - started < 2
