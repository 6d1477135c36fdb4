"""Which questions are judged: seeded, stratified, and every question with the same chance."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.verify import read_manifest
from dataset_builder.review.sample import (
    Case,
    Judged,
    Outline,
    Stratum,
    chosen_text,
    common,
    draw,
    draw_cases,
    stratum_of,
    support_of,
    unblinded,
)
from tests.support.tiny_folders import write_folders

STRATA: dict[str, Stratum] = {
    f"{name}-{number}": (name,)
    for name, size in {"large": 60, "middle": 31, "small": 9}.items()
    for number in range(size)
}


def outline(case: str = "case", text: str = "text", *stratum: str) -> Outline:
    return Outline(stratum or ("s",), case.encode(), text)


def folders(*places: Path) -> dict[str, tuple[Path, dict[str, Any]]]:
    return {side: (place, read_manifest(place)) for side, place in zip("ab", places, strict=False)}


def test_the_draw_follows_from_the_seed_and_not_from_the_order_of_rows() -> None:
    drawn = draw(STRATA, 20, 3)
    assert len(set(drawn)) == 20
    assert draw(dict(reversed(STRATA.items())), 20, 3) == drawn != draw(STRATA, 20, 4)
    assert sorted(draw(STRATA, 1000, 3)) == sorted(STRATA)


@pytest.mark.parametrize("number", [1, 2, 7, 20, 60, 99])
def test_every_stratum_has_its_share_up_to_one_question(number: int) -> None:
    sizes = Counter(STRATA.values())
    for seed in range(20):
        taken = Counter(STRATA[id_] for id_ in draw(STRATA, number, seed))
        for stratum, size in sizes.items():
            share = size * number / len(STRATA)
            assert (
                math.floor(share) <= taken[stratum] <= math.ceil(share) + (len(sizes) > 2 and stratum == ("middle",))
            )


def test_every_question_has_the_same_chance() -> None:
    taken = Counter(id_ for seed in range(2000) for id_ in draw(STRATA, 10, seed))
    assert len(taken) == len(STRATA)
    assert all(140 <= times <= 262 for times in taken.values())  # 200 expected, standard deviation 13.4


def test_only_what_all_folders_publish_alike_is_compared() -> None:
    first = {
        "same": outline("case", "text", "s", "claims: none read"),
        "alone": outline(),
        "text": outline(),
        "worded": outline("one"),
    }
    second = {
        "same": outline("case", "other", "s", "claims: all supported"),
        "text": outline(),
        "worded": outline("two", "other"),
        "new": outline(),
    }
    strata, left_out = common([first, second])
    assert strata == {"same": ("s", "claims: none read", "B: claims: all supported")}
    assert left_out == {
        "published by one folder alone": 2,
        "with the same text in both folders": 1,
        "worded or ordered differently in the two folders": 1,
    }
    assert common([first])[0].keys() == first.keys()


@pytest.mark.parametrize(
    ("claims", "supported", "contradicted", "words"),
    [
        (0, 0, 0, "none read"),
        (3, 3, 0, "all supported"),
        (3, 1, 0, "some supported"),
        (3, 0, 0, "none supported"),
        (3, 2, 1, "a contradicted one"),
    ],
)
def test_support_has_five_strata(claims: int, supported: int, contradicted: int, words: str) -> None:
    assert support_of({"claims": claims, "supported": supported, "contradicted": contradicted}) == words


def test_a_stratum_has_what_the_row_has() -> None:
    support = [{"claims": 2, "supported": 2, "contradicted": 0}, {"claims": 2, "supported": 0, "contradicted": 0}]
    paths = [{"relevance": 0.3}, {"relevance": 0.6}, {"relevance": None}]
    row = {"id": "x", "source": "medqa", "tier": "easy", "support": support, "paths": paths}
    expected = ("source medqa", "tier easy", "claims: none supported", "best path: relevance 0.5 to 0.75")
    assert stratum_of(row, "x#2") == expected
    assert stratum_of(row, "x#1")[2] == "claims: all supported"
    assert stratum_of({"id": "x", "source": "medqa", "paths": []}, "x") == (
        "source medqa",
        "best path: relevance unknown",
    )
    assert stratum_of({"id": "x", "source": "medqa", "support": None}, "x") == ("source medqa",)


def test_of_several_rationales_one_is_drawn_under_its_id_in_cot(tmp_path: Path) -> None:
    many = write_folders(tmp_path)["many"]
    drawn = draw_cases(folders(many), 9, 0)
    assert [case.texts[0].id for case in drawn.cases] == [f"{case.id}#1" for case in drawn.cases] and len(
        drawn.cases
    ) == 2
    rationale = {"candidate": 0, "model": "m", "rounds": 0, "verdict": None}
    row = {"id": "x", "rationales": [rationale | {"text": text} for text in ("first", "second", "third")]}
    row |= {"responses": ["short", None, "short"]}
    found = {chosen_text(row, seed) for seed in range(30)}
    assert found == {("x#1", "first"), ("x#3", "third")}  # the second is not published


def test_a_case_has_one_text_of_each_folder(built: Path, other: Path) -> None:
    drawn = draw_cases(folders(built, other), 5, 1)
    assert len(drawn.cases) == 5
    for case in drawn.cases:
        first, second = case.texts
        assert (first.side, second.side) == ("a", "b") and second.text.startswith(first.text)
    assert sum(there for there, _ in drawn.strata.values()) == read_manifest(built)["rows"]["train"]
    assert sum(taken for _, taken in drawn.strata.values()) == 5


def test_texts_that_name_a_model_or_pipeline_are_said() -> None:
    texts = ["As GPT-4o says, gout.", "As gpt-4o-mini says, gout.", "kg_only found gout.", "qwen3-8b", "Gout."]
    cases = [Case(str(n), "?", None, (), (Judged("a", str(n), text),)) for n, text in enumerate(texts)]
    models = {"writers": "gpt-4o,qwen3-8b@sglang", "judge": "gpt-4o"}
    assert unblinded(cases, [{"pipeline": "reasonmed", "inputs": {"models": models}}]) == ["0", "1", "3"]
    assert unblinded(cases, [{"pipeline": "kg_only", "inputs": {}}]) == ["2"]


def test_without_anything_to_judge_the_message_says_why(built: Path) -> None:
    with pytest.raises(FolderError, match=r"with the same text in both folders.*give other folders"):
        draw_cases(folders(built, built), 5, 1)
