"""All that is computed from the reviews of one folder or two, and the part of it that card and report show."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataset_builder.agreement.experts import Key, Machine, compared
from dataset_builder.agreement.intervals import Estimate
from dataset_builder.agreement.raters import agreement_of, study_of
from dataset_builder.agreement.reviews import Review
from dataset_builder.agreement.sides import preference_of, scales_of
from dataset_builder.agreement.text import COEFFICIENTS, TITLES, number, preference_lines, why_lines


def result_of(reviews: Sequence[Review], machines: Mapping[Key, Machine], threshold: float) -> dict[str, Any]:
    """The raters, their agreement, what they think of each folder's texts, and how far the dataset agrees with them.

    ``threshold``: the least relevance of a path that counts as relevant. Raises UnusableReviews where reviews contradict each other.
    """
    return {
        "study": study_of(reviews),
        "agreement": agreement_of(reviews),
        "scales": scales_of(reviews),
        "preference": preference_of(reviews),
        "experts": compared(reviews, machines, threshold),
    }


def shown(result: Mapping[str, Any], place: str = "A") -> dict[str, Any]:
    """What card and report show of one folder's result: texts and counts, nothing to be computed from."""
    asked = {name: one for name, one in result["agreement"].items() if one["items"]}
    means = {name: by_place[place] for name, by_place in result["scales"].items()}
    experts = [
        (_title(what, part), label, _percent(value), value.of)
        for what, part in result["experts"].get(place, {}).items()
        for label, value in part.items()
        if isinstance(value, Estimate)
    ]
    return {
        "raters": len(result["study"]["raters"]),
        "texts": result["study"]["texts"],
        "questions": result["study"]["questions"],
        "asked": [
            (name, one["raters"], one["items"], *(number(one[c]) for c in COEFFICIENTS)) for name, one in asked.items()
        ],
        "agreement_notes": list(why_lines(result["agreement"])),
        "means": [(name, number(one), one.of) for name, one in means.items()],
        "means_notes": [f"{name}: {one.why}" for name, one in means.items() if one.why],
        "preference": list(preference_lines(result["preference"])) if result["preference"]["questions"] else [],
        "experts": experts,
    }


def _title(what: str, part: Mapping[str, Any]) -> str:
    return TITLES[what] + (f", from {part['threshold']:g}" if "threshold" in part else "")


def _percent(estimate: Estimate) -> str:
    return str(estimate.why) if estimate.value is None else f"{number(estimate, 100)} %"
