"""The order of options: the same draws everywhere, the gold text stays gold, and what refers to a place stays in its place."""

import math
from collections import Counter
from typing import Any

import pytest

from dataset_builder.row import row_id
from dataset_builder.sources.option_order import (
    fixed_because,
    names_options,
    permutations,
    refers,
    reordered,
    shuffle_options,
)


def question(*texts: str, gold: str = "B", **more: Any) -> dict[str, Any]:
    options = [{"label": label, "text": text} for label, text in zip("ABCDEFGHIJ", texts, strict=False)]
    answer = next(option["text"] for option in options if option["label"] == gold)
    row = {"question": "What causes it?", "context": None, "options": options, "answer": answer, "answer_label": gold}
    row |= {"answer_type": "choice", "gold_text": answer, "reference_rationale": None, "rejected_because": None}
    return {"id": row_id("medqa", None, row)} | row | more


FOUR = ("gout", "kuru", "rickets", "scurvy")


def test_draws_are_the_same_on_every_machine() -> None:
    assert permutations("medqa:1", 4, 4) == [(0, 1, 2, 3), (0, 2, 3, 1), (2, 3, 0, 1), (1, 0, 2, 3)]
    assert permutations("medqa:1", 4, 2) == permutations("medqa:1", 4, 4)[:2], "more orders keep those of fewer"
    assert permutations("medqa:1", 4, 4, seed=1) != permutations("medqa:1", 4, 4) != permutations("medqa:2", 4, 4)


@pytest.mark.parametrize("options", [1, 2, 3, 4])
def test_no_order_is_drawn_twice_and_all_are_there(options: int) -> None:
    for number in (1, 2, 5, 30):
        found = permutations("medqa:x", options, number)
        assert len(found) == len(set(found)) == min(number, math.factorial(options))


def test_orders_are_drawn_evenly() -> None:
    """Of 600 items, each of the five other orders of three options is the second about 120 times."""
    counts = Counter(permutations(f"medqa:{number}", 3, 2)[1] for number in range(600))
    assert len(counts) == 5 and max(abs(count - 120) for count in counts.values()) < 40


def test_labels_stay_and_the_gold_label_moves_with_its_text() -> None:
    row = question(*FOUR)
    moved = reordered(row, (2, 3, 1, 0))
    assert [option["label"] for option in moved["options"]] == list("ABCD")
    assert [option["text"] for option in moved["options"]] == ["rickets", "scurvy", "kuru", "gout"]
    assert moved["answer_label"] == "C" and moved["answer"] == "kuru"
    assert row_id("medqa", None, moved) == row["id"] and row["answer_label"] == "B"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "All of the above",
            "none of the above.",
            "None of these",
            "Any of the above",
            "None of the above, but rest",
        ),
        *(
            "Both A and B",
            "both a & c",
            "A and C",
            "A, B and D",
            "1 and 3",
            "1, 3 & 4 only",
            "I, II, and III",
            "ii and iv only",
        ),
        *(
            "Neither A nor B",
            "All",
            "Both",
            "Option 1 and 2",
            "ABC",
            "b,c,a,d",
            "All of the following",
            "all the above",
        ),
        *("(a) and (c)", "All options are correct", "The first two answers", "<b>All</b> of the above"),
    ],
)
def test_an_option_that_speaks_of_others_is_seen(text: str) -> None:
    assert refers(text)
    assert fixed_because(question("gout", "kuru", "rickets", text)) == "option_refers"


@pytest.mark.parametrize(
    "text",
    [
        *("Hepatitis A and B", "Vitamin D", "All-trans retinoic acid", "A 52", "1/2", "25", "Both kidneys are small"),
        *("None of the offspring will be affected", "Type 1 and 2 fibres", "aabb", "10 litres of each other", "BB"),
        *("1,000", "Skin above the clavicle", "Observe and treat", "A", "IV"),
    ],
)
def test_an_option_that_names_a_thing_is_none(text: str) -> None:
    assert not refers(text)
    assert fixed_because(question("gout", "kuru", "rickets", text)) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Ans. is 'b' i.e., Gout",
            "Answer- C",
            "Ans: D",
            "The answer is (A).",
            "Option B is wrong since",
            "C. Kuru is rare",
        ),
        *(
            "(b) It is due to a virus",
            "The other options are rare",
            "D is correct",
            "See above.\nA) Gout",
            "All of the above hold",
        ),
    ],
)
def test_an_explanation_that_names_options_is_seen(text: str) -> None:
    assert names_options(text)


@pytest.mark.parametrize(
    "text", ["Vitamin C, e.g. in sailors, i.e. scurvy", "A thick stool", "Group A streptococci", "Hepatitis B", ""]
)
def test_an_explanation_that_names_none(text: str) -> None:
    assert not names_options(text)


def test_a_build_shuffles_what_it_may_and_counts_the_rest() -> None:
    rows = [question(*FOUR, question=f"What is it, {number}?") for number in range(60)]
    rows = [row | {"id": row_id("medqa", None, row)} for row in rows]
    rows += [
        question("gout", "kuru", "None of the above"),
        question("gout", "kuru", gold_text="kuru. Explanation: Ans. is B"),
    ]
    rows += [
        question("gout", "kuru", reference_rationale="Option A is wrong"),
        question("yes", "no", answer_type="yes/no/maybe"),
    ]
    rows += [question(*FOUR, rejected_because="duplicate")]
    made, said = shuffle_options(rows, 7)
    kept = {"explanation_refers": 2, "option_refers": 1, "yes_no_maybe": 1}
    assert said == {"seed": 7, "shuffled": 60, "kept": kept}
    assert list(made)[60:] == rows[60:]
    for row, moved in zip(rows, made, strict=True):
        (gold,) = (option["text"] for option in moved["options"] if option["label"] == moved["answer_label"])
        assert gold == row["answer"] and moved["id"] == row["id"]
    labels = Counter(row["answer_label"] for row in list(made)[:60])
    assert set(labels) == set("ABCD"), "all gold labels were B"
    assert list(shuffle_options(rows, 7)[0]) == list(made) != list(shuffle_options(rows, 8)[0])
    assert shuffle_options(rows, None) == (rows, {})
