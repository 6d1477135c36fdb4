"""What nobody sees, and markup, makes no other question; what only looks like markup stays."""

import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset_builder.contamination.overlap import matches
from dataset_builder.row import repeat_key
from dataset_builder.sources.plain_text import plain, seen_key
from dataset_builder.sources.questions import read_questions

STEM = "Which adult with fever and a rash has measles & croup?"
# zero width, joiners, soft hyphen, BOM, marks and overrides of direction, tags of another kind, a blank letter, a control character
UNSEEN = (
    "\u200b\u200c\u200d\u2060\u00ad\ufeff\u200e\u200f\u202a\u202e\u2066\u2069\u034f\ufe0f\u180e\u3164\U000e0041\x01"
)


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_what_nobody_sees_is_left_out(sign: str) -> None:
    assert plain(f"fev{sign}er") == "fever"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<p>fever</p>", " fever "),
        ("fe<b>v</b>er <I>and</I> rash", "fever and rash"),
        ("H<sub>2</sub>O", "H2O"),
        ("fever<br/>rash<BR>cough", "fever rash cough"),
        ("<span class=\"a b\" id=x style='c'>fever</span>", "fever"),
        ("<!-- note -->fever", " fever"),
        ("Crohn&#39;s &amp; Down&#x27;s", "Crohn's & Down's"),
        ("&lt;b&gt;fever&lt;/b&gt;", "fever"),
        ("a&amp;nbsp;b", "a\u00a0b"),
        ("fe&shy;ver", "fever"),
        ("x &epsiv; y", "x ϵ y"),
    ],
)
def test_markup_is_what_it_shows(text: str, seen: str) -> None:
    assert plain(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "p < 0.05 and x > 3",
        "p<0.05 and x>3",
        "if a<b and c>d",
        "pH <7.2 & PCO2>50",
        "T3 < T4 > TSH",
        "Na <b or i> 3",
        "a <- b -> c",
        "<5 or >65 years",
        "the HLA-<X> allele <patient name>",
        "R&D; A&E",
        "&notanentity;",
        "café Ω 3 µg",
        "",
    ],
)
def test_what_looks_like_markup_stays(text: str) -> None:
    assert plain(text) == text


@given(text=st.text(st.sampled_from("ab <>/&;#3p=\u200b\u00ad'\""), max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_has_a_plain_form_that_is_its_own(text: str) -> None:
    assert len(plain(text)) <= len(text)
    assert not set(plain(text)) & set(UNSEEN)


def test_long_texts_take_no_time() -> None:
    for unit in ("<", "<p ", "<p a=", "<p a a", " ", "<p a='b' ", "&", "&#", "<!--", "<span a='", "&amp;", "<b"):
        begin = time.process_time()
        plain(unit * (60_000 // len(unit)))
        plain(f"<p {unit[-1] * 60_000}")
        assert time.process_time() - begin < 1, unit


def _row(question: str, options: list[str]) -> dict[str, Any]:
    listed = [{"label": label, "text": text} for label, text in zip("ABCD", options, strict=False)]
    return {"question": question, "context": None, "options": listed, "answer": options[0]}


DISGUISES: dict[str, Callable[[str], str]] = {
    **{ascii(sign): lambda text, sign=sign: re.sub(r"(\w\w)(\w)", rf"\1{sign}\2", text) for sign in UNSEEN},
    "one sign": lambda text: text[: len(text) // 2] + "\u200b" + text[len(text) // 2 :],
    "&nbsp;": lambda text: text.replace(" ", "&nbsp;"),
    "entities": lambda text: text.replace("&", "&amp;").replace("e", "&#101;"),
    "<p>": lambda text: f"<p>{text}</p>",
    "<b> in words": lambda text: re.sub(r"(\w\w)(\w)", r"\1<b>\2</b>", text),
    "<br/>": lambda text: text.replace(" ", "<br/>"),
    "<br/> in a word": lambda text: text.replace("ver", "v<br/>er").replace("as", "a<br/>s"),
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "lost spaces": lambda text: text.replace(" a", "a"),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_copy_is_a_repeat(name: str) -> None:
    options = ["An adult with rash", "Some other adult", "No adult", "Fever alone"]
    copy = _row(DISGUISES[name](STEM), [DISGUISES[name](option) for option in options])
    assert copy["question"] != STEM
    assert [match.rule for match in matches([copy], [_row(STEM, options)])] == ["exact"]
    assert seen_key(copy) == seen_key(_row(STEM, options)) != repeat_key(copy)


def test_a_disguised_copy_in_the_same_build_is_a_duplicate_and_texts_stay_as_they_are(tmp_path: Path) -> None:
    rows = [
        {"question": stem, "options": {"A": "Croup", "B": "Measles"}, "answer_idx": "B", "answer": "Measles"}
        for stem in (STEM, STEM.replace("fever", "fe\u00adver"), STEM.replace("fever", "cough"))
    ]
    file = tmp_path / "GBaker/MedQA-USMLE-4-options/train.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    questions, _ = read_questions(["medqa"], data_dir=tmp_path)
    assert [row["rejected_because"] for row in questions] == [None, "duplicate", None]
    assert questions[1]["question"] == rows[1]["question"] and questions[1]["id"] != questions[0]["id"]


@pytest.mark.slow
def test_no_disguise_hides_one_of_600_real_questions(shared_data: Path) -> None:
    wanted = {"medqa": "test", "medmcqa": "validation", "mmlu_medical": "test"}
    questions, _ = read_questions(list(wanted), wanted, data_dir=shared_data / "hub")
    draw = random.Random(0)
    rows = draw.sample([row for row in questions if row["rejected_because"] is None], 600)
    names = list(DISGUISES)
    copies = []
    for row in rows:
        disguise = DISGUISES[draw.choice(names)]
        options = [option | {"text": disguise(option["text"])} for option in row["options"]]
        copies.append(row | {"question": disguise(row["question"]), "options": options})
    found = {match.a for match in matches(copies, rows) if match.a == match.b}
    assert sorted(set(range(600)) - found) == []
