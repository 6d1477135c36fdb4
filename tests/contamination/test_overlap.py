"""Which questions ask the same: planted overlaps of every kind, what must be let alone, and the pairs that a person has read."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_builder.contamination import similarity
from dataset_builder.contamination.normalisation import content, key_of, words
from dataset_builder.contamination.overlap import matches, overlaps
from dataset_builder.contamination.similarity import by_words
from dataset_builder.contamination.stems import Stems, stems_of, vectors_of
from dataset_builder.sources.questions import read_questions
from kg.embedder import EmbedderError
from tests.support.shared_data import SETS, read_pairs

CASE = (
    "A 54-year-old baker comes to the clinic with a swollen left ankle that woke him at 3 a.m. He took hydrochlorothiazide for two "
    "years, drinks four beers a night, and had a similar attack in his great toe last spring. His temperature is 37.9 and his "
    "pulse is 96. Fluid from the joint holds needles that are negatively birefringent. Which of the following is the diagnosis?"
)
OPTIONS = ["Gout", "Calcium pyrophosphate disease", "Septic arthritis", "Reactive arthritis"]
REWORDED = (
    "After hydrochlorothiazide for two years, a baker aged 54 who drinks four beers nightly wakes at 3 a.m.: his left ankle is swollen. "
    "The great toe had hurt in a similar attack in spring. Pulse 96, temperature 37.9. Aspirated fluid: negatively birefringent needles. "
    "What does he have?"
)
OTHER = (
    "A 71-year-old retired teacher has a swollen right knee two days after a hip operation. She has primary hyperparathyroidism. Her pulse "
    "is 88. The film shows chondrocalcinosis, and the fluid holds rhomboid crystals. Which of the following is the diagnosis?"
)
SHORT = "Which enzyme is inhibited by allopurinol?"


def row(question: str = CASE, options: list[str] | None = None, answer: str = "Gout", **more: Any) -> dict[str, Any]:
    texts = OPTIONS if options is None else options
    listed = [{"label": label, "text": text} for label, text in zip("ABCDEFGHIJ", texts, strict=False)]
    return {"question": question, "context": None, "options": listed, "answer": answer, **more}


def rules(a: Any, b: Any, **more: Any) -> list[str]:
    return [match.rule for match in matches([a], [b], **more)]


def test_exact_whatever_case_punctuation_and_the_order_of_options() -> None:
    assert rules(row(), row(f" {CASE.upper().rstrip('?')}:", OPTIONS[::-1])) == ["exact"]
    assert rules(row(), {**row(), "options": OPTIONS}) == ["exact"], "options as texts"
    assert rules(row(), {**row(), "options": dict(zip("ABCD", OPTIONS, strict=True))}) == ["exact"], "options by label"


def test_other_options_on_one_stem() -> None:
    assert rules(row(), row(options=["Pseudogout", "Gout", "Cellulitis", "Lyme disease", "A bruise"])) == ["stem"]
    assert rules(row(SHORT), row(SHORT, ["Xanthine oxidase", "Uricase"], "Xanthine oxidase")) == ["stem"]
    assert rules(CASE, row()) == ["stem"], "a stem alone"


@pytest.mark.parametrize("sentence", range(1, 5))
def test_one_sentence_changed(sentence: int) -> None:
    sentences = CASE.replace("a.m.", "am").split(". ")
    sentences[sentence - 1] = (
        "The village lies by a lake, and nothing else was told of it on that windy morning in June"
    )
    [rule] = rules(row(". ".join(sentences)), row())
    assert rule in ("grams", "words", "answer")


def test_told_in_other_words() -> None:
    assert rules(row(REWORDED), row()) == rules(row(REWORDED, ["Sprain", "Cellulitis"], "Sprain"), row()) == ["words"]
    shortened = (
        "A 54-year-old baker has a swollen ankle since 3 a.m. Needles in the joint's fluid are negatively birefringent, and he is on "
        "hydrochlorothiazide. What is it?"
    )
    assert rules(row(shortened), row()) == ["answer"]
    assert rules(row(shortened, ["Sprain", "Cellulitis"], "Sprain"), row()) == []


def test_another_case_with_the_same_options_is_another_question() -> None:
    assert rules(row(OTHER, answer="Calcium pyrophosphate disease"), row()) == []
    assert rules(row(OTHER), row()) == [], "nor where the answer is the same"


@pytest.mark.parametrize(
    "stem",
    [
        "Which of the following is true?",
        "Which of the following statements is correct?",
        "What is the most likely diagnosis?",
        "Which of the following is the most appropriate next step in management of this patient?",
        "All of the following are true EXCEPT:",
    ],
)
def test_a_generic_stem_is_no_overlap_unless_its_options_are_the_same(stem: str) -> None:
    assert (
        rules(row(stem, ["Gout is rare", "Urate is soluble"], "Gout is rare"), row(stem, ["Iron rusts", "Tin melts"]))
        == []
    )
    assert rules(row(stem), row(stem, OPTIONS[::-1])) == ["exact"]


def test_yes_and_all_of_the_above_are_no_common_answer() -> None:
    options = ["yes", "no", "maybe"]
    one, other = (
        "Does allopurinol prevent attacks in obese adults?",
        "Does allopurinol prevent stones in obese adults?",
    )
    assert rules(row(one, options, "yes"), row(other, options, "yes")) == []
    assert content("All of the above") == content("yes") == frozenset()


def test_positions_and_an_empty_side() -> None:
    a, b = (
        [row(OTHER), row(), row(SHORT, answer="Uricase")],
        [row(SHORT, ["Uricase"], "Uricase"), row(REWORDED), row(OTHER)],
    )
    assert overlaps(a, b) == [(0, 2), (1, 1), (2, 0)]
    assert overlaps([], b) == overlaps(a, []) == overlaps([], []) == []
    assert overlaps(["", "?"], [row(), "?"]) == [(1, 1)] or overlaps(["", "?"], [row(), "?"]) == [(0, 1), (1, 1)]


def test_strict_adds_what_is_likely() -> None:
    likely = (
        "A cook of 60 comes with a swollen left ankle. He drinks beers at night and took hydrochlorothiazide. Fluid from the joint "
        "holds needles."
    )
    some = ["Gout", "A sprain", "A bruise", "Lyme disease"]
    assert rules(row(likely, some), row()) == []
    assert rules(row(likely, some), row(), strict=True) == ["answer"]


def test_bad_input_is_named() -> None:
    with pytest.raises(TypeError, match="a text, or a row with a text under 'question'; found"):
        overlaps([{"stem": "x"}], [])  # pyright: ignore[reportArgumentType]
    with pytest.raises(EmbedderError, match="was not measured on duplicates; expected one of minilm"):
        overlaps([CASE], [CASE], embedder="org/model@1")


def test_the_search_by_words_loses_no_pair() -> None:
    """Against all cosines."""
    draw = random.Random(0)
    vocabulary = [f"{letter}{letter}x" for letter in "bcdfghjklmnpqrstvw"]
    texts = [" ".join(draw.choices(vocabulary, k=draw.randint(1, 9))) for _ in range(150)]
    stems = stems_of(texts[:80], texts[80:])
    vectors = vectors_of(stems)
    for least in (0.4, 0.7, 0.9):
        pairs = by_words(stems, vectors, least)
        all_ = (vectors @ vectors.T).toarray()
        side_a, side_b = stems.sides
        expected = {(a, b) for a in side_a for b in side_b if a != b and all_[a, b] >= least + 1e-5}
        found = set(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True))
        assert expected <= found
        assert all(all_[a, b] >= least - 1e-5 for a, b in found)


def test_the_runs_of_words_of_each_stem_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[int] = Counter()
    grams = similarity._grams

    def counted(stems: Stems, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        made.update(chosen.tolist())
        return grams(stems, chosen)

    monkeypatch.setattr(similarity, "_grams", counted)
    said = "the quick brown fox jumps over the lazy dog and then rests for a while"
    a, b = [said, f"{said} a", "only here is this one asked"], [said, f"{said} b", "and this one is only there"]
    pairs = similarity.by_rare_grams(stems_of(a, b), 0.25, 2)
    assert made == Counter(range(5))
    assert sorted(zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)) == [(0, 3), (1, 0), (1, 3)]


def test_words_and_keys() -> None:
    assert words("Na⁺ 1,000 mg; the patient's 3.5-cm Mass") == [
        "na",
        "1,000",
        "mg",
        "the",
        "patient's",
        "3.5",
        "cm",
        "mass",
    ]
    assert content("Administered antibiotics") == content("administering antibiotic")
    assert key_of(row()) == key_of({"question": CASE + " ", "options": OPTIONS[::-1]})


def test_pairs_that_a_person_has_read(shared_data: Path) -> None:
    """At least 14 of 15 duplicates, none of the others; in the pool of both sets, and each pair alone."""
    pairs = read_pairs(shared_data)
    used = {name for a, _, b, _, _ in pairs for name in (a, b)}
    sets = {
        name: read_questions([SETS[name][0]], dict([SETS[name]]), data_dir=shared_data / "hub")[0] for name in used
    }
    found = {(a, b): set(overlaps(sets[a], sets[b])) for a, b in {(a, b) for a, _, b, _, _ in pairs}}
    whole = Counter((label, (i, j) in found[a, b]) for a, i, b, j, label in pairs)
    alone = Counter((label, bool(overlaps([sets[a][i]], [sets[b][j]]))) for a, i, b, j, label in pairs)
    for count in (whole, alone):
        assert count["duplicate", True] >= 14 and count["duplicate", False] <= 1
        assert count["different", True] == 0
