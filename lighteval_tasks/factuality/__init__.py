"""Factuality of a model's outputs: which of their claims a knowledge graph supports, contradicts or does not know (docs/factuality.md)."""
