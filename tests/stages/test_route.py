"""Any mix of verdicts lands in exactly one tier, or is rejected as unjudged."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset_builder.stages.route import TIERS, route
from tests.support.rationales import verdict

ROUTE = route.using(easy=Fraction(4, 9), medium=Fraction(7, 9), max_unjudged=Fraction(1, 3))


def routed(right: int, wrong: int, unjudged: int = 0) -> tuple[str | None, str | None]:
    labels = ["right"] * right + ["wrong"] * wrong + ["unjudged"] * unjudged
    columns = routing(labels)
    return columns["tier"][0], columns["rejected_because"][0]


def routing(labels: Sequence[str], models: Sequence[str] | None = None) -> dict[str, list]:
    models = models or ["writer"] * len(labels)
    return ROUTE(
        {"candidates": [[{"model": model} for model in models]], "verdicts": [[verdict(label) for label in labels]]}
    )


@pytest.mark.parametrize("wrong", range(10))
def test_nine_samples_are_routed_as_in_the_paper(wrong: int) -> None:
    expected = "easy" if wrong <= 4 else "medium" if wrong <= 7 else "difficult"
    assert routed(9 - wrong, wrong) == (expected, None)


@given(st.lists(st.sampled_from(("right", "wrong", "unjudged"))))
def test_exactly_one_tier_or_unjudged(labels: list[str]) -> None:
    count = Counter(labels)
    columns = routing(labels)
    tier, why = columns["tier"][0], columns["rejected_because"][0]
    judged = count["right"] + count["wrong"]
    too_many = judged == 0 or 3 * count["unjudged"] > len(labels)
    assert (tier is None, why) == ((True, "unjudged") if too_many else (False, None))
    if tier:
        assert tier in TIERS
        expected = [9 * count["wrong"] <= 4 * judged, 9 * count["wrong"] <= 7 * judged, True].index(True)
        assert tier == TIERS[expected]
        assert tier == routed(count["right"], count["wrong"])[0], "what is unjudged counts on neither side"
        shuffled = routing(sorted(labels))
        assert shuffled["tier"][0] == tier
    else:
        assert columns["rejected_detail"][0]


@given(st.integers(1, 30), st.integers(0, 30))
def test_one_more_wrong_one_never_makes_a_question_easier(right: int, wrong: int) -> None:
    now, then = routed(right, wrong)[0], routed(right, wrong + 1)[0]
    assert now and then and TIERS.index(then) >= TIERS.index(now)


def test_the_pass_rate_is_counted_per_writer_among_the_judged() -> None:
    columns = routing(["right", "wrong", "unjudged", "right", "unjudged"], ["a", "a", "a", "b", "c"])
    assert columns["pass_rate"] == [
        [
            {"model": "a", "right": 1, "judged": 2, "rate": 0.5},
            {"model": "b", "right": 1, "judged": 1, "rate": 1.0},
            {"model": "c", "right": 0, "judged": 0, "rate": None},
        ]
    ]
