"""Embedders: names, what is kept on disk, and (slow) the packaged MiniLM. Most tests have a model of letters instead of weights."""

import importlib.util
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from kg import KG, embedder
from kg.embedder import EMBEDDERS, NONE, UNPINNED, Embedder, EmbedderError, named
from kg.guard import UnusableEnvironment
from kg.prepared import cache_folder

LETTERS = Embedder("letters", "letters", "1", accept=0.9)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is encoded; a vector counts the letters a to d."""
    texts: list[str] = []

    def encode(_: Embedder, some: Sequence[str]) -> np.ndarray:
        texts.extend(some)
        return np.array([[Counter(text)[letter] for letter in "abcd"] for text in some], np.float32)

    monkeypatch.setattr(Embedder, "encode", encode)
    monkeypatch.setattr(embedder, "BLOCK", 2)
    return texts


def test_vectors_stand_in_the_order_of_the_names(encoded: list[str]) -> None:
    found = LETTERS.vectors(["dd", "a", "bbb", "a", "cacc"])
    assert found.dtype == np.float16
    assert found.tolist() == [[0, 0, 0, 2], [1, 0, 0, 0], [0, 3, 0, 0], [1, 0, 0, 0], [1, 0, 3, 0]]
    assert encoded == ["a", "dd", "bbb", "cacc"]  # by length, each once


def test_what_any_file_has_is_not_encoded_again(encoded: list[str]) -> None:
    LETTERS.vectors(["a", "bb"])
    encoded.clear()
    assert LETTERS.vectors(["bb", "ccc", "a"]).tolist() == [[0, 2, 0, 0], [0, 0, 3, 0], [1, 0, 0, 0]]
    assert encoded == ["ccc"]
    encoded.clear()
    LETTERS.vectors(["bb", "ccc", "a"])
    assert encoded == []


def test_another_revision_is_encoded_anew(encoded: list[str]) -> None:
    LETTERS.vectors(["a"])
    Embedder("letters", "letters", "2").vectors(["a"])
    assert encoded == ["a", "a"]


def test_an_interrupted_run_goes_on_where_it_stopped(encoded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    names, encode = ["a", "bb", "ccc", "dddd"], Embedder.encode
    with monkeypatch.context() as patch:
        patch.setattr(
            Embedder, "encode", lambda self, some: encode(self, some) if "a" in some else pytest.fail("stopped")
        )
        with pytest.raises(pytest.fail.Exception):
            LETTERS.vectors(names)
    encoded.clear()
    assert LETTERS.vectors(names)[:, 0].tolist() == [1, 0, 0, 0]
    assert encoded == ["ccc", "dddd"]
    files = {path.name.split(".", 1)[1] for path in (cache_folder() / "embeddings").rglob("*.*")}
    assert files == {"npy", "keys.npy"}
    assert not list((cache_folder() / "embeddings").rglob("part-*"))


def test_no_names_have_no_vectors(encoded: list[str]) -> None:
    assert len(LETTERS.vectors([])) == 0


def test_names_of_embedders() -> None:
    assert named("none") is NONE
    assert named("org/model@abc").revision == "abc"
    assert named("org/model").revision == UNPINNED
    with pytest.raises(EmbedderError, match="expected one of none, minilm, medembed"):
        named("minilmm")


def test_one_that_nobody_calibrated_accepts_by_text() -> None:
    assert EMBEDDERS["medembed"].accept is None
    facts = EMBEDDERS["medembed"].facts()
    assert (facts["accept"], facts["accept_by"]) == (NONE.accept, "text")
    assert EMBEDDERS["minilm"].facts()["accept_by"] == "text and vectors"
    assert all(one.revision != UNPINNED for one in EMBEDDERS.values())


def test_a_graph_loads_without_one_and_takes_any(make_kg) -> None:
    kg = make_kg("Aspirin drug | indication | pain effect/phenotype")
    assert (kg.embedder, str(kg)) == (NONE, "tiny.csv")
    other = KG.load(kg.path, "medembed")
    assert (other.embedder.model, str(other)) == ("abhinand/MedEmbed-large-v0.1", "tiny.csv with medembed")
    assert hash(other) != hash(kg) and other != kg
    with pytest.raises(EmbedderError):
        KG.load(kg.path, "word2vec")


def test_a_model_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name.startswith("gt_all") else find(name))
    with pytest.raises(EmbedderError, match=r"found none[.] Run `make setup-all`, or choose none"):
        EMBEDDERS["minilm"].encode(["x"])


def test_without_torch_a_graph_with_an_embedder_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UnusableEnvironment, match=r"found no torch, .* Run `make setup-all`"):
        KG.load("sample", "minilm")
    assert KG.load("sample", "none").embedder == NONE


def test_torch_is_imported_by_the_first_mention_that_needs_it() -> None:
    code = (
        "import sys; from kg import KG; kg = KG.load('sample', 'minilm'); kg.link(['asthma'], ['disease'])[0][0]\n"
        "print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.slow
def test_the_packaged_minilm_works_offline() -> None:
    """In a process of its own: sentencepiece, which comes with the model's library, can crash an interpreter that has run many tests
    when it ends (SWIG's clean-up meets a type that is gone)."""
    code = """
import numpy as np
from kg import KG
from kg.embedder import EMBEDDERS
close, far, same = EMBEDDERS["minilm"].encode(["heart attack", "fracture of the wrist", "myocardial infarction"])
assert close.shape == (384,)
assert np.isclose(close @ close, 1, atol=1e-5)
assert close @ same > close @ far + 0.1
assert KG.load("sample", "minilm").link(["inflammation of the lungs"], ["disease"])[0]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
