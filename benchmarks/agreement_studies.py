"""Simulated reviews with known truth: do intervals of agreement contain it, how wide are they, how long does it take?

python -m benchmarks.agreement_studies [coverage|widths|speed] [STUDIES]   (all three; 200 studies of each kind: some minutes)

Coverage: the population value of a coefficient is computed exactly from the model of the raters (tests/support/rater_model.py). Each kind of
study has 60 questions and 3 raters, unless it says otherwise.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from dataset_builder.agreement.coefficients import COEFFICIENTS
from dataset_builder.agreement.experts import Key, Machine, compared
from dataset_builder.agreement.intervals import bootstrap
from dataset_builder.agreement.raters import agreement_of
from dataset_builder.agreement.reviews import Review
from dataset_builder.agreement.sides import preference_of, scales_of
from tests.support.rater_model import MODELS, RaterModel, majority_share, nominal, ordinal
from tests.support.simulated_reviews import LABELS, SCALES, drawn

NAMES = {"alpha": "α", "ac": "AC1/AC2", "kappa": "κ"}
RIGHT, SPREAD = [0.93, 0.9, 0.85, 0.9, 0.88], [0.6, 0.8, 1.0, 0.7, 0.9]


def coverage(studies: int) -> None:
    """The share of 95 % intervals that contain the population value, and their mean width."""
    print(
        f"| {studies} studies of 60 questions, 3 raters | coefficient | truth | contain it | mean width |\n|---|---|---:|---:|---:|"
    )
    kinds = [(name, model, 60, 1) for name, model in MODELS.items()]
    kinds += [(f"{name}, 5 steps a question", MODELS[name], 300, 5) for name in list(MODELS)[:2]]
    kinds += [(f"{name}, 20 questions", MODELS[name], 20, 1) for name in list(MODELS)[:4]]
    for name, model, items, per_question in kinds:
        rng = np.random.default_rng(0)
        drawn_studies = [model.study(items, rng, per_question) for _ in range(studies)]
        for coefficient, truth in model.coefficients().items():
            found = [bootstrap(*COEFFICIENTS[coefficient](study), same="") for study in drawn_studies]
            bounds = [(one.low, one.high) for one in found if one.low is not None and one.high is not None]
            hits = sum(low <= truth <= high for low, high in bounds)
            width = np.mean([high - low for low, high in bounds])
            without = f" ({studies - len(bounds)} without interval)" if len(bounds) < studies else ""
            print(
                f"| {name} | {NAMES[coefficient]} | {truth:.3f} | {hits / len(bounds):.1%}{without} | {width:.2f} |",
                flush=True,
            )
    _preferences(studies)


def _preferences(studies: int) -> None:
    model, rng = MODELS["preference"], np.random.default_rng(0)
    truth, hits, widths = majority_share(model), 0, []
    for _ in range(studies):
        share = preference_of(_as_reviews(model.study(60, rng).codes))["share"]
        hits += share.low <= truth <= share.high
        widths.append(share.high - share.low)
    print(f"| preference, by majority | share | {truth:.3f} | {hits / studies:.1%} | {np.mean(widths):.2f} |")
    even, rejected = nominal([0.4, 0.4, 0.2], [0.8, 0.7, 0.7]), 0
    for _ in range(studies):
        rejected += preference_of(_as_reviews(even.study(60, rng).codes))["p"] < 0.05
    print(
        f"\nSign test where neither is preferred: p < 0.05 in {rejected / studies:.1%} of {studies} studies (at most 5 % expected)\n"
    )


def _as_reviews(codes: np.ndarray) -> list[Review]:
    return [
        Review(
            "A",
            f"r{rater}",
            None,
            None,
            f"q{item}",
            "t",
            (),
            dict.fromkeys(SCALES),
            ("this", "other", "none")[code],
            False,
        )
        for item, row in enumerate(codes.tolist())
        for rater, code in enumerate(row)
    ]


def widths(studies: int) -> None:
    """The median width of the intervals, by items (one a question) and raters."""
    kinds: dict[str, Callable[[int], RaterModel]] = {
        "labels, mostly correct": lambda raters: nominal([0.85, 0.06, 0.06, 0.03], RIGHT[:raters]),
        "scale of 1 to 5": lambda raters: ordinal([0.03, 0.07, 0.2, 0.4, 0.3], SPREAD[:raters]),
    }
    print(
        "| kind | raters | coefficient |"
        + "".join(f" {items} |" for items in ITEMS)
        + "\n|---|---:|---|"
        + "---:|" * len(ITEMS)
    )
    for kind, make in kinds.items():
        for raters in (2, 3, 5):
            for coefficient in ("alpha", "ac"):
                cells = [f"{_median_width(make(raters), coefficient, items, studies):.2f}" for items in ITEMS]
                print(f"| {kind} | {raters} | {NAMES[coefficient]} | {' | '.join(cells)} |", flush=True)
    print()


ITEMS = (20, 40, 60, 100, 200, 400)


def _median_width(model: RaterModel, coefficient: str, items: int, studies: int) -> float:
    rng = np.random.default_rng(1)
    found = [bootstrap(*COEFFICIENTS[coefficient](model.study(items, rng)), same="") for _ in range(studies)]
    return float(np.median([one.high - one.low for one in found if one.low is not None and one.high is not None]))


def speed() -> None:
    """The processor time of everything that is computed for 60 questions, five steps each, two folders, three raters."""
    rows = drawn({f"q{n}": 5 for n in range(60)}, 3, 0)
    reviews = [
        Review(place, row["rater"], row["specialty"], row["years"], row["id"], "t", tuple(s["label"] for s in row["steps"]), row, preferred, False)
        for place, preferred in (("A", "this"), ("B", "other"))
        for row in rows
    ]  # fmt: skip
    machines = {
        Key(place, f"q{n}"): Machine("s", "right", "judge", ("supported",) * 5, 0.8)
        for place in "AB"
        for n in range(60)
    }
    preference_of(reviews[:1])  # imports scipy.stats
    start = time.process_time()
    agreement_of(reviews), scales_of(reviews), preference_of(reviews), compared(reviews, machines, 0.75)
    print(
        f"60 questions × 2 folders × 3 raters, {len(LABELS)} labels: {time.process_time() - start:.2f} s of processor time"
    )


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    if what in ("all", "coverage"):
        coverage(count)
    if what in ("all", "widths"):
        widths(count)
    if what in ("all", "speed"):
        speed()
