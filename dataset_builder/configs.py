"""The configs of a dataset folder beside the one with the questions: what a row of each is, and its columns (types as in row.py)."""

from collections.abc import Mapping
from dataclasses import dataclass

from dataset_builder.row import BYTES, COLUMNS, FLAG, INT, SCORE, TEXT, Column


@dataclass(frozen=True)
class Config:
    """A config beside the one with the questions: what one of its rows is, and its columns."""

    meaning: str
    columns: Mapping[str, Column]


CONFIGS: dict[str, Config] = {
    "contamination": Config(
        "a question of a source that an evaluation split asks too",
        {
            "source": Column(TEXT, "the source of the question"),
            "id": Column(TEXT, "its id"),
            "benchmark": Column(TEXT, "the source whose evaluation split asks the same"),
            "benchmark_id": Column(TEXT, "the id of the question there"),
            "rule": Column(TEXT, "exact, stem, grams, words, answer or meaning: the first that holds"),
            "score": Column(SCORE, "1 for equal ones; else the share of rare runs, or the likeness of the words"),
        },
    ),
    "positions": Config(
        "a row of this part of a build, and where it belongs in the whole; no finished dataset has it",
        {
            "id": Column(TEXT, "id of the row"),
            "position": Column(INT, "its position among all questions of the whole, counted from 0"),
            "published": Column(FLAG, "whether it is in the split `train`; else in `rejected`"),
        },
    ),
    "evidence": Config(
        "a question in which mentions were found: also those that were rejected later, and every candidate path; pushed with "
        "`--with-intermediates`",
        COLUMNS,
    ),
    "answers": Config(
        "a model's answer that this build has used, or paid for in vain: `python -m dataset_builder store import` reads the file, "
        "and `build --replay-only` then asks nothing; pushed with `--with-answers`",
        {
            "status": Column(TEXT, "`good`; `bad`: paid, and unusable; `failed`, `final`: none came"),
            "reason": Column(TEXT, "why it is bad, or none came"),
            "detail": Column(TEXT, "the same in words"),
            "response": Column(TEXT, "the endpoint's answer as it came"),
            "model": Column(TEXT, "the model that was asked"),
            "stage": Column(TEXT, "the stage that asked"),
            "prompt_tokens": Column(INT, "tokens sent"),
            "completion_tokens": Column(INT, "tokens received"),
            "usd": Column(SCORE, "dollars; null where no price is known"),
            "seconds": Column(SCORE, "from request to answer"),
            "at": Column(SCORE, "when, in seconds since 1970"),
            "key": Column(BYTES, "hash of the whole request"),
            "checksum": Column(BYTES, "over status, reason, detail and response"),
        },
    ),
}
