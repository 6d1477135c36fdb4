"""Who sees what in which order; the key that tells; what it is refused for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.publishing.reviews.texts import text_hash
from dataset_builder.review.key import ReviewError, read_key
from dataset_builder.review.page import data_of
from dataset_builder.review.sample import Case, Judged
from dataset_builder.review.study import key_of, plan

CASES = [
    Case(
        f"q{n}",
        f"Question {n}?",
        None,
        (("A", "yes"),),
        (Judged("a", f"q{n}", f"1. left {n}"), Judged("b", f"q{n}", f"1. right {n}")),
    )
    for n in range(11)
]
HASHES = ("0" * 64, "1" * 64)


def test_every_rater_has_all_cases_in_another_order() -> None:
    study = plan(CASES, HASHES, 3, 0)
    orders = [[one.case.id for one in placed] for placed in study.raters.values()]
    assert [sorted(order) for order in orders] == [sorted(case.id for case in CASES)] * 3
    assert len({tuple(order) for order in orders}) == 3


def test_each_side_comes_first_in_half_of_the_cases_of_each_rater() -> None:
    for placed in plan(CASES, HASHES, 6, 0).raters.values():
        assert sum(one.texts[0].side == "a" for one in placed) in (5, 6)
    first = {one.case.id: set() for one in plan(CASES, HASHES, 1, 0).raters["rater-1"]}
    for placed in plan(CASES, HASHES, 12, 0).raters.values():
        for one in placed:
            first[one.case.id].add(one.texts[0].side)
    assert all(sides == {"a", "b"} for sides in first.values())


def test_the_id_follows_from_what_is_judged_and_more_raters_change_no_page() -> None:
    study, more = plan(CASES, HASHES, 2, 0), plan(CASES, HASHES, 3, 0)
    assert study.id == more.id and study.raters == {name: more.raters[name] for name in study.raters}
    others = [plan(CASES[1:], HASHES, 2, 0), plan(CASES, HASHES[::-1], 2, 0), plan(CASES, HASHES, 2, 1)]
    assert len({study.id, *(one.id for one in others)}) == 4


def test_the_key_says_which_text_is_which(tmp_path: Path) -> None:
    study = plan(CASES, HASHES, 2, 0)
    manifest = {"pipeline": "p", "content_hash": "0" * 64}
    folders: Any = {"a": (Path("one"), manifest), "b": (Path("two"), manifest)}
    (tmp_path / "key.json").write_text(json.dumps(key_of(study, folders, 0)))
    key = read_key(tmp_path / "key.json")
    texts = {(text.side, case.id): text.text for case in CASES for text in case.texts}
    for rater, items in key.raters.items():
        shown = data_of(study.id, rater, study.raters[rater])["items"]
        for item, page in zip(items, shown, strict=True):
            assert page["question"] == f"Question {item.id[1:]}?"
            for text, parts in zip(item.texts, page["texts"], strict=True):
                assert parts == [{"step": 1, "text": texts[text.side, item.id]}]
                assert text.text_hash == text_hash(texts[text.side, item.id]) and text.steps == 1


def key() -> dict[str, Any]:
    text = {"side": "a", "id": "q", "text_hash": "0" * 64, "steps": 1}
    return {"version": "1", "study": "s", "seed": 0} | {
        "folders": {"a": {"folder": "one", "pipeline": "p", "content_hash": "0"}},
        "raters": {"rater-1": [{"item": 1, "id": "q", "texts": [text]}]},
    }


def numbered(key: dict[str, Any]) -> None:
    key["raters"]["rater-1"][0]["item"] = 2


def another_side(key: dict[str, Any]) -> None:
    key["raters"]["rater-1"][0]["texts"][0]["side"] = "b"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda key: key.update(version="2"), "found version '2'; expected '1'"),
        (lambda key: key.pop("seed"), "seed: Field required"),
        (lambda key: key.update(seed="0"), "seed: Input should be a valid integer"),
        (
            lambda key: key["folders"].update(c=key["folders"]["a"]),
            r"found the sides \['a', 'c'\]; expected a, or a and b",
        ),
        (numbered, "rater-1: its items are not numbered from 1"),
        (another_side, r"rater-1, item 1: found texts of the sides \['b'\]; expected each of \['a'\] once"),
    ],
)
def test_a_key_that_was_changed_is_refused(tmp_path: Path, change: Callable[[Any], Any], said: str) -> None:
    found = key()
    change(found)
    (tmp_path / "key.json").write_text(json.dumps(found))
    with pytest.raises(ReviewError, match=said):
        read_key(tmp_path / "key.json")


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReviewError, match="cannot be read as a study's key"):
        read_key(tmp_path / "key.json")
    (tmp_path / "key.json").write_text("[1]")
    with pytest.raises(ReviewError, match="found version None"):
        read_key(tmp_path / "key.json")
