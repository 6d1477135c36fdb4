"""The claims of a seeded sample of rationales against a graph: by the claim reader of builds, with intervals."""

import heapq
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.audit.findings import Findings
from dataset_builder.audit.records import Record
from dataset_builder.claim_check import Claim, Written, check_texts
from dataset_builder.claim_check.measured import in_words, measured
from dataset_builder.claim_check.relations import PLAIN

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

VERDICTS = ("supported", "contradicted", "unknown")
BATCH = 256  # rationales that are read together
DRAWS = 2000  # resamples of the bootstrap


class Sample:
    """A simple random sample of the rows with a rationale, drawn in one pass."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seen = size, 0
        self._draw = random.Random(f"{seed} claims")
        self._kept: list[tuple[float, int, Record]] = []

    def see(self, record: Record) -> None:
        """Take a row, or not: those with the largest of the drawn numbers stay."""
        if not record.rationale or not self.size:
            return
        self.seen += 1
        one = (self._draw.random(), -record.number, record)
        if len(self._kept) < self.size:
            heapq.heappush(self._kept, one)
        elif one > self._kept[0]:
            heapq.heapreplace(self._kept, one)

    @property
    def rows(self) -> list[Record]:
        """The sample, in the order of rows."""
        return sorted((record for _, _, record in self._kept), key=lambda record: record.number)


def check_claims(sample: Sample, kg: "KG", reader: "ClaimReader", findings: Findings, seed: int) -> dict[str, Any]:
    """Add contradicted claims. Returns the counts per verdict, with 95 % intervals over rows where they are a sample."""
    rows, counts, supported = sample.rows, [], list[dict[str, Any]]()
    for begin in range(0, len(rows), BATCH):
        part = rows[begin : begin + BATCH]
        texts = [Written(record.rationale, context=f"{record.context}\n{record.question}".strip()) for record in part]
        for record, claims in zip(part, check_texts(kg, texts, reader), strict=True):
            counted = [claim for claim in claims if claim.mode in PLAIN]
            number = Counter(claim.verdict for claim in counted)
            counts.append([number[verdict] for verdict in VERDICTS])
            if said := [_in_words(record.rationale, claim) for claim in counted if claim.verdict == "contradicted"]:
                findings.add(record.number, record.id, "contradicted", "; ".join(said))
            supported += [
                {"row": record.number, "id": record.id, "detail": _in_words(record.rationale, claim)}
                for claim in counted
                if claim.verdict == "supported"
            ][:1]
    array = np.array(counts, np.int64).reshape(-1, len(VERDICTS))
    graph = {"name": kg.name, "sha256": kg.digest, "nodes": len(kg.nodes.index), "edges": kg.edge_count}
    drawn = random.Random(f"{seed} supported").sample(supported, min(3, len(supported)))
    return {
        "graph": graph,
        "reader": reader.inputs,
        "rationales": len(rows),
        "of": sample.seen,
        "claims": int(array.sum()),
        "verdicts": {
            verdict: _numbers(array[:, i], array, seed if len(rows) < sample.seen else None)
            for i, verdict in enumerate(VERDICTS)
        },
        "examples_supported": sorted(drawn, key=lambda one: one["row"]),
        "trust": in_words(),
        "measured": measured(),
    }


def _numbers(own: np.ndarray, every: np.ndarray, seed: int | None) -> dict[str, Any]:
    """Of one verdict: its claims, their share of all claims, and the rationales with such a claim; intervals over rationales.

    Without a seed all rationales were read, and nothing is estimated.
    """
    claims, rationales, total = int(own.sum()), int(np.count_nonzero(own)), int(every.sum())
    of_claims: dict[str, float | None] = {"share": claims / total if total else None}
    of_rationales: dict[str, float | None] = {"share": rationales / len(own) if len(own) else None}
    if seed is not None:
        of_claims |= interval_of_ratio(own, every.sum(axis=1), seed)
        of_rationales = interval(rationales, len(own))
    return {
        "claims": claims,
        "share_of_claims": of_claims,
        "rationales": rationales,
        "share_of_rationales": of_rationales,
    }


def interval(number: int, of: int) -> dict[str, float | None]:
    """A share with its 95 % Wilson interval; None where there is nothing to divide by."""
    from scipy.stats import binomtest

    if not of:
        return {"share": None, "low": None, "high": None}
    bounds = binomtest(number, of).proportion_ci(method="wilson")
    return {"share": number / of, "low": float(bounds.low), "high": float(bounds.high)}


def interval_of_ratio(part: np.ndarray, whole: np.ndarray, seed: int) -> dict[str, float | None]:
    """The 95 % bootstrap interval of sum(part) / sum(whole) over rows, since claims of one rationale repeat each other.

    None where fewer than two rows have a claim, or all or none of the claims is in the part: then no resample differs.
    """
    from scipy.stats import bootstrap

    some = whole > 0
    part, whole = part[some], whole[some]
    if len(part) < 2 or part.sum() in (0, whole.sum()):
        return {"low": None, "high": None}
    found = bootstrap(
        (part, whole),
        lambda a, b, axis: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=DRAWS,
        batch=100,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return {"low": float(found.low), "high": float(found.high)}


def _in_words(text: str, claim: Claim) -> str:
    sentence = " ".join(text[claim.start : claim.end].split())
    return f"{claim.from_name} –{claim.relation or 'connected'}{' (denied)' if claim.negated else ''}– {claim.to_name}; the graph: {claim.graph or 'nothing'}; in: {sentence:.160}"
