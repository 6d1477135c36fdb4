"""Which option does a text commit to? ``extract(text, options)``, by rule and without a model."""

from dataset_builder.answer_extraction.extraction import Extraction, extract

__all__ = ["Extraction", "extract"]
