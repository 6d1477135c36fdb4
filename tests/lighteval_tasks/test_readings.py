"""An output as both rules read it, and how a scripted examinee's styles are read: exactly as they are meant."""

from pathlib import Path

import pytest

from lighteval_tasks.items import ask, read_items
from lighteval_tasks.prompts import PROMPTS
from lighteval_tasks.readings import read
from tests.lighteval_tasks.runs import OPTIONS
from tests.support.llm_server import replies_scores


def test_none_is_wrong_and_the_published_rule_guesses() -> None:
    reading = read("I have no idea.", OPTIONS, "D")
    assert (reading.label, reading.correct, reading.declared) == (None, False, False)
    assert reading.first is not None


def test_an_output_that_never_came_is_not_empty() -> None:
    assert read("", OPTIONS, "A", failed=True)[:5] == (None, "failed", False, False, False)
    assert read(" \n", OPTIONS, "A").empty
    assert read(" \n", OPTIONS, "A").first is None


def test_declared_or_only_led_to() -> None:
    assert read("The answer is A.", OPTIONS, "A").declared
    assert not read("Therefore gout is the most likely.", OPTIONS, "A").declared


@pytest.mark.parametrize("name", ["medbullets_op5", "pubmedqa_labeled", "medxpertqa"])
def test_the_examinee_is_understood(name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(shared_data / "hub"))
    for row in read_items(name, shared_data / "hub").rows:
        for prompt in PROMPTS.values():
            asked = ask(row, prompt)
            said = replies_scores.reply({"messages": [{"role": "user", "content": asked}]})
            assert read(said, row["options"], "A").label == replies_scores.chosen(asked), said
