"""Does check_hops find false hops, and accept true ones? python -m benchmarks.evidence [heldout|dev] [N]

N rationales (default 400) paraphrase paths of the real graph, in wordings of our own (evidence_*.tsv). In half of them one hop is
false: its relation is turned into its opposite, or one of its ends is another node of the same type. Names are the graph's, its
aliases, or plurals. A false hop is found if a claim in its sentence is contradicted or off_path.
"""

import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.stages.check_hops import check_hops
from kg import KG
from kg.phrases import plain
from tests.support.shared_data import SHARED_DATA

HERE = Path(__file__).parent
READER = claim_reader("spacy")
GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"
FAMILIES = {
    "disease_phenotype_positive": "phenotype present", "disease_phenotype_negative": "phenotype absent",
    "bioprocess_protein": "bioprocess", "molfunc_protein": "molfunc", "cellcomp_protein": "cellcomp",
    "pathway_protein": "pathway", "drug_effect": "side effect", "drug_drug": "drug_drug", "protein_protein": "ppi",
    "anatomy_protein_present": "expression present", "phenotype_protein": "disease_protein", "disease_disease": "parent-child",
    "bioprocess_bioprocess": "parent-child",
}  # fmt: skip
JOINTS = (". ", ". ", ". ", ", and ", "; ", ", while ")
LIES = (None, "opposite", None, "endpoint", None, "opposite", None, "endpoint", None, "exchanged")
# where the two ends can be told apart by their order: the ends exchanged
BACKWARDS = {
    "indication": "{s} is indicated for {o}", "contraindication": "{s} is contraindicated in {o}", "target": "{s} inhibits {o}",
    "phenotype present": "{s} presents with {o}", "bioprocess": "{s} takes part in {o}",
}  # fmt: skip
FLAGGED = ("contradicted", "off_path")
Wordings = dict[tuple[str, str], list[str]]


class Sentence(NamedTuple):
    """A hop as the rationale says it: where, in which wording, and what is false about it (None: it is true)."""

    start: int
    end: int
    wording: str
    family: str
    false: str | None


def wordings(name: str) -> Wordings:
    """By relation and true or opposite."""
    found: Wordings = defaultdict(list)
    for line in (HERE / f"evidence_{name}.tsv").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            relation, says, wording = line.split("\t")
            found[relation, says].append(wording)
    return found


class Writer:
    """Writes paraphrases of a graph's paths, seeded."""

    def __init__(self, kg: KG, words: Wordings, seed: int) -> None:
        self.kg, self.words, self.draw = kg, words, random.Random(seed)
        nodes = kg.nodes
        self.named = [
            i for i, name in zip(nodes.index.tolist(), nodes.name, strict=True) if not name.startswith("unknown-")
        ]
        self.of_type: dict[str, list[int]] = defaultdict(list)
        for node in self.named:
            self.of_type[kg.type_of(node)].append(node)
        self.edges = self._edges()

    def _edges(self) -> dict[str, list[tuple[int, int]]]:
        """Edges by family, the relation's subject first."""
        from kg.opened import contents  # the benchmark draws edges; stages never list them

        nodes, edges, *_ = contents(self.kg.path, self.kg.digest)
        low, high = edges.ends()
        known, found = set(self.named), defaultdict(list)
        for a, b in zip(nodes.index[low].tolist(), nodes.index[high].tolist(), strict=True):
            if a in known and b in known:
                for _, (s, o, family) in self._families(a, b):
                    found[family].append((s, o))
        return found

    def _families(self, a: int, b: int) -> list[tuple[str, tuple[int, int, str]]]:
        """Of each relation between two nodes: subject, object, family."""
        [hop] = self.kg.describe((a, b))["hops"]
        found = []
        for r in hop:
            family = (
                r["display_relation"]
                if r["relation"] == "drug_protein"
                else FAMILIES.get(r["relation"], r["relation"])
            )
            turn = r["direction"] == "backward" or (
                r["direction"] == "undirected" and family == "disease_protein" and self.kg.type_of(a) != "gene/protein"
            )
            found.append((r["relation"], (b, a, family) if turn else (a, b, family)))
        return [one for one in found if (one[1][2], "true") in self.words]

    def path(self) -> list[int] | None:
        """Two or three hops that begin with an edge of any family, each as likely, and have no shortcut."""
        path = list(self.draw.choice(self.edges[self.draw.choice(sorted(self.edges))]))
        self.draw.shuffle(path)
        for _ in range(self.draw.choice((1, 2))):
            nexts = [n for n in self.neighbours(path[-1]) if n not in path]
            nexts = [n for n in nexts if not any(self.kg.relations([n], path[:-1])) and self._families(path[-1], n)]
            if nexts:
                path.append(self.draw.choice(nexts))
        return path if len(path) > 2 else None

    def neighbours(self, node: int) -> list[int]:
        """Some named neighbours."""
        around = [n for ends in self.around[node] for n in [ends]]
        return self.draw.sample(around, min(8, len(around)))

    @property
    def around(self) -> dict[int, list[int]]:
        if not hasattr(self, "_around"):
            self._around: dict[int, list[int]] = defaultdict(list)
            for pairs in self.edges.values():
                for s, o in pairs:
                    self._around[s].append(o)
                    self._around[o].append(s)
        return self._around

    def name(self, node: int) -> str:
        """One of the node's names as a text might have it."""
        names = self.kg.names_of(node)
        name = plain(self.draw.choice(names[1:])) if len(names) > 1 and self.draw.random() < 0.4 else plain(names[0])
        if self.kg.type_of(node) == "effect/phenotype" and name[0].isupper() and name[1:2].islower():
            name = name[0].lower() + name[1:]
        return name

    def rationale(self, lie: str | None) -> tuple[dict[str, Any], list[Sentence]] | None:
        """A row, and its sentences: one or two paths, a step each, one hop false where a lie is wanted."""
        paths = [path for _ in range(self.draw.choice((1, 2))) if (path := self.path())]
        hops = [(n, i) for n, path in enumerate(paths) for i in range(len(path) - 1)]
        if not hops:
            return None
        false = self.draw.choice(hops) if lie else None
        text, said = "", []
        for n, path in enumerate(paths):
            text += f"{n + 1}. "
            for i in range(len(path) - 1):
                made = self.sentence(path[i], path[i + 1], lie if (n, i) == false else None)
                if made is None:
                    return None
                words, wording, family, lied = made
                if i and said:
                    joint = self.draw.choice(JOINTS)
                    text = text.removesuffix(".") + joint
                    start_of_word = wording.split(" ", 1)[0]
                    if not joint.startswith(".") and "{" not in start_of_word:
                        words = words[0].lower() + words[1:]
                start = len(text)
                text += words
                said.append(Sentence(start, len(text), wording, family, lied))
                text += "."
            text += "\n"
        row = {"rationale": text, "paths": [self.kg.describe(path) for path in paths], "mentions": [], "nodes": []}
        return row, said

    def sentence(self, a: int, b: int, lie: str | None) -> tuple[str, str, str, str | None] | None:
        """The hop in words, its wording, its family, and which lie it is."""
        families = self._families(a, b)
        if not families:
            return None
        s, o, family = self.draw.choice(families)[1]
        says = "true"
        if lie == "opposite":
            everything = {f for _, (_, _, f) in families}
            if not self.words[family, "opposite"] or ("contraindication" in everything and len(everything) > 1):
                return None
            says = "opposite"
        elif lie == "exchanged":
            wording = BACKWARDS.get(family)
            if wording is None:
                return None
            return wording.format(s=self.name(o), o=self.name(s)), wording, family, lie
        elif lie == "endpoint":
            end = self.draw.choice("so")
            kept, lost = (s, o) if end == "o" else (o, s)
            other = self.stranger(kept, lost)
            s, o = (kept, other) if end == "o" else (other, kept)
        wording = self.draw.choice(self.words[family, says])
        wording = wording.rstrip(".")
        return wording.format(s=self.name(s), o=self.name(o)), wording, family, lie

    def stranger(self, kept: int, lost: int) -> int:
        """Another node of the lost one's type that the kept one has no edge with."""
        while True:
            node = self.draw.choice(self.of_type[self.kg.type_of(lost)])
            same = {n for m in self.kg.find_mentions(plain(self.kg.name_of(node))) for n in m.nodes} | {node}
            if node not in (kept, lost) and not self.kg.relations([kept], sorted(same)):
                return node


def main(name: str, wanted: int, verbose: bool) -> None:
    """Print the figures, and with ``verbose`` what was missed or flagged."""
    kg = KG.load(GRAPH)
    writer = Writer(kg, wordings(name), seed=1)
    rows, said = [], []
    while len(rows) < wanted:
        lie = LIES[len(rows) % len(LIES)]
        if made := writer.rationale(lie):
            rows.append(made[0])
            said.append(made[1])
    batch = {column: [row[column] for row in rows] for column in rows[0]}
    check_hops.fn({c: v[:1] for c, v in batch.items()}, kg=kg, reader=READER, reject_contradicted=False)
    started = time.perf_counter()
    out = check_hops.fn(batch, kg=kg, reader=READER, reject_contradicted=False)
    seconds = time.perf_counter() - started
    report(rows, said, out["hop_checks"], verbose)
    characters = sum(len(row["rationale"]) for row in rows)
    print(
        f"{wanted} rationales of {characters / wanted:.0f} characters in {seconds:.2f} s: {60 * wanted / seconds:,.0f} a minute"
    )


def report(rows: list[dict], said: list[list[Sentence]], checks: list[list[dict]], verbose: bool) -> None:
    """Found and flagged, by kind; a joined sentence counts as one place."""
    found, flagged, verdicts = defaultdict(list), [], Counter()
    for row, sentences, claims in zip(rows, said, checks, strict=True):
        lies = [s for s in sentences if s.false]
        for s in sentences:
            inside = [c for c in claims if s.start <= c["from_start"] < s.end and s.start <= c["to_start"] < s.end]
            flags = [c for c in inside if c["verdict"] in FLAGGED]
            verdicts.update(
                [f"{'false' if s.false else 'true'} {c['verdict']}" for c in inside] or [f"{bool(s.false)} unread"]
            )
            if s.false:
                found[s.false].append(bool(flags))
                if verbose and not flags:
                    print(
                        "MISSED",
                        s.false,
                        s.family,
                        "|",
                        row["rationale"][s.start : s.end],
                        "|",
                        brief(inside),
                        "|",
                        repr(row["rationale"]),
                        brief(claims),
                    )
            else:
                flagged.append(bool(flags))
                if verbose and flags:
                    print("FLAGGED", s.family, "|", row["rationale"], "|", brief(flags))
                elif verbose and not inside:
                    print("UNREAD", s.family, "|", row["rationale"][s.start : s.end])
        del lies
    for lie, hits in found.items():
        print(f"false hops found, {lie}: {share(hits)}")
    print(f"false hops found: {share([hit for hits in found.values() for hit in hits])}")
    print(f"true hops flagged: {share(flagged)}")
    print(dict(sorted(verdicts.items())))


def brief(claims: list[dict]) -> list[str]:
    """Claims on a line."""
    return [f"{c['from_name']}–{c['to_name']} {'not ' * c['negated']}{c['stated']}: {c['verdict']}" for c in claims]


def share(hits: list[bool]) -> str:
    """A share with its 95 % Wilson interval."""
    bounds: Any = proportion_confint(sum(hits), len(hits), method="wilson")
    return f"{np.mean(hits):.1%} [{bounds[0]:.1%}, {bounds[1]:.1%}] of {len(hits)}"


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "-v"]
    main(words[0] if words else "heldout", int(words[1]) if len(words) > 1 else 400, "-v" in sys.argv)
