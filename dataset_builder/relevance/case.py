"""What a question and an answer say of the nodes on a path between them."""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataset_builder.row import counts
from kg import fold
from kg.path_facts import rarities
from kg.tables import GENE, PHENOTYPE

if TYPE_CHECKING:
    from kg import KG

WORDS = Path(__file__).with_name("words.tsv")
SENTENCE_END = re.compile(r"[.?!]\s+(?=[A-Z])")
COMMON = 200  # a word in more than one of this many names tells little about a node
Mentions = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A question with an answer. Nodes are indexes of the graph.

    ``words``: of question, context and gold text; ``first``: nodes that the question's first sentence names; ``explained``: nodes that the gold text
    names; ``denied``: the answer is no or maybe; ``undone``: it ends or lessens what it names ("discontinue warfarin").
    """

    words: frozenset[str]
    first: frozenset[int]
    explained: frozenset[int] = frozenset()
    denied: bool = False
    undone: bool = False


def case_of(row: Mapping[str, Any]) -> Case:
    """The case of a row with the columns question, context, gold_text, answer, answer_type, mentions and nodes."""
    texts = " ".join([row["question"], row["context"] or "", row["gold_text"] or ""])
    sentence = SENTENCE_END.search(row["question"])
    first, explained = set(), set()
    for node in row["nodes"]:
        mention = row["mentions"][node["mention"]]
        if mention["place"] == "answer":
            explained.add(node["node"])
        elif counts(mention) and (sentence is None or mention["start"] < sentence.end()):
            first.add(node["node"])
    answer, of_choice = row["answer"].strip().lower(), row["answer_type"] != "yes/no/maybe"
    denied, undone = not of_choice and answer != "yes", of_choice and bool(_undone().search(answer))
    return Case(fold.plain_words(texts), frozenset(first), frozenset(explained), denied, undone)


@functools.cache
def _undone() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(_listed('undone'))})")


@functools.cache
def _listed(kind: str) -> frozenset[str]:
    """The words of this kind in words.tsv."""
    lines = [line.split("\t") for line in WORDS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return frozenset(word for its_kind, word in lines if its_kind == kind)


def case_facts(kg: "KG", case: Case, paths: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    """Facts about every path in this case. Shapes (paths,).

    first_sentence: the question names its start there; common_sign: its start is a phenotype that most diseases can have; denied, undone: of the case; gene_end, phenotype_end, gene_inside: types of its nodes; alike: its
    ends share a telling word or a name; twin_inside: a node inside is called like an end; inside_explained: one is named in the gold text; inside_words: the most telling word that a
    name inside shares with the texts.
    """
    nodes = sorted({node for path in paths for node in path})
    seen = {
        node: _node(kg, case, node, vertex) for node, vertex in zip(nodes, kg.vertices(nodes).tolist(), strict=True)
    }
    alike = {ends: _alike(kg, *ends) for ends in {(path[0], path[-1]) for path in paths}}
    rows = [_facts(case, path, [seen[node] for node in path], alike[path[0], path[-1]]) for path in paths]
    return {name: np.array([row[i] for row in rows], float) for i, name in enumerate(CASE_FACTS)}


CASE_FACTS = (
    *("first_sentence", "common_sign", "denied", "undone", "gene_end", "phenotype_end", "gene_inside"),
    *("alike", "twin_inside", "inside_explained", "inside_words"),
)


class _Node(NamedTuple):
    """What is asked of a node of many paths, looked up once: its type, its name folded, and the most telling word that the texts have too."""

    type: str
    key: str
    common_sign: bool
    telling: float  # log of how rare the word is among names; 0: none


def _node(kg: "KG", case: Case, node: int, vertex: int) -> _Node:
    name, type_ = kg.nodes.name[vertex], kg.nodes.type[vertex]
    rare = max(rarities(kg, fold.plain_words(name) & case.words), default=0.0)
    return _Node(type_, fold.n2_key(name), type_ == PHENOTYPE and name.lower() in _listed("sign"), rare)


def _facts(case: Case, path: Sequence[int], nodes: Sequence[_Node], alike: bool) -> tuple[float, ...]:
    start, *inside, end = nodes
    return (
        path[0] in case.first,
        start.common_sign,
        case.denied,
        case.undone,
        end.type == GENE,
        end.type == PHENOTYPE,
        any(node.type == GENE for node in inside),
        alike,
        any(node.key in (start.key, end.key) for node in inside),
        not case.explained.isdisjoint({*path[1:-1]} - {path[0], path[-1]}),
        max((node.telling for node in inside), default=0.0),
    )


def _alike(kg: "KG", a: int, b: int) -> bool:
    one, other = kg.name_of(a).lower(), kg.name_of(b).lower()
    shared = fold.plain_words(one) & fold.plain_words(other)
    if one in other or other in one or kg.contains_name(a, b):
        return True
    return any(rare > math.log(COMMON) for rare in rarities(kg, shared))
