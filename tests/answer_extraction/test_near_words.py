"""A pattern that is tried only near its words finds what it finds anywhere."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.answer_extraction import declared_answers
from dataset_builder.answer_extraction.near_words import Near, NearWords
from dataset_builder.text_checks import rationale

NEAR = [value for m in (declared_answers, rationale) for value in vars(m).values() if isinstance(value, Near)]
WORDS = sorted({word for near in NEAR if isinstance(near, NearWords) for word in near.words})
PIECES = (
    *(" ", "  ", "\n", "\n\n", ".", ". ", ": ", ", ", "**", "(", ")", "B", " B", "(B)", "B)", " B.", "_", "# ", "<", ">", "</", "- "),
    *(" with ", "be :\n", "ARE: **\n", "option : ****\n\n", "  **  (option (B).", "****(C):"),
    *("the ", "The best ", "final ", "correct ", "my ", "I ", "we ", "I was ", "I would therefore ", "is ", "are ", "would be "),
    *("option ", "most likely ", "diagnosis", "Wait, ", "that ", "according to the ", "consistent with the ", "reasoning path "),
    *("knowledge graph connections ", "which have been ", "to me", "answers ", "notes ", "B. gout is the answer", "\u0131s ", "an\u017fwer", "İ", "é"),
)  # fmt: skip
TEXTS = st.lists(
    st.sampled_from([*PIECES, *WORDS, *(word.title() for word in WORDS), *(word.upper() for word in WORDS)]),
    max_size=30,
).map("".join)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_it_finds_what_its_pattern_finds(text: str) -> None:
    for near in NEAR:
        found = [(match.span(), match.groups()) for match in near.finditer(text)]
        assert found == [(match.span(), match.groups()) for match in near.pattern.finditer(text)]
        first, expected = near.search(text), near.pattern.search(text)
        assert (first and first.span()) == (expected and expected.span())


@pytest.mark.parametrize("text", ["an\u017fwer: B", "opt\u0131on: B", "THE \u0130 ANSWER: B", "RE\u017fPONSE: B"])
def test_letters_that_equal_others_without_case_are_found(text: str) -> None:
    near = declared_answers.NEAR_LABELLED
    assert [m.span() for m in near.finditer(text)] == [m.span() for m in near.pattern.finditer(text)]


def test_it_tries_few_places() -> None:
    tried: list[int] = []

    class Counted:
        def match(self, text: str, at: int) -> re.Match[str] | None:
            tried.append(at)
            return re.compile("the answer").match(text, at)

    near = NearWords(re.compile("the answer"), {"answer": 4})
    near.pattern = Counted()  # pyright: ignore[reportAttributeAccessIssue]
    found = near.search("prose " * 1000 + "the answer")
    assert found is not None and found.start() == 6000 and len(tried) == 1
