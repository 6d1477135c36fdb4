"""The evidence of two builds in numbers: questions, paths, relevance. Evidence is counted apart from publication.

A rejected question can have paths too, which were for example not relevant enough.
"""

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dataset_builder.publishing.evidence_diff.build_rows import Build, Evidence, Key, evidence_of
from dataset_builder.publishing.evidence_diff.path_match import PARTS, match
from dataset_builder.publishing.tiers import interval

SIDES = {(True, False): "A only", (False, True): "B only", (True, True): "both", (False, False): "neither"}


@dataclass(frozen=True)
class Comparison:
    """Two builds, the numbers of the questions that both have, and those whose evidence differs, most different first.

    ``only``: questions that only A, and only B has. ``evidence``, ``published``: questions by SIDES. ``paths``: won, lost, changed, same;
    ``parts``: changed paths by what changed, one path can count in several. ``relevance``: means of the best path of A and of B, and
    B - A with its 95 % interval, over the questions with a relevance in both.
    """

    a: Build
    b: Build
    questions: int
    only: tuple[int, int]
    evidence: Mapping[str, int]
    published: Mapping[str, int]
    paths: Mapping[str, int]
    parts: Mapping[str, int]
    relevance: Mapping[str, Any]
    differing: list[Key]

    @property
    def same_graph(self) -> bool:
        """Whether both builds used one graph, whatever its name."""
        return self.a.graph["sha256"] == self.b.graph["sha256"]


def compare(a: Build, b: Build) -> Comparison:
    """Compare the questions that both builds have, by id.

    Reads every row once, and keeps some hundred bytes of each. The folders are those that publishing.diff has accepted, and
    have paths (`Build.has_paths`).
    """
    old, new = evidence_of(a), evidence_of(b)
    both = sorted(old.keys() & new.keys())
    evidence, published, paths, parts = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    ranks: dict[Key, int] = {}
    for key in both:
        was, is_ = old[key], new[key]
        evidence[SIDES[bool(was.paths), bool(is_.paths)]] += 1
        published[SIDES[was.why is None, is_.why is None]] += 1
        found = match(was.paths, is_.paths)
        numbers = {name: len(getattr(found, name)) for name in ("won", "lost", "changed", "same")}
        paths.update(numbers)
        parts.update(part for *_, some in found.changed for part in some)
        if found.differ or (was.why, was.best, was.nodes) != (is_.why, is_.best, is_.nodes):
            ranks[key] = _rank(was, is_, differ=found.differ)
    return Comparison(
        a=a,
        b=b,
        questions=len(both),
        only=(len(old) - len(both), len(new) - len(both)),
        evidence=evidence,
        published=published,
        paths=paths,
        parts=parts,
        relevance=_relevance([(old[key].best, new[key].best) for key in both]),
        differing=sorted(ranks, key=lambda key: (ranks[key], key)),
    )


def _rank(was: Evidence, is_: Evidence, *, differ: bool) -> int:
    """The place of a question in the details: published in one build only, evidence in one only, other paths, only other figures."""
    if (was.why is None) != (is_.why is None):
        return 0
    if bool(was.paths) != bool(is_.paths):
        return 1
    return 2 if differ else 3


def _relevance(best: list[tuple[float | None, float | None]]) -> dict[str, Any]:
    known = [(was, is_) for was, is_ in best if was is not None and is_ is not None]
    if not known:
        return {"questions": 0}
    means = [round(statistics.fmean(values), 3) for values in zip(*known, strict=True)]
    between = interval([is_ - was for was, is_ in known])
    return {"a": means[0], "b": means[1], **between}


def table(found: Comparison) -> Iterator[tuple[str, str]]:
    """The numbers in words, a heading and a text for each line."""
    yield "questions", f"in both {found.questions}, only in A {found.only[0]}, only in B {found.only[1]}"
    for what, counts in (("with evidence", found.evidence), ("published", found.published)):
        yield what, ", ".join(f"{side} {counts.get(side, 0)}" for side in SIDES.values())
    parts = ", ".join(f"{part} {found.parts[part]}" for part in PARTS if found.parts.get(part))
    counts = [f"{name} {found.paths.get(name, 0)}" for name in ("won", "lost", "changed", "same")]
    yield "paths", ", ".join(counts).replace(", same", f"{f' ({parts})' if parts else ''}, same")
    yield "best relevance", relevance_in_words(found.relevance)
    if note := _other_models(found):
        yield "note", note


def relevance_in_words(of: Mapping[str, Any]) -> str:
    """``A 0.412, B 0.530, B - A +0.118 [+0.020, +0.216], 15 questions with evidence in both``."""
    if not of["questions"]:
        return "no question has evidence with a relevance in both"
    bounds = f" [{of['low']:+.3f}, {of['high']:+.3f}]" if of["low"] is not None else " (no interval of one question)"
    return f"A {of['a']:.3f}, B {of['b']:.3f}, B - A {of['mean']:+.3f}{bounds}; questions with evidence in both: {of['questions']}"


def _other_models(found: Comparison) -> str:
    """Why relevances of the two builds are not on one scale; empty where they are."""
    weights = [(one.manifest["inputs"].get("relevance") or {}).get("weights_sha256") for one in (found.a, found.b)]
    if not found.relevance["questions"] or weights[0] == weights[1]:
        return ""
    return "relevance was computed with other weights in A than in B: its difference is not one of the evidence alone"


def graphs_in_words(found: Comparison, digits: int | None = 16) -> str:
    """The graphs of both builds, by name and sha256, of which the first ``digits`` are shown (None: all)."""
    names = [f"{one.graph['name']}, sha256 {one.graph['sha256'][:digits]}" for one in (found.a, found.b)]
    return f"same graph: {names[0]}" if found.same_graph else f"graphs: A {names[0]}; B {names[1]}"


def lines(found: Comparison) -> Iterator[str]:
    """The comparison in words. As in publishing.diff, the first line begins with `same` where nothing differs."""
    yield graphs_in_words(found)
    if found.questions and not found.differing:
        yield f"same evidence: {found.questions} questions"
        return
    yield (
        "evidence:"
        if found.questions
        else "evidence: no question is in both builds, by id; build both with the same SOURCES"
    )
    width = max(len(heading) for heading, _ in table(found))
    for heading, text in table(found):
        yield f"  {heading:{width}}  {text}"
