"""Find the mentions of graph entities in question and gold text by dictionary, without a language model."""

from typing import TYPE_CHECKING

from dataset_builder.row import counts, mention_of
from dataset_builder.stage import Batch, rejects, stage

if TYPE_CHECKING:
    from kg import KG


@stage(needs="question gold_text", optional="context", adds="mentions")
def find_mentions(batch: Batch, kg: "KG") -> dict[str, list]:
    """Rejects: no_mentions, where the question or the answer names no entity (one that is negated or of a relative does not count).

    Question, context and answer define each other's abbreviations.
    """
    contexts = batch.get("context") or [None] * len(batch["question"])
    rows = zip(batch["question"], batch["gold_text"], contexts, strict=True)
    mentions = [
        [mention_of("question", m) for m in kg.find_mentions(question, context=f"{context or ''}\n{gold}")]
        + [mention_of("answer", m) for m in kg.find_mentions(gold, context=f"{context or ''}\n{question}")]
        for question, gold, context in rows
    ]
    missing = [[place for place in ("question", "answer") if not _named(found, place)] for found in mentions]
    details = [f"no entity named in the {' and in the '.join(places)}" if places else None for places in missing]
    return {"mentions": mentions} | rejects("no_mentions", details)


def _named(mentions: list[dict], place: str) -> bool:
    return any(m["place"] == place and counts(m) for m in mentions)
