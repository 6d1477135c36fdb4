"""The values by which the report counts, filters and sorts rows: a few words and numbers per row."""

from collections.abc import Mapping
from typing import Any, NamedTuple

PUBLISHED = "published"


class RowFacts(NamedTuple):
    """The facts of one row. None: the row has no such value."""

    source: str
    outcome: str  # published, or the reason code
    tier: str | None
    verdict: str | None  # of its rationales: right where one is kept
    contradiction: str | None  # "yes", "no": whether the graph contradicts a claim of a rationale
    hops: int | None  # of the shortest kept path
    words: int | None  # of the first rationale
    rationales: int
    support: float | None  # share of claims that the graph supports
    score: float | None  # mean of the judge's scores


def facts_of(row: Mapping[str, Any]) -> RowFacts:
    """The facts of a row of a dataset folder, whatever its pipeline."""
    texts = texts_of(row)
    hops = [path["length"] for path in row.get("paths") or ()]
    scores = [score["score"] for score in row.get("scores") or () if score and score["score"] is not None]
    return RowFacts(
        source=row["source"],
        outcome=row["rejected_because"] or PUBLISHED,
        tier=row.get("tier"),
        verdict=_verdict(row),
        contradiction=_contradiction(row),
        hops=min(hops, default=None),
        words=len(texts[0].split()) if texts else None,
        rationales=len(texts),
        support=row.get("support_share"),
        score=sum(scores) / len(scores) if scores else None,
    )


def texts_of(row: Mapping[str, Any]) -> list[str]:
    """The rationales of a row: one, or several of a pipeline that keeps several."""
    if "rationales" in row:
        return [rationale["text"] for rationale in row["rationales"] or ()]
    return [row["rationale"]] if row.get("rationale") else []


def _verdict(row: Mapping[str, Any]) -> str | None:
    if "verdict" in row:
        return row["verdict"]["label"] if row["verdict"] else None
    if row.get("rationales"):
        return "right"
    labels = {verdict["label"] for verdict in row.get("verdicts") or ()}
    return next((label for label in ("wrong", "unjudged", "right") if label in labels), None)


def _contradiction(row: Mapping[str, Any]) -> str | None:
    if (checks := row.get("hop_checks")) is None:
        return None
    return "yes" if any(check["verdict"] == "contradicted" for check in checks) else "no"
