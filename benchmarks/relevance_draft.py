"""A first model of a path's relevance, fitted on the 456 labels in $SHARED_DATA: it only serves to draw paths for benchmarks/relevance.py.

Seventeen features of graph, relations, question and wrong options, and the MiniLM cosine of the path with question and answer, in a
ridge-penalised logistic regression with a soft target. It is ../shared/prototypes/path_relevance.py, without its reports.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow.csv
from scipy.optimize import minimize
from scipy.sparse import csr_array, diags_array
from scipy.stats import mannwhitneyu

from kg import KG
from kg.embedder import Embedder
from kg.mentions import Mention

DAMPING, SPREAD, L2, FOLDS, REPEATS = 0.4, 4, 20.0, 10, 5
NEGATIVE = {"contraindication", "disease_phenotype_negative", "anatomy_protein_absent"}
COMMON_WORDS = {"disease", "type", "syndrome", "disorder", "acid", "with"}
Row = Mapping[str, Any]


class Context(NamedTuple):
    """What all paths of a question share: its mentions with their nodes, the nodes of each wrong option, where its last sentence begins."""

    mentions: list[tuple[Mention, set[int]]]
    wrong: list[set[int]]
    last: int


class Graph:
    """The arrays that features look at; nodes by their position among the sorted indexes."""

    def __init__(self, kg: KG) -> None:
        table, self.index = pyarrow.csv.read_csv(kg.path), np.asarray(kg.nodes.index)
        x, y = (np.searchsorted(self.index, table[c].to_numpy()) for c in ("x_index", "y_index"))
        relation, n = np.array(table["display_relation"].to_pylist()), len(self.index)
        every = _symmetric(x, y, n)
        self.of = {r: _symmetric(x[relation == r], y[relation == r], n) for r in np.unique(relation).tolist()}
        self.degree = np.maximum(every.sum(1), 1.0)
        scale = diags_array(self.degree**-DAMPING)
        self._damped = (scale @ every @ scale).tocsr()
        self.type = np.array(kg.nodes.type)
        self.spread, self.reached = lru_cache(4096)(self._spread), lru_cache(4096)(self._reached)

    def _spread(self, v: int) -> np.ndarray:
        """Degree-weighted walks from v to every node, per length. Shape (SPREAD, nodes). Between nearest nodes walks are paths."""
        at, rows = np.zeros(len(self.index)), []
        at[v] = 1
        for _ in range(SPREAD):
            rows.append(at := self._damped @ at)
        return np.array(rows, np.float32)

    def _reached(self, v: int, hops: tuple[frozenset[str], ...]) -> np.ndarray:
        """The nodes at the end of the same relations, walked from v. Shape (nodes,), bool."""
        at = np.zeros(len(self.index), bool)
        at[v] = True
        for relations in hops:
            at = np.any([self.of[r] @ at > 0 for r in relations], axis=0)
        return at

    def surprise(self, s: int, t: int, hops: int) -> float:
        """Log of the degree-weighted path count over that of a random graph with these degrees."""
        d, m = self.degree, self.degree.sum()
        expected = (d[s] * d[t]) ** (1 - DAMPING) / m * ((d ** (2 - 2 * DAMPING)).sum() / m) ** (hops - 1)
        return math.log(max(self.spread(s)[min(hops, SPREAD) - 1][t], 1e-12) / expected)

    def typed_rank(self, s: int, t: int) -> float:
        """Log share of the nodes of t's type that are connected with s at least as well as t."""
        near = self.spread(s).sum(0)
        same = near[self.type == self.type[t]]
        return math.log((same >= near[t]).mean())


def _symmetric(x: np.ndarray, y: np.ndarray, n: int) -> csr_array:
    """Parallel edges count once."""
    found = csr_array((np.ones(2 * len(x), np.float32), (np.r_[x, y], np.r_[y, x])), (n, n))
    found.data[:] = 1
    return found


def context(row: Row, kg: KG) -> Context:
    """What the paths of this question share."""
    options = row["options"] if row["answer_type"] == "choice" else []
    wrong = [_linked(kg, o["text"]) for o in options if o["label"] != row["answer_label"]]
    last = max((m.end() for m in re.finditer(r"[.?!]\s+(?=[A-Z])", row["question"])), default=0)
    said = [(m, nodes) for m, nodes in _linked(kg, row["question"]) if not m.negated]
    return Context(said, [set().union(*(nodes for _, nodes in w)) for w in wrong], last)


def _linked(kg: KG, text: str) -> list[tuple[Mention, set[int]]]:
    found = kg.find_mentions(text)
    links = kg.link([m.text for m in found], [m.type for m in found], similar=0)
    return [(m, {c.node for c in cs if c.accepted}) for m, cs in zip(found, links, strict=True)]


def features(path: list[int], kg: KG, g: Graph, ctx: Context, seen: Counter[int]) -> dict[str, float]:
    """Shares, ranks, logs and flags, by name. ``seen``: in how many of 1,000 other questions a node is named."""
    told, n = kg.describe(path), len(path) - 1
    s, *_, t = np.searchsorted(g.index, path).tolist()
    names = [name.lower() for name in told["names"]]
    hops = tuple(frozenset(h["display_relation"] for h in hop) for hop in told["hops"])
    ahead, back, near = g.reached(s, hops), g.reached(t, hops[::-1]), g.spread(s).sum(0)
    mine = [m for m, nodes in ctx.mentions if path[0] in nodes]
    others = set().union(*(nodes for _, nodes in ctx.mentions)) - {path[0], path[-1]}
    wrong = [np.searchsorted(g.index, sorted(w)) for w in (w - {path[0], path[-1]} for w in ctx.wrong) if w]
    words = [set(re.findall(r"[a-z]{4,}", name)) - COMMON_WORDS for name in (names[0], names[-1])]
    found = {f"hops{k}": n == k for k in (1, 2, 3)} | {
        "any_negative": any(h <= NEGATIVE for h in hops),
        "target": sum("target" in h for h in hops) / n,
        "disease_gene": sum(hop[0]["relation"] == "disease_protein" for hop in told["hops"]) / n,
        "rank_of_end": g.typed_rank(s, t),
        "rank_of_start": g.typed_rank(t, s),
        "surprise": g.surprise(s, t, n),
        "pattern_end": math.log1p((ahead & (g.type == g.type[t])).sum()),
        "pattern_start": math.log1p((back & (g.type == g.type[s])).sum()),
        "in_last": any(m.start >= ctx.last for m in mine),
        "alike": names[0] in names[-1] or names[-1] in names[0] or bool(words[0] & words[1]),
        "on_path": bool(others & set(path[1:-1])),
        "seen_start": math.log1p(seen[path[0]]),
        "same_pattern": sum(ahead[w].any() for w in wrong) / max(1, len(wrong)),
        "nearer": math.log((near[t] + 1e-6) / (max(near[w].max() for w in wrong) + 1e-6)) if wrong else 0,
    }
    return {name: float(value) for name, value in found.items()}


def cosines(rows: list[Row], paths: list[list[int]], kg: KG, embedder: Embedder) -> np.ndarray:
    """How near each path in words is to the end of its question with the answer."""
    told = [". ".join(hop[0]["statement"] for hop in kg.describe(path)["hops"]) for path in paths]
    asked = [f"{row['question'][-800:]} {row['answer']}" for row in rows]
    return (_encoded(told, embedder) * _encoded(asked, embedder)).sum(1)


def _encoded(texts: list[str], embedder: Embedder) -> np.ndarray:
    """Each distinct text is encoded once."""
    place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    return embedder.encode(list(place))[[place[text] for text in texts]]


class Model(NamedTuple):
    """Mean and spread of every feature, and the weights, the intercept first."""

    mean: np.ndarray
    sd: np.ndarray
    weights: np.ndarray

    def probability(self, x: np.ndarray) -> np.ndarray:
        """Of being relevant. Shape (paths, features) in, (paths,) out."""
        return 1 / (1 + np.exp(-_standard(x, self.mean, self.sd) @ self.weights))


def fit(x: np.ndarray, y: np.ndarray) -> Model:
    """``y``: the soft target, from 0 to 1."""
    mean, sd = x.mean(0), np.where(x.std(0) < 1e-9, 1, x.std(0))
    z = _standard(x, mean, sd)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        s, free = z @ w, np.r_[0, w[1:]]
        slope = z.T @ (1 / (1 + np.exp(-s)) - y) + L2 * free
        return (np.logaddexp(0, s) - y * s).sum() + L2 * (free**2).sum() / 2, slope

    return Model(mean, sd, minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x)


def _standard(x: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    return np.c_[np.ones(len(x)), ((x - mean) / sd).clip(-4, 4)]


def cross_validated(x: np.ndarray, y: np.ndarray, questions: list[str]) -> list[np.ndarray]:
    """Probabilities of every path by models that have not seen its question, once per repeat."""
    unique, which = np.unique(questions, return_inverse=True)
    runs = [np.zeros(len(y)) for _ in range(REPEATS)]
    for seed, scores in enumerate(runs):
        fold = np.random.default_rng(seed).permutation(len(unique))[which] % FOLDS
        for k in range(FOLDS):
            scores[fold == k] = fit(x[fold != k], y[fold != k]).probability(x[fold == k])
    return runs


def auc(relevant: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a relevant path scores higher than another."""
    return float(mannwhitneyu(scores[relevant], scores[~relevant]).statistic / relevant.sum() / (~relevant).sum())
