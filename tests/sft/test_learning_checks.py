"""Which rows cannot be rewarded, teach nothing, or prefer by length."""

from typing import Any

import pytest

from sft.learning_checks import prompt_faults, wrong_message
from sft.training_rows import pass_rate

OPTIONS = [{"label": "A", "text": "gout"}, {"label": "B", "text": "asthma"}]
ROW: dict[str, Any] = {
    "prompt": [{"role": "user", "content": "Colchicine is given for which disease?\n\nA. gout\nB. asthma"}],
    "answer_label": "A",
    "options": OPTIONS,
    "pass_rate": [{"model": "m", "right": 1, "judged": 3, "rate": 1 / 3}, {"model": "n", "right": 0, "judged": 0, "rate": None}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code", "what"),
    [
        ({}, None, ""),
        ({"pass_rate": None}, None, ""),
        ({"answer_label": None, "options": []}, "not_rewarded", "an open question"),
        ({"answer_label": "C"}, "not_rewarded", "the gold answer C"),
        ({"options": "A. gout"}, "not_rewarded", "options: Input should be a valid list"),
        ({"prompt": [{"role": "user", "content": "Colchicine is given for gout, or for what?"}]}, "no_options", "B"),
        ({"pass_rate": [{"right": 3, "judged": 3}]}, "no_spread", "all of the judged"),
        ({"pass_rate": [{"right": 0, "judged": 3}]}, "no_spread", "none of the judged"),
    ],
)
def test_rows_that_cannot_be_rewarded(change: dict[str, Any], code: str | None, what: str) -> None:
    found = list(prompt_faults(ROW | change, by_answer=True))
    assert [name for name, _ in found] == ([code] if code else [])
    assert not found or what in found[0][1]


def test_an_open_question_may_be_rewarded_for_something_else() -> None:
    assert list(prompt_faults(ROW | {"answer_label": None, "options": []}, by_answer=False)) == []


def test_pass_rate_is_over_all_writers() -> None:
    assert pass_rate([{"right": 3, "judged": 3}, {"right": 0, "judged": 1}]) == 0.75
    assert pass_rate(None) is pass_rate([{"right": 0, "judged": 0}]) is None


def test_no_messages() -> None:
    assert wrong_message(ROW) is None
    assert "prompt: found the text" in str(wrong_message({"prompt": "Q?"}))
    pair = ROW | {"chosen": [{"role": "assistant", "content": "a"}], "rejected": "b"}
    assert "rejected: found the text 'b'" in str(wrong_message(pair, "chosen", "rejected"))
