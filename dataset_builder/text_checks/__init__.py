"""Checks of a rationale: its parts, its style, its final answer, by rule and by a judge."""
