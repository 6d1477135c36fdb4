"""The model of relevance: fitted on labelled paths, and judged by models that have not seen a path's question."""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize

from benchmarks.relevance_cases import Item, Label
from dataset_builder.relevance import model
from dataset_builder.relevance.case import case_of
from dataset_builder.relevance.model import FEATURES, LIMIT, WEIGHTS, Model, features
from dataset_builder.stages.rank_paths import rank_paths
from kg import KG

L2, FOLDS = 10.0, 10
MEANINGS = {
    "hops": "number of hops",
    "longer": "hops more than the question's nearest pair",
    "target": "share of hops by which a drug targets a gene",
    "disease_gene": "share of hops between disease and gene",
    "genes_only": "two hops, both between disease and gene",
    "presentation": "one hop, between disease and phenotype",
    "negative": "a hop is only a contraindication or an absence",
    "side_effect": "a hop is only a side effect",
    "treats_end": "the last hop is an indication or off-label use",
    "treats_by_target": "a treatment and two targets: the drug acts like one that is used for the disease",
    "fan_out": "log ranks of the hops' first nodes by the hop's relation, summed; 0: few neighbours",
    "fan_in": "log ranks of the hops' second nodes by the hop's relation, summed; 0: few neighbours",
    "target_fan": "target times fan_in: the path goes through targets of many drugs",
    "surprise": "log of the pair's degree-weighted path count over that of a random graph",
    "rivals": "other nodes of the question that have a higher count to the same end",
    "first_sentence": "the question's first sentence names the start",
    "common_sign": "starts at a finding that most diseases can have",
    "denied": "the answer is no or maybe",
    "undone": "the answer ends or lessens what it names",
    "gene_end": "ends in a gene",
    "phenotype_end": "ends in a phenotype",
    "gene_inside": "a gene is inside",
    "alike": "the ends share a name or a telling word",
    "twin_inside": "a node inside is called like an end",
    "inside_explained": "a node inside is named in the gold text",
    "inside_words": "log rarity of the most telling word that a name inside shares with the texts",
    "intercept": "",
}


class Labelled(NamedTuple):
    """Labelled paths that are candidates today, with their features. Shapes (labels, features) and (labels,)."""

    labels: list[Label]
    x: np.ndarray
    y: np.ndarray

    def where(self, chosen: np.ndarray) -> "Labelled":
        """Those of a mask, shape (labels,)."""
        return Labelled(
            [one for one, yes in zip(self.labels, chosen, strict=True) if yes], self.x[chosen], self.y[chosen]
        )


def labelled(kg: KG, rows: dict[str, Item], labels: Sequence[Label]) -> Labelled:
    """The labels whose path is a candidate of its question, with features; ``rows``: of relevance_cases.searched."""
    asked = sorted({label.question for label in labels} & rows.keys())
    x = features(kg, [case_of(rows[i]) for i in asked], [rows[i]["candidate_paths"] for i in asked])
    keys = [(i, tuple(path)) for i in asked for pair in rows[i]["candidate_paths"] for path in pair["paths"]]
    place = {key: at for at, key in enumerate(keys)}
    here = [label for label in labels if (label.question, label.nodes) in place]
    at = [place[label.question, label.nodes] for label in here]
    return Labelled(here, x[at], np.array([label.relevant for label in here]))


def fit(x: np.ndarray, y: np.ndarray) -> Model:
    """Logistic regression with a ridge penalty on all weights but the intercept. ``y``: from 0 to 1."""
    mean, sd = x.mean(0), np.where(x.std(0) < 1e-9, 1, x.std(0))
    z = np.c_[((x - mean) / sd).clip(-LIMIT, LIMIT), np.ones(len(x))]

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        s, free = z @ w, np.r_[w[:-1], 0]
        slope = z.T @ (1 / (1 + np.exp(-s)) - y) + L2 * free
        return (np.logaddexp(0, s) - y * s).sum() + L2 * (free**2).sum() / 2, slope

    weights = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B").x
    return Model(mean, sd, weights[:-1], float(weights[-1]))


def models_by_question(data: Labelled, ids: Sequence[str], seed: int = 0) -> dict[str, Model]:
    """Per question a model that has seen no label of it: ten models, each fitted without a tenth of the labelled questions."""
    asked = sorted({label.question for label in data.labels})
    order = np.random.default_rng(seed).permutation(len(asked)) % FOLDS
    fold = dict(zip(asked, order.tolist(), strict=True))
    of_label = np.array([fold[label.question] for label in data.labels])
    models = [fit(data.x[of_label != k], data.y[of_label != k]) for k in range(FOLDS)]
    everything = fit(data.x, data.y)
    return {i: models[fold[i]] if i in fold else everything for i in ids}


@contextmanager
def using(chosen: Model) -> Iterator[None]:
    """The project's stages with this model instead of the published one."""
    with patch.object(model, "published", lambda: chosen):
        yield


def kept(kg: KG, rows: dict[str, Item], models: dict[str, Model], threshold: float) -> dict[str, list[Item]]:
    """The paths that kg_only publishes of every question with this threshold; an empty list where it rejects the question."""
    by_model: dict[int, list[str]] = {}
    for i in rows:
        by_model.setdefault(id(models[i]), []).append(i)
    found = {}
    for ids in by_model.values():
        batch = {name: [rows[i][name] for i in ids] for name in rank_paths.needs}
        with using(models[ids[0]]):
            paths = rank_paths(batch, kg=kg, keep=3, max_hops=4, min_relevance=threshold)["paths"]
        for i, some in zip(ids, paths, strict=True):
            found[i] = some if not some or max(p["relevance"] for p in some) >= threshold else []
    return found


def write_weights(kg: KG, data: Labelled) -> Model:
    """Fit on all labels, and write weights.tsv."""
    found = fit(data.x, data.y)
    asked = len({label.question for label in data.labels})
    lines = [
        "# The model of a path's relevance (dataset_builder/relevance/model.py), made by `python -m benchmarks.relevance fit`.",
        f"# fitted: {datetime.date.today().isoformat()}, on {len(data.labels)} paths of {asked} questions (MedQA, MedMCQA, PubMedQA) that two readers labelled;",
        f"#   logistic regression, ridge penalty {L2:g}; target: the share of readers who call the path relevant",
        f"# calibrated_on: {kg.name}, {len(kg.nodes.index):,} nodes, {kg.edge_count:,} edges",
        f"# graph_sha256: {kg.digest}",
        "feature\tmean\tsd\tweight\tmeaning",
    ]
    numbers = [*zip(found.mean, found.sd, found.weight, strict=True), (0.0, 1.0, found.intercept)]
    for name, (mean, sd, weight) in zip((*FEATURES, "intercept"), numbers, strict=True):
        lines.append(f"{name}\t{mean:.6g}\t{sd:.6g}\t{weight:.4f}\t{MEANINGS[name]}")
    WEIGHTS.write_text("\n".join(lines) + "\n", "utf-8")
    return found
