"""A text is read once, and what is remembered of texts is bounded."""

from dataset_builder.answer_extraction import extraction
from dataset_builder.answer_extraction.extraction import extract
from dataset_builder.answer_extraction.read_once import ReadOnce


def test_a_text_is_read_once_per_set_of_options(monkeypatch) -> None:
    read: list[str] = []
    true = extraction._extract
    monkeypatch.setattr(extraction, "_READ", ReadOnce())
    monkeypatch.setattr(extraction, "_extract", lambda text, options: read.append(text) or true(text, options))
    text = "The answer is gout."
    for _ in range(3):
        assert extract(text, {"A": "gout", "B": "flu"}).label == "A"
        assert extract(text, {"A": "flu", "B": "gout"}).label == "B"
        assert extract(text, {"a": "gout", "b": "flu"}).label == "a"
    assert read == [text] * 3


def test_texts_are_told_apart_by_where_they_end() -> None:
    once: ReadOnce[str] = ReadOnce()
    assert once.of(("ab", "c"), lambda: "one") == "one"
    assert once.of(("a", "bc"), lambda: "other") == "other"
    assert once.of(("a\ud800", "bc"), lambda: "half a character") == "half a character"


def test_it_remembers_the_last_ones_and_no_more_than_it_may() -> None:
    once, read = ReadOnce[int](most=8), []
    for number in range(100):
        once.of((str(number),), lambda number=number: read.append(number) or number)
        assert len(once._new) + len(once._old) <= 8 and len(once._values) <= 4
        once.of(("kept in use",), lambda: read.append(-1) or -1)
    for number in range(97, 100):
        once.of((str(number),), lambda number=number: read.append(number) or number)
    assert read.count(-1) == 1 and len(read) == 101


def test_nothing_is_also_a_result() -> None:
    once, read = ReadOnce[None](), []
    for _ in range(2):
        assert once.of(("text",), lambda: read.append(1)) is None
    assert read == [1]
