"""Replies as real endpoints and models sent them (187, tests/fixtures/endpoints/replies.jsonl): what each is taken for."""

import json
import re

import pytest

from dataset_builder.answer_extraction.thoughts import is_unfinished, without_thoughts
from dataset_builder.llm.completion import COMPLETE, Completion, read_completion
from dataset_builder.llm.json_reply import NotJSON, find_object
from dataset_builder.text_checks.rationale import parts
from tests.support.endpoint_cases import cases, completion

ANSWER = re.compile(r"[Aa]nswer(?: text)?(?: begins)?:? '([^']+?)(?:'| \()")
NOT_READ = (
    "HyperCLOVAX",
    "with or without",
    "inside backticks",
    "in the REASONING",
    "inside reasoning_content",
)  # and not said to be


def texts() -> list[dict]:
    """Texts of messages with thoughts, of which the note says what the answer is."""
    found = [case for case in cases("replies", "thought_marks") if isinstance(case["body"], str)]
    return [
        case for case in found if ANSWER.search(case["note"]) and not any(words in case["note"] for words in NOT_READ)
    ]


@pytest.mark.parametrize("case", texts(), ids=lambda case: case["body"][:30])
def test_the_answer_is_what_is_left_without_the_thoughts(case: dict) -> None:
    expected = ANSWER.search(case["note"])[1].strip().rstrip("…")  # pyright: ignore[reportOptionalSubscript]
    found = without_thoughts(case["body"]).strip()
    for wrapper in ("answer", "response", "output"):
        found = re.sub(rf"\A<{wrapper}>\s*|\s*</{wrapper}>\Z", "", found)
    if "<co>" in found:  # citations are a matter of their own
        found = re.sub(r"</?co[^>]*>", "", found)
    assert found.startswith(expected) or found.endswith(expected) or found == expected


def test_most_of_them_say_what_the_answer_is() -> None:
    assert len(texts()) >= 50


NO_ANSWER = [
    case
    for case in cases("replies", "thought_marks")
    if isinstance(case["body"], str) and re.search(r"no answer|No answer|not closed", case["note"]) and "unmarked" not in case["note"].lower()
    and "tool call" not in case["note"] and "tool-call" not in case["note"] and "bare label" not in case["note"] and "Looks like a closer" not in case["note"] and "box" not in case["note"]
]  # fmt: skip


@pytest.mark.parametrize("case", NO_ANSWER, ids=lambda case: case["body"][:30])
def test_a_thought_that_is_left_open_is_no_answer(case: dict) -> None:
    if case["body"].startswith("<think>\n\n</think>"):
        assert without_thoughts(case["body"]).strip() == ""
    else:
        assert is_unfinished(case["body"])
    read = read_completion(json.dumps(completion(case["body"])))
    assert isinstance(read, Completion) and read.bad == "only thoughts: it ends before an answer"


@pytest.mark.parametrize("case", cases("replies", "finish_reasons"), ids=lambda case: json.dumps(case["body"])[-60:])
def test_only_a_text_that_is_said_to_be_complete_is_good(case: dict) -> None:
    found = read_completion(json.dumps(case["body"]))
    choices = case["body"].get("choices") or [{}]
    reason = str(choices[0].get("finish_reason")).casefold()
    good = isinstance(found, Completion) and found.bad is None
    assert good == (reason in COMPLETE and "COMPLETE" in case["note"])


@pytest.mark.parametrize("case", cases("replies", "content_shapes"), ids=lambda case: case["note"][:40])
def test_a_content_of_any_shape_is_read_or_said_to_be_none(case: dict) -> None:
    found = read_completion(json.dumps(case["body"]))
    expected = ANSWER.search(case["note"])
    if expected and "reasoning" not in case["note"]:
        assert isinstance(found, Completion) and found.text.strip().startswith(expected[1].strip())
    elif isinstance(found, Completion):
        assert found.bad or found.text.strip()


@pytest.mark.parametrize("case", cases("replies", "usage_numbers"), ids=lambda case: case["note"][:40])
def test_a_count_of_tokens_is_a_number_or_none(case: dict) -> None:
    found = read_completion(json.dumps(case["body"]))
    assert isinstance(found, Completion)
    assert all(count is None or count >= 0 for count in (found.prompt_tokens, found.completion_tokens))
    usage = case["body"].get("usage")
    if isinstance(usage, dict) and all(
        type(usage.get(name)) is int and usage[name] > 0 for name in ("prompt_tokens", "completion_tokens")
    ):
        assert (found.prompt_tokens or 0) + (found.completion_tokens or 0) >= usage["completion_tokens"]
        if isinstance(usage.get("total_tokens"), int):
            assert (found.prompt_tokens or 0) + (found.completion_tokens or 0) >= usage["total_tokens"]


@pytest.mark.parametrize("case", cases("replies", "odd_text"), ids=lambda case: case["note"][:40])
def test_an_odd_text_can_be_written_to_a_file(case: dict) -> None:
    found = read_completion(json.dumps(case["body"]))
    if isinstance(found, Completion):
        found.text.encode("utf-8")
        assert not re.search(r"<\|(?:im_end|eot_id|end)\|>|<eos>|<｜end", without_thoughts(found.text))


@pytest.mark.parametrize(
    "mark",
    [
        ("<unused94>thought\n", "<unused95>"),
        ("◁think▷", "◁/think▷"),
        ("<seed:think>", "</seed:think>"),
        ("", "</think>"),
    ],
)
def test_every_reader_of_a_reply_leaves_the_thoughts_out(mark: tuple[str, str]) -> None:
    """One table of marks, used everywhere."""
    thought = f'{mark[0]}**Finding reasoning paths:** no {{"answer": 1}}{mark[1]}'
    assert find_object(f'{thought}{{"answer": 2}}') == {"answer": 2}
    rationale, _ = parts(f"{thought}**Finding reasoning paths:** a\n\n**Reasoning Process:** b\n\n**Conclusion:** c")
    assert rationale is not None and rationale.paths == "a"
    with pytest.raises(NotJSON):
        find_object(f'{mark[0] or "<think>"}{{"answer": 2}}')


@pytest.mark.parametrize("begin", ["Here is my thought process: ", "Here are my reasoning steps:\n1. "])
def test_plain_words_alone_mark_no_thought(begin: str) -> None:
    """A rationale may begin so; only Granite goes on with `Here is my response:`, and Apriel with a mark."""
    text = f"{begin}The joint is red. Answer: B"
    assert without_thoughts(text) == text and not is_unfinished(text)
