"""Per tier: the questions and what happened to them, the cost of their answers, the scores of their rationales.

Calls are counted by running the rows' conversations once more on the stored answers: the framework counts per stage, and
before routing the tier of a question is not known.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.replay import AnswerLookup, advance, start_conversations
from dataset_builder.publishing.streams.batches import tables
from dataset_builder.row import ADDED
from dataset_builder.stage import Stage
from dataset_builder.stages.route import TIERS

NO_TIER = "none"  # rejected before or by `route`
Facts = dict[str, Any]


def has_tiers(columns: Sequence[str]) -> bool:
    """Whether rows with these columns were routed."""
    return "tier" in columns


def tiers_of(rows: Dataset, stages: Sequence[Stage], store: AnswerStore) -> dict[str, Facts]:
    """Per tier: questions, published, kept rationales, answers in use, tokens, dollars, dollars per rationale."""
    tiers: dict[str, Facts] = {tier: {"questions": 0, "published": 0, "rationales": 0} for tier in (*TIERS, NO_TIER)}
    lookups = {tier: AnswerLookup(store) for tier in tiers}
    for table in tables(rows):
        batch = table.to_pydict()
        names = [tier or NO_TIER for tier in batch["tier"]]
        for number, tier in enumerate(names):
            published = batch["rejected_because"][number] is None
            tiers[tier]["questions"] += 1
            tiers[tier]["published"] += published
            tiers[tier]["rationales"] += sum(map(bool, batch["responses"][number])) if published else 0
        for stage in (stage for stage in stages if stage.asks_model):
            for tier, lookup in lookups.items():
                saw = [i for i, name in enumerate(names) if name == tier and _saw(stage, batch, i)]
                needed = {name: [batch[name][i] for i in saw] for name in stage.needs}
                advance(start_conversations(stage, {"rejected_because": [None] * len(saw), **needed}), lookup)
    for tier, lookup in lookups.items():
        paid, kept = lookup.usage.before, tiers[tier]["rationales"]
        per_row = None if paid.usd is None or not kept else round(paid.usd / kept, 6)
        tiers[tier] |= {"answers": lookup.usage.hits, **paid.as_dict(), "usd_per_rationale": per_row}
    return tiers


def _saw(stage: Stage, batch: Mapping[str, list[Any]], i: int) -> bool:
    """Whether a row reached this stage: it has the columns of earlier stages; for the first stage, the stage's own."""
    needs = [name for name in stage.needs if name in ADDED] or stage.adds
    return all(batch[name][i] is not None for name in needs)


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
