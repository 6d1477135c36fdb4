"""The names of a graph under every key for lookup: sorted hashes, memory-mapped, not dictionaries.

All tables of PrimeKG's names take 5 MB and no time to load, and forked workers share them. A key is known by 64 bits of its
XXH3 hash: among 130,000 names and a million lookups a false hit has a chance below one in a hundred million.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xxhash

from kg import fold, prepared
from kg.contents import Nodes

GENE, DRUG, DISEASE, PHENOTYPE = "gene/protein", "drug", "disease", "effect/phenotype"

CLINICAL = (DISEASE, PHENOTYPE, DRUG)
# Where several types share a name and the mention's is not known, the clinical reading comes first; others follow by alphabet.
TYPE_ORDER = (*CLINICAL, GENE, "anatomy", "exposure", "pathway")


def rank(type_: str) -> tuple[int, str]:
    """The place of a type in TYPE_ORDER."""
    return (TYPE_ORDER.index(type_) if type_ in TYPE_ORDER else len(TYPE_ORDER), type_)


def is_symbol(name: str, type_: str) -> bool:
    """Whether a node's name is a gene symbol; full protein names ("Glucocorticoid receptor") are ordinary names."""
    return type_ == GENE and " " not in name and not (name[1:].islower() and name.isalpha() and len(name) > 4)


# Which names are in a table, and under which key. "heart disease" must not match the organ: only names of diseases lose that
# word.
TABLES: dict[str, tuple[Callable[[str], str], Callable[[str, str], bool]]] = {
    "symbol": (str, is_symbol),
    "exact": (fold.exact_key, lambda name, type_: not is_symbol(name, type_)),
    "N1": (fold.n1_key, lambda name, type_: not is_symbol(name, type_)),
    "N2": (fold.n2_key, lambda name, type_: not is_symbol(name, type_)),
    "N3": (fold.n3_key, lambda _, type_: type_ in (DISEASE, PHENOTYPE)),
    "drug_salt": (fold.drug_salt_key, lambda _, type_: type_ == DRUG),
    "drug_phonetic": (fold.drug_phonetic_key, lambda _, type_: type_ == DRUG),
}


class Table(NamedTuple):
    """Hashes of keys in ascending order, and beside each the vertex whose name has that key."""

    key: np.ndarray
    vertex: np.ndarray

    def find(self, keys: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
        """Position and vertices, ascending, of every key that is in the table."""
        wanted = hashes(keys)
        begin = self.key.searchsorted(wanted)
        found = np.flatnonzero(self.key.take(begin, mode="clip") == wanted) if len(self.key) else []
        end = self.key.searchsorted(wanted[found], "right")
        for position, a, b in zip(found, begin[found], end, strict=True):
            yield int(position), self.vertex[a:b].tolist()


def hashes(keys: Sequence[str]) -> np.ndarray:
    """64 bits per key."""
    return np.fromiter(map(xxhash.xxh3_64_intdigest, keys), np.uint64, len(keys))


def load(nodes: Nodes) -> dict[str, Table]:
    """The tables of these names, from the cache or made now."""
    kept = prepared.arrays(folder_of(nodes) / "tables", lambda: _make(nodes))
    return {name: Table(kept[f"{name}.key"], kept[f"{name}.vertex"]) for name in TABLES}


def folder_of(nodes: Nodes) -> Path:
    """The folder for everything that this code derives from these names and types."""
    return prepared.cache_folder() / "names" / f"{digest(nodes.name, nodes.type)[:32]}-{_code()}"


def digest(*columns: Iterable[str]) -> str:
    """sha256 of columns of texts."""
    value = hashlib.sha256()
    for column in columns:
        for text in column:  # one by one: joining all would take that much memory permanently
            value.update(text.encode() + b"\n")
        value.update(b"\n")
    return value.hexdigest()


@cache
def _code() -> str:
    """A hash of the code that derives something from names, so that after an edit everything is derived again."""
    files = (
        *map(Path(__file__).with_name, ("fold.py", "tables.py", "tfidf.py")),
        Path(__file__).parent / "words" / "salts.tsv",
    )
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]


def _make(nodes: Nodes) -> dict[str, np.ndarray]:
    key, vertex = (
        {name: array(kind) for name in TABLES} for kind in "Qi"
    )  # as strings they would take ten times the memory
    for number, (name, type_) in enumerate(zip(nodes.name, nodes.type, strict=True)):
        for table, (fold_, wanted) in TABLES.items():
            if wanted(name, type_) and (folded := fold_(name)):  # the empty key means nothing
                key[table].append(xxhash.xxh3_64_intdigest(folded))
                vertex[table].append(number)
    made = {}
    for table in TABLES:
        hashed = np.array(key[table], np.uint64)
        order = np.argsort(hashed, kind="stable")
        made[f"{table}.key"], made[f"{table}.vertex"] = hashed[order], np.array(vertex[table], np.int32)[order]
    return made
