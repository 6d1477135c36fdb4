"""Mention to nodes: exact, alias, synonym of the graph, folded keys, broader disease, similar names, in this order.

The order is explained in docs/linking.md. The first level of lookup with a result counts, and all nodes under
its key are returned, since two nodes with one name stay two. The score of a level is a rank, not a probability:
the folded keys were measured at 99 % right on disease synonyms, the drug keys at 95 %. Gene symbols are linked in
exact case and by alias only. For a mention that no level accepts, similar names are searched (kg.similar). The best of
them is a link from the embedder's threshold on; the others are candidates for a later choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING

from kg import fold, synonyms, tables
from kg.candidates import Candidate, Candidates
from kg.embedder import NONE, Embedder
from kg.similar import Similar, SimilarNames
from kg.tables import CLINICAL, DISEASE, DRUG, GENE, PHENOTYPE, rank

if TYPE_CHECKING:
    from kg.contents import Nodes

# The levels of lookup in their order.
SCORES = {
    "exact": 1.0,
    "alias": 0.98,
    "synonym": 0.97,
    "N1": 0.96,
    "N2": 0.94,
    "N3": 0.92,
    "drug_salt": 0.9,
    "drug_phonetic": 0.85,
    "broader": 0.8,
}
BY_KEY = ("N1", "N2", "N3", "drug_salt", "drug_phonetic")
ONLY_FOR = {"drug_salt": (DRUG, None), "drug_phonetic": (DRUG, None), "broader": (DISEASE, None)}
FOR_GENES = ("exact", "alias", "synonym")
FINDINGS = (DISEASE, PHENOTYPE)
BATCH = 1024  # mentions that go through the levels together; fold caches the words of that many
Found = Iterable[tuple[int, list[int]]]  # the position of a mention and its vertices


@dataclass(frozen=True)
class Alias:
    """A reviewed second name: the type it belongs to and the canonical names to try in turn."""

    text: str
    type: str
    names: tuple[str, ...]


@cache
def read_aliases() -> list[Alias]:
    """The reviewed aliases of kg/words/aliases.tsv."""
    return [Alias(text, type_, tuple(names.split("|"))) for text, type_, names in fold.read_words("aliases.tsv")]


def _is_for(level: str, type_: str | None) -> bool:
    return level in FOR_GENES if type_ == GENE else level not in ONLY_FOR or type_ in ONLY_FOR[level]


def _order(candidate: Candidate, type_: str | None) -> tuple[bool, bool, tuple[int, str], float]:
    """The sort key: links first, then the mention's type (if not known, the clinical types), then the score."""
    c = candidate
    by_type = (0, "") if type_ or not c.accepted else rank(c.type)
    return not c.accepted, type_ is not None and c.type not in (type_, ""), by_type, -c.score


class Linker:
    """Links mentions to the nodes of one graph; tables, indexes and embedder are opened when they are first needed."""

    def __init__(self, nodes: Nodes, embedder: Embedder = NONE) -> None:
        self._nodes, self._embedder = nodes, embedder

    def link(
        self, mentions: Sequence[str], types: Sequence[str | None] | None = None, similar: int = 10
    ) -> list[Sequence[Candidate]]:
        """Candidates of every mention, best first: those by lookup, then similar names until there are ``similar``.

        1 gives links and best guesses, 0 lookup only. Whatever ``similar`` is, a mention that lookup links costs no search, unless
        a candidate after that link is read.
        """
        known = [None] * len(mentions) if types is None else list(types)
        if len(known) != len(mentions):
            raise ValueError(
                f"found {len(known)} types for {len(mentions)} mentions; expected one each, None where it is not known"
            )
        batches = [slice(begin, begin + BATCH) for begin in range(0, len(mentions), BATCH)]
        found = [c for batch in batches for c in self._look_up(mentions[batch], known[batch])]
        linked = [any(c.accepted for c in candidates) for candidates in found]

        short = [
            len(some) < similar or (similar > 0 and not is_link) for some, is_link in zip(found, linked, strict=True)
        ]

        def fill(is_linked: bool) -> dict[int, list[Candidate]]:
            at = [i for i in range(len(found)) if short[i] and linked[i] == is_linked]
            near = self._similar_names.search([mentions[i] for i in at], [known[i] for i in at], similar) if at else []
            return {i: self._merge(found[i], names, known[i], similar) for i, names in zip(at, near, strict=True)}

        now, later = fill(False), cache(lambda: fill(True))
        return [
            Candidates(some, lambda i=i: later()[i]) if linked[i] and short[i] else now.get(i, some)
            for i, some in enumerate(found)
        ]

    def resolve(self, alias: Alias) -> list[int]:
        """Vertices of the first canonical name in this graph, by exact, N1 or N2 name, the alias's type first.

        Where the graph has none of the names, those of the first that is a synonym and not ambiguous.
        """
        for levels in (("exact", "N1", "N2"), ("synonym",)):
            for name, level in product(alias.names, levels):
                for _, found in self._find(level, [name]):
                    if level == "synonym" and not synonyms.are_one(self._nodes, found):
                        continue
                    same = [v for v in found if self._nodes.type[v] == alias.type]
                    if same or alias.type != GENE:
                        return same or found
        return []

    def synonyms(self) -> Iterator[tuple[int, str]]:
        """Every vertex with each of its exact synonyms that is a link: nobody's name, and not ambiguous."""
        return synonyms.usable(self._nodes, self._tables["synonym"])

    def _look_up(self, mentions: Sequence[str], types: Sequence[str | None]) -> list[list[Candidate]]:
        found: list[list[Candidate]] = [[] for _ in mentions]
        open_ = list(range(len(mentions)))
        for level in SCORES:
            asked = [i for i in open_ if _is_for(level, types[i])]
            for position, vertices in self._find(level, [mentions[i] for i in asked]):
                i = asked[position]
                found[i] = self._candidates(mentions[i], vertices, types[i], level)
            open_ = [i for i in open_ if not found[i]]
        return found

    def _find(self, level: str, mentions: Sequence[str]) -> Found:
        if level == "exact":
            return self._by_name(mentions)
        if level == "alias":
            return [(i, vertices) for i, mention in enumerate(mentions) if (vertices := self._by_alias(mention))]
        if level == "synonym":
            return self._by_synonym(mentions)
        if level == "broader":
            return self._by_stem(mentions)
        key = tables.TABLES[level][0]
        return self._tables[level].find([key(mention) for mention in mentions])

    def _by_name(self, mentions: Sequence[str]) -> Found:
        found = defaultdict(list, self._tables["symbol"].find(mentions))
        for i in [i for i in found if self._is_of_disease(mentions[i])]:
            del found[i]
        for i, vertices in self._tables["exact"].find([fold.exact_key(mention) for mention in mentions]):
            found[i] += vertices
        return found.items()

    def _is_of_disease(self, mention: str) -> bool:
        """Whether a gene symbol is also an abbreviation of which the reviewed sense is a disease ("GCA")."""
        alias = self._aliases.get(mention)
        return alias is not None and alias.type in (DISEASE, PHENOTYPE) and fold.is_exact_case(mention)

    def _by_alias(self, mention: str) -> list[int]:
        alias = self._aliases.get(mention) or self._aliases.get(fold.n2_key(mention))
        if alias is None:
            return []
        if alias.text not in self._resolved:
            self._resolved[alias.text] = self.resolve(alias)
        return self._resolved[alias.text]

    def _by_synonym(self, mentions: Sequence[str]) -> Found:
        table = self._tables["synonym"]
        return synonyms.find(table, mentions).items() if len(table.key) else ()

    def _by_stem(self, mentions: Sequence[str]) -> Found:
        """The disease that remains when the subtype is removed: broader than the mention, never the same."""
        stems = [(i, stem) for i, mention in enumerate(mentions) if (stem := fold.without_subtype(mention))]
        for level in ("exact", "N1", "N2", "N3"):
            found = dict(self._find(level, [stem for _, stem in stems]))
            diseases = [[v for v in found.get(k, []) if self._nodes.type[v] == DISEASE] for k in range(len(stems))]
            yield from [(i, vertices) for (i, _), vertices in zip(stems, diseases, strict=True) if vertices]
            stems = [stem for stem, vertices in zip(stems, diseases, strict=True) if not vertices]

    def _candidates(self, mention: str, vertices: list[int], type_: str | None, method: str) -> list[Candidate]:
        accepted = self._accepted(mention, vertices, type_, method)
        candidates = [self._candidate(v, SCORES[method], method, v in accepted) for v in vertices]
        return sorted(candidates, key=lambda c: _order(c, type_))

    def _accepted(self, mention: str, vertices: list[int], type_: str | None, method: str) -> set[int]:
        """The nodes to which a mention is linked, among those that share a key with it.

        By name or alias, all. By a synonym, all if they are one concept, and of the mention's type. By a drug key with several drugs, only the drug that is the base itself. By another folded key, the
        nodes whose type agrees: on real synonyms of diseases no node of another type was right.
        """
        if method == "synonym":
            return self._meant(mention, vertices, type_)
        if method in ("N1", "N2", "N3"):
            return {v for v in vertices if self._types_agree(mention, v, type_, vertices)}
        keys = {v: fold.n1_key(self._nodes.name[v]) for v in vertices} if method.startswith("drug") else {}
        if len(set(keys.values())) <= 1:
            return set(vertices)
        base = fold.drug_salt_key(mention)
        return {v for v in vertices if keys[v] == base}

    def _meant(self, mention: str, vertices: list[int], type_: str | None) -> set[int]:
        """The nodes of which a mention is the synonym, unless it is ambiguous. A disease and a phenotype may be one concept."""
        its_type = self._nodes.type[vertices[0]]
        agrees = type_ in (None, its_type) or its_type == "" or (type_ in FINDINGS and its_type in FINDINGS)
        if not agrees or (its_type == GENE and self._is_of_disease(mention)):
            return set()
        return set(vertices) if synonyms.are_one(self._nodes, vertices) else set()

    def _candidate(self, vertex: int, score: float, method: str, accepted: bool) -> Candidate:
        nodes = self._nodes
        return Candidate(int(nodes.index[vertex]), nodes.name[vertex], nodes.type[vertex], score, method, accepted)

    def _types_agree(self, mention: str, vertex: int, type_: str | None, vertices: list[int]) -> bool:
        """Whether a node has the mention's type or, if not known, the first type of all nodes with the same key.

        If that type is neither disease nor drug, for which the keys were measured, the words must be equal except for plurals."""
        types, names = self._nodes.type, self._nodes.name
        if type_ is not None:
            return types[vertex] in (type_, "")
        first = min((types[v] for v in vertices), key=rank)
        agrees = first in (DISEASE, DRUG) or fold.singulars(mention) == fold.singulars(names[vertex])
        return types[vertex] == first and agrees

    def _merge(self, found: list[Candidate], near: list[Similar], type_: str | None, size: int) -> list[Candidate]:
        """The candidates by lookup, then the similar names.

        The best of these is a link where lookup accepted nothing, unless the mention is a synonym: then it is ambiguous.
        """
        linked, there = any(c.accepted or c.method == "synonym" for c in found), {c.node for c in found}
        best = fold.exact_key(self._nodes.name[near[0].vertex]) if near and not linked else None
        accepted = best is not None and self._is_link(near[0])
        below = [
            self._candidate(
                s.vertex, round(s.score, 4), "similar", accepted and fold.exact_key(self._nodes.name[s.vertex]) == best
            )
            for s in near
        ]
        merged = {c.node: c for c in found} | {c.node: c for c in below if c.accepted or c.node not in there}
        return sorted(merged.values(), key=lambda c: _order(c, type_))[: max(size, len(found))]

    def _is_link(self, similar: Similar) -> bool:
        if self._nodes.type[similar.vertex] not in CLINICAL:  # thresholds were measured on these
            return False
        if self._embedder.accept is None:  # not calibrated: its vectors rank the candidates, the text score accepts
            return similar.by_text >= (NONE.accept or 1)
        return similar.score >= self._embedder.accept

    @cached_property
    def _tables(self) -> dict[str, tables.Table]:
        return tables.load(self._nodes)

    @cached_property
    def _similar_names(self) -> SimilarNames:
        return SimilarNames(self._nodes, self._embedder)

    @cached_property
    def _aliases(self) -> dict[str, Alias]:
        return {a.text if fold.is_exact_case(a.text) else fold.n2_key(a.text): a for a in read_aliases()}

    @cached_property
    def _resolved(self) -> dict[str, list[int]]:
        return {}
