"""Assign every question a tier by the share of its wrong rationales (ReasonMed, routing by difficulty).

With the paper's nine samples: easy up to four wrong, medium up to seven, difficult above. Shares work for any number of samples.
"""

from collections import Counter
from fractions import Fraction

from dataset_builder.stage import Batch, rejects, stage

TIERS = ("easy", "medium", "difficult")


@stage(needs="verdicts", adds="tier")
def route(batch: Batch, easy: Fraction, medium: Fraction, max_unjudged: Fraction) -> dict[str, list]:
    """Rejects: unjudged, where more than this share of the rationales could not be judged, or none could."""
    counts = [Counter(verdict["label"] for verdict in verdicts) for verdicts in batch["verdicts"]]
    details = [_too_few(count, max_unjudged) for count in counts]
    tiers = [None if detail else tier(count, easy, medium) for count, detail in zip(counts, details, strict=True)]
    return {"tier": tiers} | rejects("unjudged", details)


def tier(count: Counter[str], easy: Fraction, medium: Fraction) -> str:
    """The tier of a question with these verdicts, by the share of wrong ones among the judged; unjudged ones are not counted."""
    wrong = Fraction(count["wrong"], count["right"] + count["wrong"])
    return "easy" if wrong <= easy else "medium" if wrong <= medium else "difficult"


def _too_few(count: Counter[str], max_share: Fraction) -> str | None:
    judged, total = count["right"] + count["wrong"], count.total()
    if judged == 0 or total - judged > max_share * total:
        return f"{total - judged} of {total} rationales could not be judged, more than {max_share}"
    return None
