"""`dataset_builder.answer_extraction` under its earlier name, which others import."""

from dataset_builder.answer_extraction import Extraction, extract

__all__ = ["Extraction", "extract"]
