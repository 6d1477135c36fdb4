"""The probability that a path explains the answer: a logistic regression whose weights are in weights.tsv."""

import csv
import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataset_builder.relevance.case import CASE_FACTS, Case, case_facts
from kg.path_facts import FACTS, path_facts

if TYPE_CHECKING:
    from kg import KG

WEIGHTS = Path(__file__).with_name("weights.tsv")
FEATURES = (*FACTS, *CASE_FACTS)
MIN_RELEVANCE = 0.75  # what a build asks for by default: docs/relevance.md has the curve
DIGITS = 4  # the last bits of a float64 differ between processors, and so would the content hash
LIMIT = 4  # standard deviations: a fact that lies further out counts as much
Pairs = Sequence[Mapping[str, Any]]


class Model(NamedTuple):
    """Mean, standard deviation and weight of every feature, in their order, and the intercept. Shapes (features,) and ()."""

    mean: np.ndarray
    sd: np.ndarray
    weight: np.ndarray
    intercept: float

    def probability(self, features: np.ndarray) -> np.ndarray:
        """Of being relevant. Shape (paths, features) in, (paths,) out."""
        standard = ((features - self.mean) / self.sd).clip(-LIMIT, LIMIT)
        # not by `@`: there the last bits of a path's number depend on how many others there are
        return 1 / (1 + np.exp(-((standard * self.weight).sum(1) + self.intercept)))


def relevance(kg: "KG", cases: Sequence[Case], pairs: Sequence[Pairs]) -> list[np.ndarray]:
    """Per case, the relevance of every path of its pairs, in their order. Shapes (paths,).

    The calibrated probability that a clinician calls the path a reason for the answer, or useful context for it (docs/relevance.md).
    A pair has ``from``, ``to``, ``total`` and ``paths``, as in the column candidate_paths. Raises KeyError for a hop that the graph does not have.
    """
    found = published().probability(features(kg, cases, pairs)).round(DIGITS)
    ends = np.cumsum([sum(len(pair["paths"]) for pair in some) for some in pairs])
    return np.split(found, ends[:-1]) if len(pairs) else []


def features(kg: "KG", cases: Sequence[Case], pairs: Sequence[Pairs]) -> np.ndarray:
    """The features of all paths of all cases. Shape (paths, features)."""
    of_graph = path_facts(kg, pairs)
    of_cases = [
        case_facts(kg, case, [path for pair in some for path in pair["paths"]])
        for case, some in zip(cases, pairs, strict=True)
    ]
    columns = [of_graph[name] for name in FACTS]
    columns += [np.concatenate([one[name] for one in of_cases] or [np.zeros(0)]) for name in CASE_FACTS]
    return np.column_stack(columns)


@functools.cache
def published() -> Model:
    """The model in weights.tsv. Raises ValueError where it has other features than this code."""
    lines = [line for line in WEIGHTS.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    if (names := tuple(row["feature"] for row in rows)) != (*FEATURES, "intercept"):
        raise ValueError(
            f"{WEIGHTS} has the features {names}; expected {(*FEATURES, 'intercept')}: run `python -m benchmarks.relevance fit`"
        )
    mean, sd, weight = (np.array([float(row[name]) for row in rows]) for name in ("mean", "sd", "weight"))
    return Model(mean[:-1], sd[:-1], weight[:-1], float(weight[-1]))


@functools.cache
def about() -> dict[str, str]:
    """What a manifest says of the model: when it was fitted, on which graph, and the hash of its weights."""
    text = WEIGHTS.read_text("utf-8")
    told = dict(re.findall(r"^# (fitted|calibrated_on|graph_sha256): (.+)$", text, re.MULTILINE))
    return told | {"weights_sha256": hashlib.sha256(text.encode()).hexdigest()}
