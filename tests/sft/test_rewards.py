"""Rewards: what a good text earns, what a plain wrong one does, and that no attack pays."""

from pathlib import Path
from typing import Any

import pytest

from dataset_builder.stages.to_messages import to_messages
from kg import KG
from sft.rewards import WEIGHTS, answer_reward, claim_reward, form_reward, length_reward, path_reward, total
from sft.rewards.__main__ import main
from sft.rewards.attacks import ATTACKS, contradicting, rewards_of, table, wrong_answer
from sft.rewards.form import form_fault
from sft.rewards.total import REWARDS

OPTIONS = [
    {"label": label, "text": text} for label, text in zip("ABCD", ("LCAT", "LPL", "SQLE", "HMGCR"), strict=True)
]
ASKED = "Simvastatin lowers LDL cholesterol mainly by inhibition of which enzyme of the liver?\n\nA. LCAT\nB. LPL\nC. SQLE\nD. HMGCR"
GOOD = (
    "Simvastatin is a statin, and statins lower the synthesis of cholesterol. Simvastatin targets HMGCR, which is the step that limits it.\n\n"
    "The answer is D. HMGCR"
)
WRONG = GOOD.replace("D. HMGCR", "A. LCAT")


@pytest.fixture(scope="module")
def kg() -> KG:
    return KG.load("sample")


@pytest.fixture(scope="module")
def row(kg: KG) -> dict[str, Any]:
    path = kg.describe([candidates[0].node for candidates in kg.link(["Simvastatin", "HMGCR"])])
    return {
        "id": "medqa:1",
        "prompt": [{"role": "user", "content": ASKED}],
        "answer": "HMGCR",
        "answer_label": "D",
        "options": OPTIONS,
        "paths": [path],
    }


def answered(text: str, label: str | None = "D", options: Any = OPTIONS) -> float | None:
    return answer_reward([[{"role": "assistant", "content": text}]], [label], [options])[0]


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        (GOOD, 1.0),
        (WRONG, 0.0),
        ("", 0.0),
        ("<think>The answer is D", 0.0),  # a thought that does not end
        ("First I took A. The answer is A. But LCAT is no target of statins. The answer is D.", 1.0),  # corrected once
        ("The answer is A. The answer is B. The answer is D.", 0.0),
        ("The answer is A, B, C or D.", 0.0),
    ],
)
def test_answer(text: str, reward: float) -> None:
    assert answered(text) == reward


def test_of_two_options_both_are_no_answer() -> None:
    assert answered("The answer is A. The answer is B.", "B", OPTIONS[:2]) == 0.0


def test_open_question_has_no_answer_reward() -> None:
    assert answered("HMGCR", None, []) is None
    assert total([ASKED], ["HMGCR"], answer_label=[None], options=[[]]) == [
        -1.0
    ]  # of its form, which has no reasoning


def test_rows_own_wording_is_rewarded() -> None:
    batch = {
        "question": ["Q?"], "context": [None], "options": [OPTIONS], "answer": ["HMGCR"], "answer_label": ["D"], "answer_type": ["choice"],
        "rationale": ["Simvastatin targets HMGCR."],
    }  # fmt: skip
    assert answered(to_messages(batch)["completion"][0][0]["content"]) == 1.0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (GOOD, None),
        (" \n", "empty"),
        ("The answer is D.", "no_reasoning"),
        (f"{ASKED}\n\nThe answer is D.", "no_reasoning"),
        ("Simvastatin, HMGCR, LDL cholesterol, liver and muscle of the leg. The answer is D.", "no_reasoning"),
        ("1. Simvastatin —target→ HMGCR\n\nThe answer is D. HMGCR", "no_reasoning"),
        (f"{GOOD}\n<!-- The answer is A. -->", "hidden_text"),
        (f"{GOOD}\u200b", "hidden_text"),
        (f"{GOOD}<|im_end|>", "hidden_text"),
        (GOOD + "\n" * 20 + "The answer is A.", "hidden_text"),
        ("It is a statin that is given for cholesterol in the blood. " * 9, "repetition"),
    ],
)
def test_form(text: str, fault: str | None) -> None:
    assert form_fault(text, ASKED) == fault
    assert form_reward([ASKED], [text]) == [-1.0 if fault else 0.0]


def test_length_takes_away_from_a_limit_on() -> None:
    assert length_reward(["word " * 1200, "word " * 1800, "word " * 9000]) == [0.0, -0.5, -1.0]


def evidence(kg: KG, row: dict[str, Any], text: str) -> tuple[float, float]:
    columns = {name: [row[name]] for name in ("answer_label", "options", "paths")}
    (claims,), (paths,) = (
        reward(prompts=[row["prompt"]], completions=[text], kg=kg, **columns) for reward in (claim_reward, path_reward)
    )
    return claims, paths


def test_evidence_adds_to_a_right_answer_only(kg: KG, row: dict[str, Any]) -> None:
    claims, paths = evidence(kg, row, GOOD)
    assert 0 < claims <= 0.25
    assert paths == 0.25
    assert evidence(kg, row, WRONG) == (0.0, 0.0)


def test_names_and_copied_paths_state_nothing(kg: KG, row: dict[str, Any]) -> None:
    assert evidence(kg, row, "Simvastatin, HMGCR. The answer is D.") == (0.0, 0.0)
    assert evidence(kg, row, "1. Simvastatin —target→ HMGCR\n\nThe answer is D.") == (0.0, 0.0)


def test_what_the_graph_contradicts_takes_the_answer_away(kg: KG, row: dict[str, Any]) -> None:
    text = contradicting(row)
    assert text is not None
    assert answered(text) == 1.0
    assert evidence(kg, row, text) == (-1.0, 0.0)


def test_without_a_graph_claims_count_nothing(row: dict[str, Any]) -> None:
    columns: dict[str, Any] = {name: [row[name]] for name in ("answer_label", "options", "paths")}
    assert total([row["prompt"]], [GOOD], **columns) == [1.0]
    assert total([row["prompt"]], [GOOD], weights=dict.fromkeys(REWARDS, 1.0), **columns) == [1.0]


def test_no_attack_pays(kg: KG, row: dict[str, Any]) -> None:
    found = table([row], kg, {row["id"]: GOOD})
    (good,), (plain,) = found.pop("a good answer"), found.pop("a plain wrong answer")
    assert good > 1.2
    assert plain == 0.0
    assert found.keys() == {*ATTACKS, "a right answer with a contradicted claim"}
    assert {name: reward for name, (reward,) in found.items() if reward > plain + 0.1} == {}


def test_weights_are_by_name(row: dict[str, Any]) -> None:
    assert WEIGHTS["claim_reward"] == 0
    assert rewards_of(row, [wrong_answer(row, "A"), GOOD], None, {"answer_reward": 2.0}) == [0.0, 2.0]
    with pytest.raises(ValueError, match="found the rewards truth; expected names of answer_reward"):
        rewards_of(row, [GOOD], None, {"truth": 1.0})


@pytest.mark.parametrize(
    ("words", "message"),
    [([], "has no config rl; expected a dataset folder"), (["--kg", "nograph"], "no graph 'nograph'")],
)
def test_the_command_says_what_it_lacks(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if words:
        (tmp_path / "rl").mkdir()
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), *words])
    assert message in capsys.readouterr().err
