"""What raters think of the texts of each folder: means of the scales, differences of two folders by question, preferences."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from dataset_builder.agreement.intervals import LEVEL, Estimate, mean
from dataset_builder.agreement.ratings import asked_of, judgements
from dataset_builder.agreement.reviews import Review
from dataset_builder.configs import SCALES


def scales_of(reviews: Sequence[Review]) -> dict[str, dict[str, Estimate]]:
    """Each scale's mean by folder, and the difference B - A where there are two.

    The mean is over questions, each with the mean of all that was said of its texts; the difference by question is that within a rater who judged
    both folders' texts, averaged over these raters. So a strict rater counts in both folders or in neither.
    """
    return {name: _scale(reviews, name) for name in SCALES}


def _scale(reviews: Sequence[Review], name: str) -> dict[str, Estimate]:
    given: dict[str, dict[str, dict[str, list[int]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for one in reviews:
        if not one.cannot_judge and (score := one.scores[name]) is not None:
            given[one.place][one.question][one.rater].append(score)
    places = sorted({one.place for one in reviews})
    found = {
        place: mean([float(np.mean([x for own in said.values() for x in own])) for said in given[place].values()])
        for place in places
    }
    if len(places) == 2:
        differences = []
        for question, in_a in given["A"].items():
            in_b = given["B"].get(question, {})
            if both := in_a.keys() & in_b.keys():
                differences.append(float(np.mean([np.mean(in_b[r]) - np.mean(in_a[r]) for r in sorted(both)])))
        found["B - A"] = mean(differences)
    return found


def preference_of(reviews: Sequence[Review]) -> dict[str, Any]:
    """How many questions' raters prefer which folder, by majority, and the exact sign test on these questions.

    A question has one vote, that of most of its raters who prefer one side; raters of one question see the same texts, so to count each rater would
    take 60 questions for 180. As many for one side as for the other, and no preference, are counted and not tested.
    """
    from scipy.stats import (
        binomtest,  # here: it takes 0.3 s to import, and every build imports this module with its card
    )

    one, other, _ = next(asked.categories for asked in asked_of(reviews) if asked.name == "preferred")
    votes: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    for _, question, _, value in judgements(reviews, "preferred"):
        votes[question][value] += 1
    signs = [np.sign(said[one] - said[other]) for said in votes.values()]
    first, second, undecided = (sum(bool(sign == s) for sign in signs) for s in (1, -1, 0))
    found = {"questions": len(votes), str(one): first, str(other): second, "undecided": undecided}
    if not first + second:
        return found | {"why": "no question has a preference"}
    test = binomtest(first, first + second)
    bounds = test.proportion_ci(LEVEL, method="exact")
    wins = Estimate(first / (first + second), float(bounds.low), float(bounds.high), first + second)
    return found | {"share": wins, "p": float(test.pvalue)}
