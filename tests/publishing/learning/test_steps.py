"""How a rationale falls into steps, and what their labels rest on."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.publishing.learning.step_texts import is_heading, step_spans
from dataset_builder.publishing.learning.steps import steps_of, steps_rows

PROMPT = [{"role": "user", "content": "Which?"}]


def steps(text: str) -> list[str]:
    return [text[start:end] for start, end in step_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One thing.\nThe same paragraph.\n\nAnother.", ["One thing.\nThe same paragraph.", "Another."]),
        (
            "1. First.\n2) Second,\nwhich goes on.\n(3) Third.",
            ["1. First.", "2) Second,\nwhich goes on.", "(3) Third."],
        ),
        ("- a drug\n* a gene\n• a cell", ["- a drug", "* a gene", "• a cell"]),
        ("**Reasoning Process:**\nIt begins.\n\n**Conclusion:**\nGout", ["It begins.", "Gout"]),
        ("## Thinking\n\nIt is.\n### Options\nA. Gout fits.\nB. No.", ["It is.", "A. Gout fits.", "B. No."]),
        ("1. **Findings**\n- pain\n- fever", ["- pain", "- fever"]),
        ("1. **Findings:** pain\n2. **Test:** urate", ["1. **Findings:** pain", "2. **Test:** urate"]),
        ("Step 1:\nRead.\nStep 2: Think.\n**Step 3:** Write.", ["Read.", "Step 2: Think.", "**Step 3:** Write."]),
        ("Before.\n---\nAfter.\n***", ["Before.", "After."]),
        ("The dose is 1.5 mg.\n1.5 mg is little.", ["The dose is 1.5 mg.\n1.5 mg is little."]),
        ("It follows:\n- one\n- two", ["It follows:", "- one", "- two"]),
        ("  \n", []),
    ],
)
def test_items_and_paragraphs_are_steps_and_headings_are_none(text: str, expected: list[str]) -> None:
    assert steps(text) == expected


LINES = st.sampled_from(
    ["## A", "**B:**", "1. c", "- d", "e f", "", "  ", "---", "Step 2: g", "Conclusion:", "\u2028h", "i\r"]
)


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.text(), st.lists(LINES).map("\n".join)))
def test_every_character_is_in_one_step_or_in_a_heading(text: str) -> None:
    spans = step_spans(text)
    assert all(start < end and text[start:end] == text[start:end].strip() for start, end in spans)
    assert all(end <= following for (_, end), (following, _) in pairwise(spans))
    inside = {at for start, end in spans for at in range(start, end)}
    begin = 0
    for line in text.splitlines(keepends=True):
        places = {begin + match.start() for match in re.finditer(r"\S", line)}
        assert not places & inside if is_heading(line) else places <= inside
        begin += len(line)


TEXT = "1. Aspirin treats pain.\n2. Aspirin treats gout and causes ulcers.\n3. Thus B."


def claim(start: int, verdict: str, rationale: int | None = None, mode: str = "stated") -> dict[str, Any]:
    return {"rationale": rationale, "start": start, "end": start + 5, "verdict": verdict, "mode": mode}


def test_a_label_is_the_worst_that_the_graph_says_of_a_claim_in_the_step() -> None:
    claims = [claim(3, "supported"), claim(27, "supported"), claim(27, "contradicted"), claim(27, "off_path")]
    found = steps_of(TEXT, [*claims, claim(27, "supported", mode="hedged"), claim(999, "contradicted")])
    told = [(step["label"], step["by"], step["claims"]) for step in found]
    assert told == [("supported", "graph", 1), ("contradicted", "graph", 3), ("unknown", None, 0)]
    assert [step["label"] for step in steps_of(TEXT, [claim(3, "off_path"), claim(27, "unknown")])] == ["unknown"] * 3


def test_of_several_rationales_the_published_ones_have_rows_each_with_its_own_claims() -> None:
    verdict = {"label": "right", "by": "judge", "reason": "", "answer": "B", "votes": ["right"]}
    rationales = [{"text": TEXT, "model": name, "verdict": verdict} for name in ("weak", "fair", "strong")]
    row = {"id": "s:1", "source": "s", "license": "mit", "rationales": rationales, "responses": ["B", None, "B"]}
    first, second = steps_rows(row | {"hop_checks": [claim(3, "supported", 0), claim(3, "contradicted", 1)]}, PROMPT)
    assert (first["id"], second["id"], second["model"]) == ("s:1#1", "s:1#3", "strong")
    assert [first["steps"][0]["label"], second["steps"][0]["label"]] == ["supported", "unknown"]
    assert first["verdict"] == verdict
    [unread, _] = steps_rows(row | {"hop_checks": None}, PROMPT)
    assert {step["label"] for step in unread["steps"]} == {"unknown"}


def test_a_question_with_one_rationale_has_its_own_id_and_the_verdict_on_it() -> None:
    said = {"label": "right", "by": "judge", "reason": "it follows", "answer": "B"}
    row = {"id": "s:1", "source": "s", "license": "mit", "rationale": TEXT, "verdict": said}
    [found] = steps_rows(row, PROMPT)
    assert (found["id"], found["model"], found["verdict"]) == ("s:1", None, said | {"votes": None})
    assert list(steps_rows(row | {"rationale": None}, PROMPT)) == []
