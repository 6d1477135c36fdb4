"""Assign every question a tier by the share of its wrong rationales (ReasonMed, routing by difficulty).

With the paper's nine samples: easy up to four wrong, medium up to seven, difficult above. Shares work for any number of samples.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from dataset_builder.stage import Batch, rejects, stage

TIERS = ("easy", "medium", "difficult")


@stage(needs="candidates verdicts", adds="tier pass_rate")
def route(batch: Batch, easy: Fraction, medium: Fraction, max_unjudged: Fraction) -> dict[str, list]:
    """Rejects: unjudged, where more than this share of the rationales could not be judged, or none could."""
    counts = [Counter(verdict["label"] for verdict in verdicts) for verdicts in batch["verdicts"]]
    details = [_too_few(count, max_unjudged) for count in counts]
    tiers = [None if detail else tier(count, easy, medium) for count, detail in zip(counts, details, strict=True)]
    rates = [pass_rates(*pair) for pair in zip(batch["candidates"], batch["verdicts"], strict=True)]
    return {"tier": tiers, "pass_rate": rates} | rejects("unjudged", details)


def pass_rates(candidates: Sequence[Mapping[str, Any]], verdicts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Per model, in the order of its first candidate: its right candidates, its judged ones, and right / judged."""
    counts: dict[str, Counter[str]] = {}
    for candidate, verdict in zip(candidates, verdicts, strict=True):
        counts.setdefault(candidate["model"], Counter())[verdict["label"]] += 1
    return [
        {
            "model": model,
            "right": count["right"],
            "judged": judged,
            "rate": count["right"] / judged if judged else None,
        }
        for model, count in counts.items()
        for judged in [count["right"] + count["wrong"]]
    ]


def tier(count: Counter[str], easy: Fraction, medium: Fraction) -> str:
    """The tier of a question with these verdicts, by the share of wrong ones among the judged; unjudged ones are not counted."""
    wrong = Fraction(count["wrong"], count["right"] + count["wrong"])
    return "easy" if wrong <= easy else "medium" if wrong <= medium else "difficult"


def _too_few(count: Counter[str], max_share: Fraction) -> str | None:
    judged, total = count["right"] + count["wrong"], count.total()
    if judged == 0 or total - judged > max_share * total:
        return f"{total - judged} of {total} rationales could not be judged, more than {max_share}"
    return None
