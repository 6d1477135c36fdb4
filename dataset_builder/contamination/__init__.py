"""Questions that ask the same: training questions against evaluation splits, and the ledger of a build."""
