"""Draw chains of a graph, and make a question of each that can be one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from kg.fold import plain_words
from kg.knowledge_graph import KG
from kg.phrases import plain
from kg.questions.chains import Chain, Links, TooWide, follow, links_of
from kg.questions.options import distances, distractors
from kg.questions.splits import TRAIN, split_of
from kg.questions.wording import Wording, question_text

LABELS = "ABCD"
MOST_ANSWERS, MOST_NODES, MOST_PATHS = 50, 2000, 8  # in the graph; of any layer of a chain; that lead to the answer
LONGEST_NAME = 80  # characters
DRAWS = 200  # per question that is wanted, before the graph counts as too small


@dataclass(frozen=True)
class Question:
    """A question and its evidence. ``path``: the graph's numbers of the nodes, from the one that the question names to the answer.

    ``statements``: the facts of the path in words; ``held_out``: TRAIN, COMBINATION or FACT of kg.questions.splits; ``answers``: how many nodes
    of the graph answer the question, of which one is among the options; ``distance``: hops from the named node to each wrong option.
    """

    text: str
    options: dict[str, str]
    label: str
    relations: list[str]
    path: list[int]
    names: list[str]
    statements: list[str]
    option_nodes: list[int]
    held_out: str
    answers: int
    paths: int
    distance: int

    @property
    def hops(self) -> int:
        """The number of facts that lead to the answer."""
        return len(self.relations)

    @property
    def is_train(self) -> bool:
        """Whether it is for training."""
        return self.held_out == TRAIN


@dataclass
class Drawn:
    """The questions, and why other chains are none: how often each reason was met."""

    questions: list[Question] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)


def make(kg: KG, wanted: Sequence[tuple[int, str, int]], seed: int = 0) -> Drawn:
    """Questions with these (hops, held_out, number); fewer where the graph has not enough: `Drawn.questions` then lacks them.

    The same graph, seed and hops give the same questions; which facts are held out depends on graph and seed alone.
    """
    links, drawn = links_of(kg), Drawn()
    for hops in sorted({hops for hops, _, _ in wanted}):
        left = Counter({held_out: number for of, held_out, number in wanted if of == hops})
        draw = np.random.default_rng((seed, hops))
        if not links.steps:
            break
        for question in _drawn(kg, links, hops, draw, seed, left, drawn.reasons):
            left[question.held_out] -= 1
            drawn.questions.append(question)
            if not +left:
                break
    return drawn


def _drawn(
    kg: KG, links: Links, hops: int, draw: np.random.Generator, seed: int, left: Counter[str], reasons: Counter[str]
) -> Iterator[Question]:
    """Questions of as many hops, of the splits that are left, each text once."""
    seen: set[str] = set()
    for _ in range(DRAWS * left.total()):
        steps = _steps(links, hops, draw)
        start = int(draw.choice(_sources(links, steps[0])))
        text = question_text(steps, kg.nodes.name[start])
        if text in seen:
            reasons["asked already"] += 1
            continue
        seen.add(text)
        made = _question(kg, links, start, steps, draw, seed, left)
        if isinstance(made, str):
            reasons[made] += 1
        else:
            yield made


def _steps(links: Links, hops: int, draw: np.random.Generator) -> tuple[Wording, ...]:
    """Steps that can follow one another, each as probable as the others."""
    steps: list[Wording] = []
    while len(steps) < hops:
        can = [step for step in links.steps if not steps or step.object == steps[-1].subject]
        if not can:
            steps.clear()
            continue
        steps.append(can[int(draw.integers(len(can)))])
    return tuple(steps)


def _sources(links: Links, step: Wording) -> np.ndarray:
    return np.flatnonzero(np.diff(links.neighbors[step].indptr))


def _question(
    kg: KG,
    links: Links,
    start: int,
    steps: tuple[Wording, ...],
    draw: np.random.Generator,
    seed: int,
    left: Counter[str],
) -> Question | str:
    """The question of a chain, or why there is none."""
    if len(kg.nodes.name[start]) > LONGEST_NAME:
        return "a name is too long"
    try:
        chain = follow(links, start, steps, MOST_NODES)
    except TooWide:
        return "it leads to too many nodes"
    if chain is None:
        return "it leads nowhere"
    answers = chain.layers[-1]
    if len(answers) > MOST_ANSWERS:
        return "too many answers"
    far = answers[distances(kg, start, answers) == len(steps)]
    if not len(far):
        return "a shorter path leads to the answer"
    answer = int(draw.choice(far))
    if plain_words(kg.nodes.name[answer]) & plain_words(kg.nodes.name[start]):
        return "the question has a word of the answer"
    paths = chain.paths_to(links, answer, MOST_PATHS)
    if len(paths) > MOST_PATHS:
        return "too many paths lead to the answer"
    held_out = split_of([chain.facts(path, kg.nodes.index) for path in paths], seed)
    if held_out is None:
        return "its facts are of both splits"
    if not left[held_out]:
        return "enough of its split"
    found = distractors(kg, links, chain, answer, draw)
    if found is None:
        return "too few wrong options"
    return _whole(kg, chain, paths, [answer, *found[0]], held_out, found[1], draw)


def _whole(
    kg: KG,
    chain: Chain,
    paths: list[list[int]],
    options: list[int],
    held_out: str,
    distance: int,
    draw: np.random.Generator,
) -> Question | str:
    names = [plain(kg.nodes.name[v]) for v in options]
    if max(map(len, names)) > LONGEST_NAME:
        return "a name is too long"
    order = draw.permutation(len(options)).tolist()
    path = paths[int(draw.integers(len(paths)))]
    return Question(
        text=question_text(chain.steps, kg.nodes.name[chain.start]),
        options={label: names[place] for label, place in zip(LABELS, order, strict=True)},
        label=LABELS[order.index(0)],
        relations=[step.relation for step in chain.steps],
        path=[int(kg.nodes.index[v]) for v in path],
        names=[kg.nodes.name[v] for v in path],
        statements=[_stated(kg, *ends) for ends in zip(path, path[1:], chain.steps, strict=False)],
        option_nodes=[int(kg.nodes.index[options[place]]) for place in order],
        held_out=held_out,
        answers=len(chain.layers[-1]),
        paths=len(paths),
        distance=distance,
    )


def _stated(kg: KG, a: int, b: int, step: Wording) -> str:
    """A fact in the graph's words: of the relation by which the step goes."""
    hop = kg.describe([int(kg.nodes.index[a]), int(kg.nodes.index[b])])["hops"][0]
    return next(one["statement"] for one in hop if step.speaks_of((one["relation"], one["display_relation"])))
