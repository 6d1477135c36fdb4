"""The published rule, case by case: what it does is what it has to do here, right or wrong."""

import csv
import json
from pathlib import Path

import pytest

from lighteval_tasks.huatuo_compat import published_letters, published_score

FIXTURES = Path(__file__).parent.parent / "fixtures"
OPTIONS = json.loads((FIXTURES / "extraction" / "options.json").read_text("utf-8"))


def cases() -> list[list[str]]:
    with (FIXTURES / "scoring" / "huatuo_compat.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [[*row[:3], row[3].replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")] for row in rows]


@pytest.mark.parametrize(("first", "last", "options", "text"), cases())
def test_the_rule_finds_these_letters(first: str, last: str, options: str, text: str) -> None:
    assert published_letters(text, OPTIONS[options]) == (first, last)


def test_likeness_is_of_lower_case_and_takes_the_last_of_equals() -> None:
    assert published_letters("XYZ?", {"A": "XYZ??", "B": "zzzzz"}) == ("A", "A")
    assert published_letters("?", {"A": "no", "B": "ok", "C": "up"}) == ("C", "C")


def test_the_score_is_the_better_of_first_and_last_without_empty_outputs() -> None:
    score = published_score([("A", "B"), ("B", "B"), None, ("c", "A")], ["A", "B", "A", "C"])
    assert score == (1.0, 1.0, pytest.approx(1 / 3), 3, 1)
    assert published_score([None], ["A"]) == (0.0, 0.0, 0.0, 0, 1)
