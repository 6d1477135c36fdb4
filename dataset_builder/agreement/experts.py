"""What the experts say of texts by majority, and how far judge, claim reader and relevance of the dataset agree with them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple

from dataset_builder.agreement.intervals import Estimate, share
from dataset_builder.agreement.reviews import Review
from dataset_builder.configs import STEP_LABELS

RELEVANT = 4  # the least score of the scale `relevance` that counts as relevant
LEAST_TEXTS = 10  # of a source or specialty that is shown alone
VERDICTS, READINGS = ("right", "wrong", "unjudged"), ("supported", "contradicted", "unknown")
BINS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
UNDECIDED = "undecided"
ALL_PASSED = "every text here has passed, so what was stopped is not seen"


class Key(NamedTuple):
    """A text: the folder that has it (A or B), and the id of its row."""

    place: str
    id: str


@dataclass(frozen=True)
class Machine:
    """What the dataset says of a text; None where it says nothing. ``steps``: the labels of the config `steps`; ``relevance``: of the best path."""

    source: str
    verdict: str | None = None
    by: str | None = None
    steps: tuple[str, ...] | None = None
    relevance: float | None = None


@dataclass(frozen=True)
class Opinion:
    """What most of the raters who judged a text say of it; None where nobody said anything, UNDECIDED where no value has more than half of them.

    ``steps``: the label of each step. ``wrong``: whether a step is wrong. ``relevant``: whether the scale `relevance` is at least RELEVANT.
    """

    question: str
    raters: int
    steps: tuple[str | None, ...]
    wrong: bool | str | None
    relevant: bool | str | None


def opinions_of(reviews: Sequence[Review]) -> dict[Key, Opinion]:
    """The majority's opinion of every text that somebody could judge."""
    by_text: dict[Key, list[Review]] = defaultdict(list)
    for one in reviews:
        if not one.cannot_judge:
            by_text[Key(one.place, one.id)].append(one)
    return {key: _opinion(some) for key, some in sorted(by_text.items())}


def _opinion(reviews: Sequence[Review]) -> Opinion:
    labels = [[label for label in step if label] for step in zip_longest(*(one.steps for one in reviews))]
    scores = [score >= RELEVANT for one in reviews if (score := one.scores["relevance"]) is not None]
    wrong = [most([label == "wrong" for label in step]) for step in labels]
    return Opinion(
        question=reviews[0].question,
        raters=len(reviews),
        steps=tuple(most(step) for step in labels),
        wrong=_any(wrong),
        relevant=most(scores),
    )


def most(values: Sequence[Any]) -> Any:
    """The value that more than half say; UNDECIDED where there is none, None without values."""
    if not values:
        return None
    value, number = Counter(values).most_common(1)[0]
    return value if 2 * number > len(values) else UNDECIDED


def _any(wrong: Sequence[bool | str | None]) -> bool | str | None:
    """Whether a step is wrong. A text of which nobody judged some step is not known to be right."""
    if True in wrong:
        return True
    if not wrong or set(wrong) == {None}:
        return None
    return UNDECIDED if UNDECIDED in wrong or None in wrong else False


Pair = tuple[Opinion, Machine]


def compared(reviews: Sequence[Review], machines: Mapping[Key, Machine], threshold: float) -> dict[str, Any]:
    """Judge, claim reader and relevance against the experts, by folder; then by source and by specialty of the raters, where these have LEAST_TEXTS.

    ``threshold``: the least relevance of a path that counts as relevant. A folder of which the rows say nothing of the texts is left out.
    """
    found: dict[str, Any] = {}
    for place in sorted({one.place for one in reviews}):
        own = [one for one in reviews if one.place == place]
        whole = _pairs(own, machines)
        found[place] = _part(whole, threshold)
        sources = sorted({machine.source for _, machine in whole})
        parts = {f"source {name}": [pair for pair in whole if pair[1].source == name] for name in sources}
        if len(parts) == 1:
            parts = {}  # the same as the whole
        for name in sorted({one.specialty for one in own if one.specialty}):
            theirs = [one for one in own if one.specialty == name]
            if len(theirs) < len(own):
                parts[f"specialty {name}"] = _pairs(theirs, machines)
        found |= {
            f"{place}, {name}": _part(some, threshold) for name, some in parts.items() if len(some) >= LEAST_TEXTS
        }
    return {name: part for name, part in found.items() if part}


def _pairs(reviews: Sequence[Review], machines: Mapping[Key, Machine]) -> list[Pair]:
    return [(opinion, machines[key]) for key, opinion in opinions_of(reviews).items() if key in machines]


def _part(pairs: Sequence[Pair], threshold: float) -> dict[str, Any]:
    parts = {"verdict": verdicts(pairs), "claims": claims(pairs), "relevance": relevances(pairs, threshold)}
    return {name: part for name, part in parts.items() if part}


def verdicts(pairs: Sequence[Pair]) -> dict[str, Any]:
    """The verdict on a text against whether the experts find a wrong step in it; empty where no text has a verdict."""
    cells = [(opinion.question, machine.verdict, opinion.wrong) for opinion, machine in pairs if machine.verdict]
    known = [(question, verdict, bool(wrong)) for question, verdict, wrong in cells if wrong in (True, False)]
    if not cells:
        return {}
    recall = _recall(known, "wrong", True, "the experts find no text wrong")
    if all(verdict == "right" for _, verdict, _ in cells):
        recall = Estimate(None, of=recall.of, why=ALL_PASSED)
    return {
        "texts": len(cells),
        "left_out": len(cells) - len(known),
        "by": dict(sorted(Counter(machine.by for _, machine in pairs if machine.verdict and machine.by).items())),
        "counts": _counts(
            ((said, "wrong" if wrong else "not wrong") for _, said, wrong in known), VERDICTS, ("wrong", "not wrong")
        ),
        "precision of wrong": _share(known, "wrong", True, "no text is called wrong"),
        "recall of wrong": recall,
        "right, but wrong to the experts": _share(known, "right", True, "no text is called right"),
    }


def claims(pairs: Sequence[Pair]) -> dict[str, Any]:
    """The claim reader's label of a step against the experts'; empty where no text has such labels.

    A text whose number of steps is not that of the reviews is left out and counted.
    """
    read = [(opinion, machine.steps) for opinion, machine in pairs if machine.steps is not None and opinion.steps]
    if not read:
        return {}
    fitting = [(opinion, steps) for opinion, steps in read if len(steps) == len(opinion.steps)]
    cells = [
        (opinion.question, said, label)
        for opinion, steps in fitting
        for said, label in zip(steps, opinion.steps, strict=True)
    ]
    known = [cell for cell in cells if cell[2] in STEP_LABELS]
    return {
        "texts": len(fitting),
        "texts_with_other_steps": len(read) - len(fitting),
        "steps": len(cells),
        "left_out": len(cells) - len(known),
        "counts": _counts(((said, label) for _, said, label in known), READINGS, STEP_LABELS),
        "precision of supported (correct)": _share(known, "supported", "correct", "no step is supported"),
        "recall of supported (correct)": _recall(known, "supported", "correct", "the experts find no step correct"),
        "precision of contradicted (wrong)": _share(known, "contradicted", "wrong", "no step is contradicted"),
        "recall of contradicted (wrong)": _recall(known, "contradicted", "wrong", "the experts find no step wrong"),
        "supported, but wrong to the experts": _share(known, "supported", "wrong", "no step is supported"),
    }


def relevances(pairs: Sequence[Pair], threshold: float) -> dict[str, Any]:
    """The relevance of a text's best path against what the experts say of the text's relevance; empty where no path has one."""
    cells = [(opinion, machine.relevance) for opinion, machine in pairs if machine.relevance is not None]
    known = [
        (one.question, value, bool(one.relevant), "irrelevant" in one.steps)
        for one, value in cells
        if one.relevant in (True, False)
    ]
    if not cells:
        return {}
    above = [(question, value >= threshold, relevant) for question, value, relevant, _ in known]
    recall = _recall(above, True, True, "the experts find no text relevant")
    if all(value >= threshold for _, value in cells):
        recall = Estimate(None, of=recall.of, why=ALL_PASSED)
    bins = []
    for low, high in pairwise(BINS):
        inside = [one for one in known if low <= one[1] < high or one[1] == high == BINS[-1]]
        texts = [(question, True, relevant) for question, _, relevant, _ in inside]
        told = [value for _, value, _, _ in inside]
        bins.append(
            {
                "from": low,
                "to": high,
                "texts": len(inside),
                "mean": sum(told) / len(told) if told else None,
                "relevant": _share(texts, True, True, "no text"),
                "with_irrelevant_step": sum(irrelevant for *_, irrelevant in inside),
            }
        )
    return {
        "texts": len(cells),
        "left_out": len(cells) - len(known),
        "threshold": threshold,
        "precision": _share(above, True, True, f"no text has a path of {threshold:g} or more"),
        "recall": recall,
        "bins": bins,
    }


def _share(cells: Iterable[tuple[str, Any, Any]], said: Any, label: Any, nothing: str) -> Estimate:
    """Of the cases of which the dataset says ``said``, the share of which the experts say ``label``; cells: question, said, label."""
    return _by_question([(question, one == label) for question, other, one in cells if other == said], nothing)


def _recall(cells: Iterable[tuple[str, Any, Any]], said: Any, label: Any, nothing: str) -> Estimate:
    """Of the cases of which the experts say ``label``, the share of which the dataset says ``said``."""
    return _by_question([(question, other == said) for question, other, one in cells if one == label], nothing)


def _by_question(cases: Sequence[tuple[str, bool]], nothing: str) -> Estimate:
    hits, of = Counter[str](), Counter[str]()
    for question, hit in cases:
        of[question] += 1
        hits[question] += hit
    return share([hits[question] for question in of], list(of.values()), nothing)


def _counts(
    cells: Iterable[tuple[str | None, str | None]], rows: Sequence[str], columns: Sequence[str]
) -> dict[str, dict[str, int]]:
    """How often each pair of values was seen: by what the dataset says, then by what the experts say."""
    seen = Counter(cells)
    return {row: {column: seen[row, column] for column in columns} for row in rows}
