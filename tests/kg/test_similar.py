"""Similar names: the best by the score as its definition says it, computed here in the slow way for every name."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import fold, similar, tfidf
from kg.contents import Nodes
from kg.embedder import Embedder
from kg.similar import SimilarNames

WORDS = ["kidney", "failure", "acute", "chronic", "type", "2", "3", "gout", "of", "the", "diabetes", "IV"]
ROWS = [
    (" ".join([a, b, c]), t)
    for a in WORDS[:5]
    for b in WORDS[5:9]
    for c, t in zip(WORDS[8:], ["disease", "drug", "", "anatomy"], strict=True)
]
NODES = Nodes(
    np.arange(len(ROWS)),
    [str(i) for i in range(len(ROWS))],
    [t for _, t in ROWS],
    [n for n, _ in ROWS],
    [""] * len(ROWS),
)
TINY = Embedder("tiny", "tiny", "1", accept=0.9)


def expected(mention: str, meaning: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """For every name the mean of the cosines, and what it loses for new words and numbers."""
    names = tfidf.load(NODES)
    chars, _ = compared(names.chars, tfidf.grams(mention))
    words, new = compared(names.words, fold.n2_words(mention))
    new_number = [bool(fold.numbers(name) & ~fold.numbers(mention)) for name in NODES.name]
    mean = (chars + (words if meaning is None else meaning)) / 2
    return mean, similar.NEW_WORDS * new + similar.NEW_NUMBER * np.array(new_number)


def compared(index: tfidf.Index, terms: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """The cosine of every name, and the share of it that is new."""
    shared, length = index.shared(terms)
    own = np.where(index.length > 0, index.length, np.inf)
    return shared / (own * length), 1 - shared / own**2


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.sampled_from(["disease", "drug", None]))
def test_the_best_of_all_names_are_found(words: list[str], type_: str | None) -> None:
    mention = " ".join(words)
    wanted = set(NODES.type) if type_ is None else {type_, ""}
    cost = similar.TYPE_UNKNOWN if type_ is None else {type_: 0.0}
    mean, lost = expected(mention)
    scores = {
        v: float(mean[v] - lost[v]) - cost.get(t, similar.OTHER_TYPE)
        for v, t in enumerate(NODES.type)
        if t in wanted and mean[v] > similar.LEAST
    }
    [found] = SimilarNames(NODES).search([mention], [type_], 5)
    assert [s.score for s in found] == pytest.approx(sorted(scores.values(), reverse=True)[:5], abs=1e-5)
    assert all(s.score == s.by_text == pytest.approx(scores[s.vertex], abs=1e-5) for s in found)


def test_a_number_that_the_mention_lacks_costs() -> None:
    rows = Nodes(np.arange(2), ["0", "1"], ["disease"] * 2, ["gout 9", "gout at"], [""] * 2)
    [plain], [numbered] = SimilarNames(rows).search(["gout", "gout 9"], [None, None], 1)
    assert (plain.vertex, numbered.vertex) == (1, 0)


def test_meaning_takes_the_place_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(len(ROWS), 4)).astype(np.float16)
    monkeypatch.setattr(Embedder, "vectors", lambda self, names: vectors)
    monkeypatch.setattr(
        Embedder, "encode", lambda self, texts: np.eye(4, dtype=np.float32)[[len(text) % 4 for text in texts]]
    )
    mentions = ["kidney failure of old age", "gout", "acute gouty diabetes"]
    for mention, found in zip(mentions, SimilarNames(NODES, TINY).search(mentions, [None] * 3, 4), strict=True):
        cost = np.array([similar.TYPE_UNKNOWN.get(t, similar.OTHER_TYPE) for t in NODES.type])
        mean, lost = expected(mention, vectors[:, len(mention) % 4].astype(float))
        assert [s.score for s in found] == pytest.approx(sorted(mean - lost - cost, reverse=True)[:4], abs=1e-3)
        by_text = expected(mention)[0] - lost - cost
        assert [s.by_text for s in found] == pytest.approx([by_text[s.vertex] for s in found], abs=1e-5)


def test_a_mention_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = SimilarNames(NODES)
    first = names.search(["acute  gout"], ["disease"], 3)
    monkeypatch.setattr(SimilarNames, "_search", lambda *_: pytest.fail("searched again"))
    assert names.search([" acute gout", "acute gout"], ["disease"] * 2, 3) == first * 2


def test_an_unknown_type_still_has_the_names_of_unknown_type() -> None:
    [found] = SimilarNames(NODES).search(["kidney 2 of"], ["pathway"], 50)
    assert {NODES.type[s.vertex] for s in found} == {""}
