"""Scores: lighteval tasks of every source with a test split, what a run answered, and the comparison of two runs."""
