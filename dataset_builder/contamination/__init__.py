"""Questions that ask the same: training questions against evaluation splits, and the ledger of a build."""

from dataset_builder.contamination.overlap import COSINES, RULES, Match, matches, overlaps

__all__ = ["COSINES", "RULES", "Match", "matches", "overlaps"]
