"""Find the mentions of graph entities in question and gold text by dictionary, without a language model."""

from typing import TYPE_CHECKING

from dataset_builder.stage import Batch, rejects, stage

if TYPE_CHECKING:
    from kg import KG


@stage(needs="question gold_text", adds="mentions")
def find_mentions(batch: Batch, kg: "KG") -> dict[str, list]:
    """Rejects: no_mentions, where the question or the answer names no entity (a negated one does not count)."""
    mentions = [
        _mentions(kg, "question", question) + _mentions(kg, "answer", gold)
        for question, gold in zip(batch["question"], batch["gold_text"], strict=True)
    ]
    missing = [[place for place in ("question", "answer") if not _named(found, place)] for found in mentions]
    details = [f"no entity named in the {' and in the '.join(places)}" if places else None for places in missing]
    return {"mentions": mentions} | rejects("no_mentions", details)


def _mentions(kg: "KG", place: str, text: str) -> list[dict]:
    return [
        {"place": place, "start": m.start, "end": m.end, "text": m.text, "type": m.type, "negated": m.negated}
        for m in kg.find_mentions(text)
    ]


def _named(mentions: list[dict], place: str) -> bool:
    return any(m["place"] == place and not m["negated"] for m in mentions)
