"""What was found in a text is remembered under all that the function was given."""

import pytest

from dataset_builder import read_once as module
from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.read_once import read_once


def test_each_result_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    @read_once
    def first(text: str, options: dict[str, str] | None = None) -> str | None:
        asked.append((text, options))
        return text[:1] or None

    calls = [("ab", None), ("a", {"b": ""}), ("a", {"b": "", "c": ""}), ("\ud800", None), ("", None)]
    assert [first(*call) for call in calls * 2] == ["a", "a", "a", "\ud800", None] * 2
    assert asked == calls
    assert first("ab", options={"x": ""}) == "a" and len(asked) == 6
    monkeypatch.setattr(module, "MOST", 6)
    first("new")
    first("ab", None)  # the oldest was forgotten
    first("new")
    assert asked[6:] == [("new", None), ("ab", None)]


def test_the_same_text_is_read_anew_with_other_options() -> None:
    text = "All of it leads to gout.\n\nFinal answer: gout"
    assert extract(text, {"A": "gout", "B": "sepsis"}).label == "A"
    assert extract(text, {"A": "sepsis", "B": "gout"}).label == "B"
