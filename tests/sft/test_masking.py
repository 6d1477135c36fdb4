"""Loss lies on the assistant's turn and its end token, under the chat templates of the four families."""

import pytest

from tests.sft import scenario

SOUND = ("llama", "mistral", "qwen", "deepseek with the recipe's template")
ALL = (*SOUND, "deepseek")


@pytest.mark.parametrize("name", SOUND)
def test_only_the_answer_and_its_end_are_trained(name: str) -> None:
    found = scenario.result("run_masking")
    behind = "\n" if name == "qwen" else ""
    for key, answer in found["answers"].items():
        assert found[name]["trained"][key] == answer + found[name]["eos"] + behind
    assert found[name]["eos_trained"] == [True, True, True]
    assert found[name]["lost"] == ["", "", ""]


@pytest.mark.parametrize("name", SOUND)
def test_preflight_finds_nothing_wrong_with_a_sound_row(name: str) -> None:
    faults = scenario.result("run_masking")[name]["faults"]
    assert faults["rationale"] == faults["short"] == []
    assert "template_words" in faults["think"]  # <think> in a row's text is another model's scar


@pytest.mark.parametrize("name", ALL)
def test_preflight_renders_what_trl_trains(name: str) -> None:
    assert scenario.result("run_masking")[name]["same"] == [True, True, True]


def test_deepseeks_own_template_is_refused() -> None:
    """It opens every answer with <think> at inference only, and drops what stands before </think>."""
    found = scenario.result("run_masking")["deepseek"]
    assert found["lost"] == ["<think>\n"] * 3
    assert found["faults"]["rationale"] == ["prompt_differs"]
    assert "weak collagen" not in found["trained"]["think"]
    assert {"prompt_differs", "template_drops_text"} <= set(found["faults"]["think"])
