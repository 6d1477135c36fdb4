"""Accuracy and speed of linking against alternatives: python -m benchmarks.linking [--embedder minilm] [--picture FILE].

On PrimeKG's real names, from ../shared/data/primekg: `linking_gold` (2,811 names of disease subtypes and groups) and `synonyms_gold` (real
synonyms; twin nodes that a reader found to be the same concept count as right). "Node removed": links accepted when the
gold nodes are removed from the graph; each of them is wrong, except for twins that are not listed. Mentions come with their type.

- exact: equal except for case. MedReason's rule: exact, or the nearest name by embedding if its cosine is above 0.85 (needs an embedder).
- characters: scikit-learn's TF-IDF over `char_wb` 2- to 4-grams, accepted from 0.90 up. embedding only: cosine from 0.90 up.
- ours: lookup, then the fused score, with the embedder's own threshold.

With an embedder the names are encoded first (MiniLM: 15 minutes of two cores, once).
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from benchmarks.linking_speed import PRIMEKG, search_speed
from kg import calibrate, fold
from kg.contents import Nodes
from kg.embedder import NONE, Embedder, named
from kg.gold import Pair, read_gold, read_names, without
from kg.linker import Linker
from kg.tables import DISEASE, DRUG, is_symbol

TOP, BLOCK = 10, 256


class Best(NamedTuple):
    """What a method gives for one mention: names, best first, and the score of the first (inf: accepted, -inf: nothing)."""

    names: list[str]
    score: float


Method = Callable[[Nodes, Sequence[Pair]], list[Best]]


@dataclass(frozen=True)
class Row:
    """One method and the score from which it accepts."""

    name: str
    find: Method
    accept: float


def exact(nodes: Nodes, pairs: Sequence[Pair]) -> list[Best]:
    """Nodes of the same lower-cased name, those of the mention's type first."""
    table: dict[str, list[int]] = {}
    for vertex, name in enumerate(nodes.name):
        table.setdefault(fold.exact_key(name), []).append(vertex)
    found = [sorted(table.get(fold.exact_key(p.mention), []), key=lambda v: nodes.type[v] != p.type) for p in pairs]
    return [Best([nodes.name[v] for v in vertices], np.inf if vertices else -np.inf) for vertices in found]


def characters(nodes: Nodes, pairs: Sequence[Pair]) -> list[Best]:
    """scikit-learn's TF-IDF, by the names of each pair's type and of unknown type."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32)
    kept = vectorizer.fit_transform([name.lower() for name in nodes.name])
    asked = vectorizer.transform([pair.mention.lower() for pair in pairs])
    return _nearest(nodes, pairs, lambda some, rows: (asked[some] @ kept[rows].T).toarray())


def embedding(embedder: Embedder) -> Method:
    """The cosine of the embedder's vectors alone."""

    def find(nodes: Nodes, pairs: Sequence[Pair]) -> list[Best]:
        plain = [v for v, name in enumerate(nodes.name) if not is_symbol(name, nodes.type[v])]
        kept = np.zeros((len(nodes.name), embedder.encode(["x"]).shape[1]), np.float32)
        kept[plain] = embedder.vectors([nodes.name[v] for v in plain])
        asked = embedder.encode([pair.mention for pair in pairs])
        return _nearest(nodes, pairs, lambda some, rows: asked[some] @ kept[rows].T)

    return find


def medreason(embedder: Embedder) -> Method:
    """MedReason's rule: the exact name, or else the nearest by embedding."""

    def find(nodes: Nodes, pairs: Sequence[Pair]) -> list[Best]:
        both = zip(exact(nodes, pairs), embedding(embedder)(nodes, pairs), strict=True)
        return [Best(e.names + m.names, max(e.score, m.score)) for e, m in both]

    return find


def _nearest(
    nodes: Nodes, pairs: Sequence[Pair], cosines: Callable[[list[int], np.ndarray], np.ndarray]
) -> list[Best]:
    types = np.array(nodes.type)
    found: list[Best] = [Best([], -np.inf)] * len(pairs)
    for type_ in {pair.type for pair in pairs}:
        rows = np.flatnonzero((types == type_) | (types == ""))
        asked = [i for i, pair in enumerate(pairs) if pair.type == type_]
        for begin in range(0, len(asked), BLOCK):
            some = asked[begin : begin + BLOCK]
            for i, cosine in zip(some, cosines(some, rows), strict=True):
                best = np.argsort(-cosine, kind="stable")[:TOP]
                found[i] = Best([nodes.name[rows[b]] for b in best], float(cosine[best[0]]))
    return found


def ours(embedder: Embedder, types_known: bool = True) -> Method:
    """The linker of this project: its lists as they are, its scores with no threshold yet."""

    def find(nodes: Nodes, pairs: Sequence[Pair]) -> list[Best]:
        mentions, types = [p.mention for p in pairs], [p.type for p in pairs] if types_known else None
        linked = Linker(nodes, embedder).link(mentions, types)
        scored = Linker(nodes, replace(embedder, accept=2)).link(mentions, types)
        return [
            Best([c.name for c in found[:TOP]], calibrate.score_of(best[0] if best else None))
            for found, best in zip(linked, scored, strict=True)
        ]

    return find


def measure(row: Row, nodes: Nodes, groups: list[Pair], synonyms: list[Pair]) -> tuple[str, calibrate.Measured]:
    """A line of the table, and the curve on the synonyms."""
    removed = [best.score for best in row.find(without(nodes, synonyms), synonyms)]
    on_groups, on_synonyms = row.find(nodes, groups), row.find(nodes, synonyms)
    first = [bool(best.names) and p.is_right(best.names[0]) for p, best in zip(groups, on_groups, strict=True)]
    among = [any(map(p.is_right, best.names)) for p, best in zip(groups, on_groups, strict=True)]
    right = [bool(best.names) and p.is_right(best.names[0]) for p, best in zip(synonyms, on_synonyms, strict=True)]
    score = np.array([best.score for best in on_synonyms])
    curve = calibrate.Measured(row.name, score, np.array(right), np.array(removed))
    accepted, good, wrong = curve.at(row.accept)
    of = {t: [s >= row.accept for s, p in zip(score, synonyms, strict=True) if p.type == t] for t in (DISEASE, DRUG)}
    cells = [_share(sum(first), len(first)), _share(sum(among), len(among))]
    cells += [
        f"{np.mean(of[DISEASE]):.1%}",
        f"{np.mean(of[DRUG]):.1%}",
        _share(good, accepted),
        _share(wrong, len(score)),
    ]
    return f"| {row.name} | {' | '.join(cells)} |", curve


def _share(count: int, total: int) -> str:
    """A share with its Wilson 95 % interval."""
    low, high = proportion_confint(count, max(total, 1), method="wilson")
    return f"{count / max(total, 1):.1%} [{low:.1%}, {high:.1%}]"


def accuracy(embedder: Embedder, picture: Path) -> None:
    """The table and the picture."""
    nodes = read_names(PRIMEKG / "names.tsv.gz")
    groups = read_gold(PRIMEKG / "linking_gold.tsv.gz")
    synonyms = [p for p in read_gold(PRIMEKG / "synonyms_gold.tsv") if p.type in (DISEASE, DRUG)]
    rows = [Row("exact name", exact, 1), Row("characters only >= 0.90", characters, 0.90)]
    if embedder.model:
        rows.append(Row(f"MedReason's rule ({embedder} > 0.85)", medreason(embedder), 0.85))
        rows.append(Row(f"embedding only ({embedder} >= 0.90)", embedding(embedder), 0.90))
    rows += [
        Row("ours, no model", ours(NONE), NONE.accept or 2),
        Row("ours, types not given", ours(NONE, False), NONE.accept or 2),
    ]
    if embedder.model:
        rows.append(Row(f"ours, {embedder}", ours(embedder), embedder.accept or 2))
        rows.append(Row(f"ours, {embedder}, types not given", ours(embedder, False), embedder.accept or 2))
    print(
        "| method | linking_gold top-1 | top-10 | synonyms: diseases accepted | drugs accepted | right | node removed: accepted |"
    )
    print("|---|---|---|---|---|---|---|")
    curves = []
    for row in rows:
        line, curve = measure(row, nodes, groups, synonyms)
        curves.append((curve, row.accept))
        print(line, flush=True)
    shown = [(c, mark) for c, mark in curves if "types not given" not in c.name]
    title = f"Links of {len(synonyms)} real synonyms of diseases and drugs, as the threshold falls; dots: the thresholds in use"
    calibrate.draw([c for c, _ in shown], title, picture, [mark for _, mark in shown])


def main() -> None:
    """Accuracy, then with an embedder the speed of its search."""
    top = argparse.ArgumentParser(prog="python -m benchmarks.linking", description="linking against the alternatives")
    top.add_argument("--embedder", default="none")
    top.add_argument("--picture", type=Path, default=Path("build/linking.png"))
    given = top.parse_args()
    embedder = named(given.embedder)
    accuracy(embedder, given.picture)
    print(f"\n{given.picture} shows the curves")
    if embedder.model:
        search_speed(read_names(PRIMEKG / "names.tsv.gz"), embedder)


if __name__ == "__main__":
    main()
