"""The small world of benchmarks.gain: some thousand facts of a real graph, the questions made of them, and all texts as pieces.

A piece is a word or the whole name of a node, so that a small model reads and writes a name as one token.
"""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kg import KG
from kg.contents import Nodes
from kg.phrases import plain
from kg.questions import Question, make
from kg.questions.splits import COMBINATION, TRAIN
from kg.questions.wording import wordings

ARMS = ("answers", "irrelevant", "shuffled", "grounded", "subject_first")
REPEATS = "phenotype_protein"  # HPO derives it from the disease between the two: it would shorten every path
OPTIONS = 4
BEGIN, END = "<begin>", "<end>"

Pieces = list[str]


class Fact(NamedTuple):
    """An edge of the world by one relation; ``a``, ``b``: the graph's numbers of its nodes."""

    a: int
    b: int
    relation: str
    display: str


@dataclass(frozen=True)
class Text:
    """What a model is trained on: it learns ``completion``, after ``prompt``."""

    prompt: Pieces
    completion: Pieces


@dataclass(frozen=True)
class World:
    """A part of a graph as a graph of its own, with its questions."""

    kg: KG
    facts: list[Fact]
    train: list[Question]
    test: list[Question]

    def name(self, node: int) -> str:
        """The piece of a node; its number tells nodes of one name apart."""
        return f"{plain(self.kg.name_of(node))}#{node}"

    def fact_text(self, a: int, b: int, relation: str, display: str) -> Pieces:
        """The fact with node a first, whichever is the relation's subject."""
        types = (self.kg.type_of(a), self.kg.type_of(b))
        phrase = next(
            w.phrase for w in wordings() if w.speaks_of((relation, display)) and (w.subject, w.object) == types
        )
        return [self.name(a), *phrase.split(), self.name(b), "."]

    def fact_texts(self) -> list[Text]:
        """Every fact in both directions, for the base model."""
        both = [ends for fact in self.facts for ends in (fact, fact._replace(a=fact.b, b=fact.a))]
        return [Text([BEGIN], [*self.fact_text(*fact), END]) for fact in both]

    @cached_property
    def true_sentences(self) -> frozenset[tuple[str, ...]]:
        """Every fact in both directions, without its full stop."""
        return frozenset(tuple(text.completion[:-2]) for text in self.fact_texts())

    def drills(self, number: int, seed: int) -> list[Text]:
        """Options of any four nodes, one of which is mentioned: it is the answer. For the base model: form, and no fact."""
        draw, nodes, found = random.Random(seed), sorted(self.around), []
        for _ in range(number):
            listed = [self.name(node) for node in draw.sample(nodes, OPTIONS)]
            mentioned = draw.choice(listed)
            found.append(Text([BEGIN, "?", *listed, "=", mentioned, "."], ["answer", mentioned, END]))
        return found

    def prompt(self, question: Question) -> Pieces:
        """The question and its options."""
        named = self.name(question.path[0])
        words = question.text.removesuffix(f" {plain(question.names[0])}?").split()
        listed = [self.name(node) for node in question.option_nodes]
        return [BEGIN, *words, named, "?", *listed, "="]

    def answer(self, question: Question) -> str:
        """The piece of the right option."""
        return self.name(question.option_nodes[list(question.options).index(question.label)])

    def completion(self, question: Question, rationale: Pieces) -> Text:
        """The question with this rationale before its answer."""
        return Text(self.prompt(question), [*rationale, "answer", self.answer(question), END])

    def rationale(self, path: Sequence[int], relations: Sequence[str], *, subject_first: bool = False) -> Pieces:
        """The facts of a path in its order: each begins with the node that is known already, or with its relation's subject."""
        pieces: Pieces = []
        for a, b, relation in zip(path, path[1:], relations, strict=False):
            display = self.displays[min(a, b), max(a, b), relation]
            backward = subject_first and self._is_object(a, b, relation, display)
            pieces += self.fact_text(*((b, a) if backward else (a, b)), relation, display)
        return pieces

    def _is_object(self, a: int, b: int, relation: str, display: str) -> bool:
        hop = next(
            hop
            for hop in self.kg.describe([a, b])["hops"][0]
            if (hop["relation"], hop["display_relation"]) == (relation, display)
        )
        return hop["direction"] == "backward"

    @cached_property
    def displays(self) -> dict[tuple[int, int, str], str]:
        """Per pair of nodes and relation its display_relation."""
        return {(min(f.a, f.b), max(f.a, f.b), f.relation): f.display for f in self.facts}

    @cached_property
    def around(self) -> Mapping[int, list[tuple[int, str]]]:
        """Per node the nodes that it has a fact with, and the relation."""
        found = defaultdict(list)
        for fact in self.facts:
            found[fact.a].append((fact.b, fact.relation))
            found[fact.b].append((fact.a, fact.relation))
        return found

    def arm(self, name: str, seed: int) -> list[Text]:
        """The training questions as an arm of the experiment has them (ARMS)."""
        draw = random.Random(f"{name} {seed}")
        return [self.completion(question, self._of_arm(name, question, draw)) for question in self.train]

    def _of_arm(self, name: str, question: Question, draw: random.Random) -> Pieces:
        if name == "answers":
            return []
        if name == "irrelevant":
            return self.rationale(*self._elsewhere(question, draw))
        if name == "shuffled":
            question = draw.choice([other for other in self.train if other.hops == question.hops])
        return self.rationale(question.path, question.relations, subject_first=name == "subject_first")

    def _elsewhere(self, question: Question, draw: random.Random) -> tuple[list[int], list[str]]:
        """A true path as long as the question's, from its named node where one exists, through nothing that belongs to the answer."""
        away = {*question.path[1:], *question.option_nodes}
        starts = [question.path[0]] * 20 + draw.sample(sorted(self.around), min(200, len(self.around)))
        for start in starts:
            path, relations = [start], []
            while len(relations) < question.hops:
                can = [
                    (node, relation)
                    for node, relation in self.around[path[-1]]
                    if node not in away and node not in path
                ]
                if not can:
                    break
                node, relation = draw.choice(can)
                path.append(node)
                relations.append(relation)
            else:
                return path, relations
        raise ValueError(f"the world has no path of {question.hops} hops beside the answer's: {question.text}")


def world_of(
    kg: KG, facts: int, questions: int, tests: int, folder: Path, *, branching: int = 1, seed: int = 0
) -> World:
    """A world of at most ``facts`` facts. Per number of hops (1 to 3) ``questions`` for training, and ``tests`` that join known facts anew.

    ``branching``: at most so many neighbours has a node by one relation: with 1 a question leads to one node, with more a path must be chosen.
    """
    chosen = list(_grown(kg, facts, branching, seed))
    folder.mkdir(parents=True, exist_ok=True)
    _write(kg, chosen, folder / "world.csv")
    world = KG.load(str(folder / "world.csv"))
    wanted = [(hops, TRAIN, questions) for hops in (1, 2, 3)] + [(hops, COMBINATION, tests) for hops in (2, 3)]
    made = make(world, wanted, seed).questions
    train, test = ([q for q in made if q.is_train == is_train] for is_train in (True, False))
    return World(world, chosen, train, test)


def _grown(kg: KG, most: int, branching: int, seed: int) -> Iterator[Fact]:
    """Facts drawn around one node, then around its neighbours, and so on; at most ``branching`` of each node by each relation."""
    draw, speaks = np.random.default_rng(seed), [name for name in kg.edges.relation_names if _is_asked(name)]
    known, taken = Counter[tuple[int, str]](), set[tuple[int, int]]()
    starts = draw.permutation(kg.nodes.index).tolist()
    waiting: list[int] = []
    while len(taken) < most and (waiting or starts):
        node = waiting.pop(0) if waiting else starts.pop()
        for other in draw.permutation(kg.neighbors(node)).tolist():
            pair = (min(node, other), max(node, other))
            names = [name for name in kg.relations([node], [other])[0][2] if name in speaks]
            if pair in taken or not names or len(taken) == most:
                continue
            relation, display = names[0]
            ends = [(node, f"{relation} {kg.type_of(other)}"), (other, f"{relation} {kg.type_of(node)}")]
            if all(known[end] < branching for end in ends):
                known.update(ends)
                taken.add(pair)
                waiting.append(other)
                yield Fact(*pair, relation, display)


def _is_asked(name: tuple[str, str]) -> bool:
    return name[0] != REPEATS and any(one.speaks_of(name) for one in wordings())


def _write(kg: KG, facts: Sequence[Fact], file: Path) -> None:
    """The facts in PrimeKG's format."""
    nodes: Nodes = kg.nodes
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(
            [
                "relation",
                "display_relation",
                *(f"{end}_{c}" for end in "xy" for c in ("index", "id", "type", "name", "source")),
            ]
        )
        for fact in facts:
            ends = []
            for node in (fact.a, fact.b):
                v = int(np.searchsorted(nodes.index, node))
                ends += [node, nodes.id[v], nodes.type[v], nodes.name[v], nodes.source[v]]
            rows.writerow([fact.relation, fact.display, *ends])
