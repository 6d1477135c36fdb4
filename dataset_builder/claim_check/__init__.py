"""Check the claims of a text against the knowledge graph by rule, without a model: ``check_text(kg, text, hops)``."""

from dataset_builder.claim_check.check import VERDICTS, check_text

__all__ = ["VERDICTS", "check_text"]
