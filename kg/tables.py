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


def synonym_key(text: str) -> str:
    """The key of a synonym: spelling, case and plural ignored; the order of the words counts, as in a text."""
    return " ".join(fold.singulars(text))


def as_spelled(text: str) -> str:
    """The key of a synonym that counts as it is spelled only; no ``synonym_key`` begins like this."""
    return f"={' '.join(text.split())}"


def key_of_synonym(text: str, type_: str) -> str:
    """The key of a synonym of a node of this type."""
    return as_spelled(text) if fold.is_exact_case(text) or is_symbol(text, type_) else synonym_key(text)


@cache
def _not_synonyms() -> frozenset[tuple[str, str]]:
    return frozenset((synonym_key(text), name) for text, name, _ in fold.read_words("not_synonyms.tsv"))


@cache
def _qualifiers() -> frozenset[str]:
    return frozenset(row[0] for row in fold.read_words("qualifiers.txt"))


def is_wrong(text: str, name: str) -> bool:
    """Whether what a graph gives as an exact synonym of a name is none in a text.

    A number of another database; one that reviewers refused (kg/words/not_synonyms.tsv); the name without a word that narrows it
    (kg/words/qualifiers.txt).
    """
    if not any(map(str.isalpha, text)) or not _not_synonyms().isdisjoint(
        (synonym_key(text), of) for of in ("*", name)
    ):
        return True
    less, more = set(fold.n2_words(text)), set(fold.n2_words(name))
    return less < more and not _qualifiers().isdisjoint(more - less)


def readings(name: str, type_: str) -> Iterator[str]:
    """The forms that a name has in texts: MeSH's order is also turned round ("Purpura, Thrombocytopenic")."""
    yield name
    if ", " in name and type_ in (DISEASE, PHENOTYPE):
        yield " ".join(reversed(name.split(", ")))


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
    """The tables of these names, and of the synonyms (``synonym``) that are nobody's name; from the cache or made now."""
    kept = prepared.arrays(folder_of(nodes) / "tables", lambda: _make(nodes))
    return {name: Table(kept[f"{name}.key"], kept[f"{name}.vertex"]) for name in (*TABLES, "synonym")}


def folder_of(nodes: Nodes) -> Path:
    """The folder for everything that this code derives from these names, types and synonyms."""
    synonyms = (f"{vertex}\t{text}" for vertex, text in nodes.every_synonym())
    columns = (nodes.name, nodes.type) if nodes.synonyms is None else (nodes.name, nodes.type, synonyms)
    return prepared.cache_folder() / "names" / f"{digest(*columns)[:32]}-{_code()}"


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
        *(Path(__file__).parent / "words" / name for name in ("salts.tsv", "not_synonyms.tsv", "qualifiers.txt")),
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
    return made | _make_synonyms(nodes)


def _make_synonyms(nodes: Nodes) -> dict[str, np.ndarray]:
    """The table of synonyms, without those that are equal to a name: of their own node, which is found by it, or of another, which wins."""
    both = array("Q"), array("i")
    for vertex, text in nodes.every_synonym():
        key = key_of_synonym(text, nodes.type[vertex])
        if key and not is_wrong(text, nodes.name[vertex]):
            both[0].append(xxhash.xxh3_64_intdigest(key))
            both[1].append(vertex)
    hashed, vertices = np.array(both[0], np.uint64), np.array(both[1], np.int32)
    if len(hashed):
        free = ~np.isin(hashed, _hashes_of_names(nodes))
        hashed, vertices = hashed[free], vertices[free]
    order = np.lexsort((vertices, hashed))
    hashed, vertices = hashed[order], vertices[order]
    again = np.append(False, (hashed[1:] == hashed[:-1]) & (vertices[1:] == vertices[:-1])) if len(hashed) else order
    return {"synonym.key": hashed[again == 0], "synonym.vertex": vertices[again == 0]}


def _hashes_of_names(nodes: Nodes) -> np.ndarray:
    """The keys that a synonym would have that is equal to a name."""
    hashed = array("Q")
    for name, type_ in zip(nodes.name, nodes.type, strict=True):
        for form in readings(name, type_):
            hashed.append(xxhash.xxh3_64_intdigest(as_spelled(form)))
            if not is_symbol(form, type_):
                hashed.append(xxhash.xxh3_64_intdigest(synonym_key(form)))
    return np.array(hashed, np.uint64)
