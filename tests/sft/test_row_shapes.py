"""A row whose prompt or completion is no list of messages is refused, with the place of the first fault."""

from typing import Any

import pytest

from sft.row_shapes import question_of, wrong_shape

USER, ANSWER = {"role": "user", "content": "Which?"}, {"role": "assistant", "content": "B"}
GOOD: dict[str, Any] = {"prompt": [USER], "completion": [ANSWER]}
MESSAGES = "expected a list of at least one message: ["
WRONG = {
    "a text": ({"prompt": "Which?"}, f"prompt: found the text 'Which?'; {MESSAGES}"),
    "a text to write": ({"completion": "B"}, f"completion: found the text 'B'; {MESSAGES}"),
    "null": ({"prompt": None}, f"prompt: found the null None; {MESSAGES}"),
    "nothing to read": ({"prompt": []}, f"prompt: found the empty list []; {MESSAGES}"),
    "nothing to write": ({"completion": []}, f"completion: found the empty list []; {MESSAGES}"),
    "columns of messages": ({"prompt": {"role": ["user"], "content": ["Which?"]}}, "prompt: found the object {"),
    "parts": ({"prompt": [USER | {"content": [{"type": "text", "text": "x"}]}]}, "prompt, message 1, content: found the list [{"),
    "no text": ({"completion": [ANSWER | {"content": None}]}, "completion, message 1, content: found the null None; expected a text"),
    "a number": ({"completion": [ANSWER | {"content": 5}]}, "completion, message 1, content: found the int 5; expected a text"),
    "no role": ({"prompt": [USER, {"content": "x"}]}, "prompt, message 2, role: found nothing; expected one of system, user"),
    "a role of others": ({"prompt": [USER | {"role": "human"}]}, "prompt, message 1, role: found the text 'human'; expected one of"),
    "no message": ({"prompt": [None]}, "prompt, message 1: found the null None; expected a message with role and content"),
    "texts in a list": ({"prompt": ["Which?"]}, "prompt, message 1: found the text 'Which?'; expected a message"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_the_first_fault_is_named_with_what_was_found_and_expected(name: str) -> None:
    change, message = WRONG[name]
    assert message in str(wrong_shape(GOOD | change))


def test_a_missing_column_is_named_and_good_rows_pass() -> None:
    assert str(wrong_shape({"prompt": [USER]})).startswith("found no completion; expected")
    assert wrong_shape(GOOD) is None
    assert wrong_shape({"prompt": [ANSWER | {"role": "system", "name": None}, USER], "completion": [ANSWER]}) is None


def test_columns_of_strangers_are_compared_only_where_they_are_a_question_of_the_prompt() -> None:
    ours = GOOD | {"question": "Which?", "options": [{"label": "A", "text": "x"}], "answer": "x", "context": None}
    assert question_of(ours) is ours
    for change in ({"question": None}, {"question": "Another one"}, {"options": "A, B"}, {"context": {"text": []}}):
        assert question_of(ours | change) == "Which?"
