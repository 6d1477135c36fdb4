"""A model of raters with known coefficients: every item has a true category, every rater a chance of each category given the true one."""

from dataclasses import dataclass

import numpy as np

from dataset_builder.agreement.coefficients import Ratings, gwet_weights


@dataclass(frozen=True)
class RaterModel:
    """``true``: chances of the true categories, of shape (k,). ``says``: of each rater the chance of a category given the true one, (raters, k, k)."""

    true: np.ndarray
    says: np.ndarray
    ordinal: bool = False

    def coefficients(self) -> dict[str, float]:
        """The population values of these raters, to which the coefficients of studies tend as items become many. Exact."""
        k, raters = len(self.true), len(self.says)
        pairs = [(one, other) for one in range(raters) for other in range(raters) if one != other]
        joint = {(i, j): np.einsum("t,tk,tl->kl", self.true, self.says[i], self.says[j]) for i, j in pairs}
        seen = np.mean(list(joint.values()), axis=0)
        given = seen.sum(axis=0)
        ranks, below = np.arange(k), np.cumsum(given) - given / 2
        far = (below[:, None] - below) ** 2 if self.ordinal else 1 - np.eye(k)
        squares = (ranks[:, None] - ranks) ** 2 if self.ordinal else 1 - np.eye(k)
        weights = gwet_weights(k, self.ordinal)
        chance = weights.sum() / (k * (k - 1)) * (given * (1 - given)).sum()
        kappas = [
            1 - (joint[i, j] * squares).sum() / (np.outer(joint[i, j].sum(1), joint[i, j].sum(0)) * squares).sum()
            for i, j in pairs
        ]
        return {
            "alpha": 1 - float((seen * far).sum() / (np.outer(given, given) * far).sum()),
            "ac": float(((seen * weights).sum() - chance) / (1 - chance)),
            "kappa": float(np.mean(kappas)),
        }

    def study(self, items: int, rng: np.random.Generator, per_question: int = 1) -> Ratings:
        """A study of so many items by all raters; ``per_question`` items of a question, half of which repeat the first one's true category."""
        true = rng.choice(len(self.true), items, p=self.true)
        first = np.arange(items) // per_question * per_question
        true = np.where(rng.random(items) < 0.5, true[first], true)
        edges = np.cumsum(self.says, axis=2)[:, true, :-1]  # (raters, items, k - 1)
        codes = (rng.random((len(self.says), items, 1)) > edges).sum(axis=2).T
        return Ratings(codes, np.arange(items) // per_question, len(self.true), self.ordinal)


def nominal(true: list[float], right: list[float]) -> RaterModel:
    """Raters who say the true category with these chances, and else any other one alike."""
    k = len(true)
    says = [np.full((k, k), (1 - share) / (k - 1)) + np.eye(k) * (share - (1 - share) / (k - 1)) for share in right]
    return RaterModel(np.array(true), np.array(says))


def ordinal(true: list[float], spreads: list[float]) -> RaterModel:
    """Raters who say a category with a chance that falls with its distance from the true one, as in a normal distribution."""
    ranks = np.arange(len(true))
    chances = [np.exp(-((ranks[:, None] - ranks) ** 2) / (2 * spread**2)) for spread in spreads]
    return RaterModel(np.array(true), np.array([c / c.sum(axis=1, keepdims=True) for c in chances]), ordinal=True)


MODELS = {
    "labels, mostly correct": nominal([0.85, 0.06, 0.06, 0.03], [0.93, 0.9, 0.85]),
    "labels, mixed": nominal([0.6, 0.2, 0.15, 0.05], [0.85, 0.8, 0.75]),
    "labels, even": nominal([0.25, 0.25, 0.25, 0.25], [0.8, 0.75, 0.7]),
    "scale of 1 to 5": ordinal([0.03, 0.07, 0.2, 0.4, 0.3], [0.6, 0.8, 1.0]),
    "preference": nominal([0.3, 0.5, 0.2], [0.8, 0.7, 0.7]),
}


def majority_share(model: RaterModel) -> float:
    """The chance that most of the raters who prefer the first or second category prefer the first, of those items where they are not as many. Exact."""
    wins = np.zeros(2)
    for said in np.ndindex(*(len(model.true),) * len(model.says)):
        chance = sum(
            share * np.prod([rater[t, c] for rater, c in zip(model.says, said, strict=True)])
            for t, share in enumerate(model.true)
        )
        if said.count(0) != said.count(1):
            wins[int(said.count(0) < said.count(1))] += chance
    return float(wins[0] / wins.sum())
