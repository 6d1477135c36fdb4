"""Read what a text claims, and check it against the knowledge graph, without a language model: ``read_claims(text, kg)``."""

from dataset_builder.claim_check.check import VERDICTS, Claim, Written, check_texts, read_claims

__all__ = ["VERDICTS", "Claim", "Written", "check_texts", "read_claims"]
