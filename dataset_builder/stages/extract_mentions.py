"""Ask a model which entities question and gold text name (MedReason, entity extraction).

The words of each mention are searched in the texts, so that offsets are verified and not taken from the model. A type that the
graph does not have is kept; such a mention is linked across all types.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, Rejected, ask_json
from dataset_builder.prompt import Prompt
from dataset_builder.stage import Batch, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM
    from kg import KG

PROMPT = Prompt("extract_mentions", "question", "answer")


class Named(BaseModel):
    """One entity as the model names it."""

    model_config = ConfigDict(extra="forbid")
    place: Literal["question", "answer"]
    text: str
    type: str
    negated: bool


class Mentions(BaseModel):
    """The reply's form."""

    model_config = ConfigDict(extra="forbid")
    mentions: list[Named]


def by_dictionary(batch: Batch, llm: "LLM", kg: "KG") -> dict[str, list[Any]]:
    """For an estimate: the dictionary's mentions. A row without enough of them gets those of the last complete row."""
    found, usual = [], None
    for row in rows_of(batch):
        mentions = [
            {"place": place, "start": m.start, "end": m.end, "text": m.text, "type": m.type, "negated": m.negated}
            for place, text in (("question", row["question"]), ("answer", row["gold_text"]))
            for m in kg.find_mentions(text)
        ]
        if not without_mention(mentions):
            usual = mentions
        found.append(usual or mentions)
    return {"mentions": found}


@stage(needs="question gold_text", adds="mentions", asks="llm", guess=by_dictionary)
def extract_mentions(batch: Batch, llm: "LLM", kg: "KG") -> list[Conversation]:
    """Rejects: no_mentions, where the question or the answer names no entity (a negated one does not count).

    ``kg`` is used by the estimate only.
    """
    return [_extract(row, llm) for row in rows_of(batch)]


def _extract(row: dict[str, Any], llm: "LLM") -> Conversation:
    texts = {"question": row["question"], "answer": row["gold_text"]}
    reply = yield from ask_json(llm.request(PROMPT.render(**texts), schema=Mentions))
    mentions = mentions_in(reply.mentions, texts)
    if missing := without_mention(mentions):
        raise Rejected("no_mentions", f"no entity named in the {' and in the '.join(missing)}")
    return {"mentions": mentions}


def without_mention(mentions: list[dict[str, Any]]) -> list[str]:
    """The places (question, answer) without a mention that is not negated."""
    named = {m["place"] for m in mentions if not m["negated"]}
    return [place for place in ("question", "answer") if place not in named]


def mentions_in(named: list[Named], texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """The mentions in the order of the texts, each once. Words that occur in neither text are kept without offsets."""
    found = {}
    for entity in named:
        if re.search(r"\w", entity.text):
            mention = _located(entity, texts)
            found.setdefault((mention["place"], mention["start"], mention["text"].casefold()), mention)
    return sorted(found.values(), key=lambda m: (m["place"] == "answer", m["start"] is None, m["start"] or 0))


def _located(entity: Named, texts: Mapping[str, str]) -> dict[str, Any]:
    """The mention with the offsets of its words: in the place that the model gives, else in the other one, else null."""
    words = r"\s+".join(map(re.escape, entity.text.split()))
    whole = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
    about = {"type": entity.type.strip(), "negated": entity.negated}
    for place in sorted(texts, key=lambda place: place != entity.place):
        if match := whole.search(texts[place]):
            return {"place": place, "start": match.start(), "end": match.end(), "text": match.group()} | about
    return {"place": entity.place, "start": None, "end": None, "text": " ".join(entity.text.split())} | about
