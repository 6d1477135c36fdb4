"""Scores: lighteval tasks for every source with a test split, the outcomes of a run, and the comparison of two runs."""
