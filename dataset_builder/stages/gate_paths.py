"""Publish a row only if a path is probably relevant to why its answer is right."""

from typing import Any

from dataset_builder.stage import Batch, rejects, stage


@stage(needs="paths")
def gate_paths(batch: Batch, min_relevance: float) -> dict[str, list[Any]]:
    """Rejects: no_relevant_path, where no path is as relevant as `MIN_RELEVANCE` asks for (0: nothing is rejected)."""
    best = [max(path["relevance"] for path in paths) for paths in batch["paths"]]
    details = [
        f"the most relevant path has {one:.2f}, less than {min_relevance:g}" if one < min_relevance else None
        for one in best
    ]
    return rejects("no_relevant_path", details)
