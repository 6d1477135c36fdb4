"""Per tier: the questions and what happened to them, the cost of their answers, the scores of their rationales.

Calls are counted by the keys of every row's requests, which the runner notes while it runs the conversations: the usage of a stage is
that of all its rows, and before routing the tier of a question is not known.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.model import keys_in
from dataset_builder.llm.usage import Spend
from dataset_builder.publishing.streams.batches import tables
from dataset_builder.stages.route import TIERS

ANSWERS = 500  # that are read at once
NO_TIER = "none"  # rejected before or by `route`
Facts = dict[str, Any]


def has_tiers(columns: Sequence[str]) -> bool:
    """Whether rows with these columns were routed."""
    return "tier" in columns


def tiers_of(rows: Dataset, asked: Mapping[int, bytes], store: AnswerStore) -> dict[str, Facts]:
    """Per tier: questions, published, kept rationales, answers in use, tokens, dollars, dollars per rationale.

    ``asked``: the keys of every row's requests, by its number (`Runner.asked`). A request that several rows make counts once per tier.
    """
    tiers: dict[str, Facts] = {tier: {"questions": 0, "published": 0, "rationales": 0} for tier in (*TIERS, NO_TIER)}
    keys: dict[str, dict[bytes, None]] = {tier: {} for tier in tiers}
    counted = tables(rows.select_columns(["tier", "rejected_because", "responses"]))
    for number, row in enumerate(row for table in counted for row in table.to_pylist()):
        tier, published = row["tier"] or NO_TIER, row["rejected_because"] is None
        tiers[tier]["questions"] += 1
        tiers[tier]["published"] += published
        tiers[tier]["rationales"] += sum(map(bool, row["responses"])) if published else 0
        keys[tier] |= dict.fromkeys(keys_in(asked.get(number, b"")))
    for tier, of_tier in keys.items():
        answers, paid = _cost(list(of_tier), store)
        kept = tiers[tier]["rationales"]
        per_row = None if paid.usd is None or not kept else round(paid.usd / kept, 6)
        tiers[tier] |= {"answers": answers, **paid.as_dict(), "usd_per_rationale": per_row}
    return tiers


def _cost(keys: Sequence[bytes], store: AnswerStore) -> tuple[int, Spend]:
    """How many of these requests have an answer, and what all entries of them have cost."""
    answers, paid = 0, Spend()
    for start in range(0, len(keys), ANSWERS):
        for about in store.find(keys[start : start + ANSWERS]).values():
            paid.add(about.prompt_tokens, about.completion_tokens, about.usd if about.priced else None)
            answers += about.entry is not None
    return answers, paid


def scores_of(rows: Dataset) -> Facts:
    """Mean scores of published questions with 95 % intervals: of all, and of refined ones before and after refinement.

    A question counts once, with the mean of its rationales, since these are not independent.
    """
    means: dict[str, list[float]] = {"all": [], "refined, before": [], "refined, after": []}
    for table in tables(rows.select_columns(["scores", "rejected_because"])):
        for scores, why in zip(table["scores"].to_pylist(), table["rejected_because"].to_pylist(), strict=True):
            scored = [score for score in scores if score] if why is None else []
            refined = [score for score in scored if score["before"] is not None]
            if scored:
                means["all"].append(statistics.fmean(score["score"] for score in scored))
            if refined:
                means["refined, before"].append(statistics.fmean(score["before"] for score in refined))
                means["refined, after"].append(statistics.fmean(score["score"] for score in refined))
    return {name: interval(values) for name, values in means.items()}


def interval(values: Sequence[float]) -> Facts:
    """Mean, and the bounds of its 95 % interval (normal); None where there are too few values."""
    if not values:
        return {"questions": 0, "mean": None, "low": None, "high": None}
    mean = statistics.fmean(values)
    half = 1.96 * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    bounds = (None, None) if half is None else (round(mean - half, 3), round(mean + half, 3))
    return {"questions": len(values), "mean": round(mean, 3), "low": bounds[0], "high": bounds[1]}
