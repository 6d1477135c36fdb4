"""The preflight finds each planted defect in 1,000 rows, names the row, and lets sound rows pass."""

import re

import pytest

from tests.sft import scenario

pytestmark = pytest.mark.slow
CODES = ("no_messages", "no_answer", "fully_masked", "cut", "no_end_token", "prompt_differs", "template_drops_text")
CODES += ("template_words", "special_token", "duplicate", "overlap")


@pytest.fixture
def found() -> dict:
    return scenario.result("run_preflight")


def test_every_code_is_planted(found: dict) -> None:
    assert set(found["ids"]) == set(found["codes"]) == set(CODES)
    assert found["rows"] == 1000


@pytest.mark.parametrize("code", CODES)
def test_planted_defect_is_found_and_its_row_is_named(found: dict, code: str) -> None:
    assert found["ids"][code] in found["findings"][code]
    assert found["ids"][code] in found["bad"]["text"]


def test_sound_rows_are_not_accused(found: dict) -> None:
    accused = {id_ for ids in found["findings"].values() for id_ in ids}
    assert accused == set(found["ids"].values())


def test_a_defect_stops_training_unless_it_is_allowed(found: dict) -> None:
    assert found["bad"]["status"] == 1
    assert "REFUSED cut: 1 rows" in found["bad"]["text"] and "ALLOW=" in found["bad"]["text"]
    assert "allowed cut: 1 rows" in found["allowed"]["text"]
    assert found["allowed"]["text"].count("REFUSED") == 1 and "REFUSED no_messages" in found["allowed"]["text"]
    assert found["shaped"]["status"] == 0 and "allowed cut: 1 rows" in found["shaped"]["text"]


def test_sound_rows_pass_with_figures_and_two_real_steps(found: dict) -> None:
    text = found["good"]["text"]
    assert found["good"]["status"] == 0, text
    assert re.search(r"[\d,]+ tokens, \d+% of them trained; longest row \d+", text)
    assert "optimizer steps, " in text and "H100 hours" in text and "GiB of state" in text
    assert re.search(r"2 optimizer steps on the longest rows: loss \d", text)
    assert re.search(r"compared with [1-9]\d* evaluation questions", text)


def test_what_passed_is_not_read_again_until_something_changes(found: dict) -> None:
    assert found["again"]["text"].startswith("preflight: passed before")
    assert "40 rows" in found["changed"]["text"]


def test_trials_are_never_training_data(found: dict) -> None:
    assert found["trial"]["status"] == 1 and "is a trial" in found["trial"]["text"]


def test_a_card_that_sends_the_loader_to_other_rows_is_refused(found: dict) -> None:
    assert "refused: " in found["elsewhere"] and "../bad/data/train-*" in found["elsewhere"]
    assert "README.md: configs, default, data_files: found [" in found["elsewhere"]


def test_a_template_without_end_token_is_refused(found: dict) -> None:
    assert found["endless"]["status"] == 1 and "REFUSED no_end_token: 40 rows" in found["endless"]["text"]


def test_an_end_token_that_is_not_the_templates_is_refused_with_the_line_that_mends_it(found: dict) -> None:
    text = found["other_end"]["text"]
    assert found["other_end"]["status"] == 1 and "REFUSED no_end_token: 40 rows" in text
    assert text.count('add this line to the recipe: eos_token: "<|pad|>"') == 1


def test_a_template_that_drops_the_users_turn_is_refused_and_one_that_drops_the_systems_is_told(found: dict) -> None:
    assert found["deaf"]["status"] == 1 and "REFUSED template_drops_text: 40 rows" in found["deaf"]["text"]
    assert "row-12: the user's turn, message 1 of the prompt, is not rendered" in found["deaf"]["text"]
    assert "leaves out the system turn of 40 rows" in found["no_system"]["text"]
    assert found["no_system"]["status"] == 0


def test_at_most_ten_rows_are_named(found: dict) -> None:
    _, _, refused = found["endless"]["text"].partition("REFUSED no_end_token")
    named = set(re.findall(r"\bq\d+\b|\brow-?\d+\b|\bid\d+\b", refused))
    assert "and 30 others" in refused
    assert len(named) <= 10


def test_attention_that_leaks_is_refused(found: dict) -> None:
    assert found["leaks"]["status"] == 1 and "my_kernel" in found["leaks"]["text"]
