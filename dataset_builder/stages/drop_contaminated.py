"""Reject questions that an evaluation split asks too: a score on questions of the training data means nothing."""

from typing import TYPE_CHECKING

from dataset_builder.stage import Batch, rejects, stage

if TYPE_CHECKING:
    from dataset_builder.contamination.ledger import Ledger


@stage(needs="id")
def drop_contaminated(batch: Batch, benchmarks: "Ledger") -> dict[str, list]:
    """Rejects: contaminated. ``benchmarks``: the ledger of this build; all questions are compared in one pool, before any stage."""
    return rejects("contaminated", [_detail(benchmarks, id_) for id_ in batch["id"]])


def _detail(benchmarks: "Ledger", id_: str) -> str | None:
    found = benchmarks.of(id_)
    if not found:
        return None
    nearest, more = found[0], len(found) - 1
    others = f", and {more} more" if more else ""
    return f"{nearest.benchmark} asks the same: {nearest.benchmark_id} ({nearest.rule} {nearest.score:g}){others}"
