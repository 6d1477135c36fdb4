"""TF-IDF over names, against scikit-learn's, which counts the same n-grams."""

import numpy as np
import pytest

from kg import tfidf
from kg.contents import Nodes

NAMES = [
    "chronic kidney disease",
    "kidney failure",
    "Kidney Failure, acute",
    "gout",
    "type 2 diabetes",
    "a b",
    "HMGCR",
    "Lupus",
]
TYPES = ["disease"] * 6 + ["gene/protein", "disease"]
NODES = Nodes(np.arange(8), list("01234567"), TYPES, NAMES, [""] * 8)


@pytest.mark.parametrize(
    "mention", ["acute kidney failures", "gouty", "diabetes, type II", "kidney kidney", "a", "xyz"]
)
def test_cosines_of_characters_are_those_of_scikit_learn(mention: str) -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    index = tfidf.load(NODES).chars
    shared, length = index.shared(tfidf.grams(mention))

    plain = [name.lower() for name in NAMES if name != "HMGCR"]
    vectorizer = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), binary=True)
    vectors = vectorizer.fit_transform(plain)
    asked = vectorizer.transform([mention])
    known = np.sqrt(asked.multiply(asked).sum()) or 1
    expected = (vectors @ asked.T).toarray().ravel() / known
    cosine = shared / (index.length * length)
    # scikit-learn forgets the n-grams that no name has; here they make the mention longer, by one factor for all names
    assert np.allclose(cosine * expected.max(), expected * cosine.max(), atol=1e-5)
    assert (cosine <= expected + 1e-6).all()


def test_a_name_is_equal_to_itself_only() -> None:
    index = tfidf.load(NODES).chars
    shared, length = index.shared(tfidf.grams("Kidney Failure"))
    cosine = shared / (index.length * length)
    assert int(cosine.argmax()) == 1
    assert cosine[1] == pytest.approx(1)
    assert (np.delete(cosine, 1) < 0.95).all()


def test_words_are_those_of_the_n2_key() -> None:
    names = tfidf.load(NODES)
    shared, length = names.words.shared(["2", "diabete"])
    assert (shared / (names.words.length * length))[4] == pytest.approx(1)


def test_symbols_have_no_row_and_numbers_are_kept() -> None:
    names = tfidf.load(NODES)
    assert names.vertex.tolist() == [0, 1, 2, 3, 4, 5, 7]
    assert names.numbers.tolist() == [0, 0, 0, 0, 1 << 27, 0b11, 0]


def test_a_graph_without_names_has_an_index() -> None:
    names = tfidf.load(Nodes(np.arange(0), [], [], [], []))
    assert names.chars.shared(["abc"])[0].tolist() == []
