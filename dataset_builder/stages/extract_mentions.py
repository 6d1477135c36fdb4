"""Ask a model which entities question and gold text name (MedReason, entity extraction).

The words of each mention are searched in the texts, so that offsets are verified and not taken from the model. Words that stand in
neither text are no mention: a small model copies those of the prompt's example. A type that the graph does not have is kept; such a
mention is linked across all types.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, ask_json
from dataset_builder.prompt import Prompt
from dataset_builder.row import counts, mention_of
from dataset_builder.stage import DETAIL, REJECTED, Batch, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM
    from kg import KG

PROMPT = Prompt("extract_mentions", "question", "answer")
# the most mentions that a reply may have: one in so many words of the texts (real questions have one in ten), but at least so many
WORDS_PER_MENTION, FEWEST = 6, 8
LONGEST, LONGEST_TYPE = 80, 40  # characters


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
            mention_of(place, found)
            for place, text in (("question", row["question"]), ("answer", row["gold_text"]))
            for found in kg.find_mentions(text)
        ]
        if not without_mention(mentions):
            usual = mentions
        found.append(usual or mentions)
    return {"mentions": found}


@stage(needs="question gold_text", adds="mentions unfound_mentions", asks="llm", guess=by_dictionary)
def extract_mentions(batch: Batch, llm: "LLM", kg: "KG") -> list[Conversation]:
    """Rejects: no_mentions, where the question or the answer names no entity (a negated one does not count).

    ``kg`` is used by the estimate only.
    """
    return [_extract(row, llm) for row in rows_of(batch)]


def _extract(row: dict[str, Any], llm: "LLM") -> Conversation:
    texts = {"question": row["question"], "answer": row["gold_text"]}
    most = max(FEWEST, sum(len(text.split()) for text in texts.values()) // WORDS_PER_MENTION)
    bounds = {"mentions": most, "text": LONGEST, "type": LONGEST_TYPE}
    reply = yield from ask_json(llm.request(PROMPT.render(**texts), schema=Mentions, bounds=bounds))
    mentions, unfound = mentions_in(reply.mentions, texts)
    columns = {"mentions": mentions, "unfound_mentions": unfound or None}
    if missing := without_mention(mentions):
        dropped = f"; {len(unfound)} entities stand in neither, such as {unfound[0]!r}" if unfound else ""
        why = f"no entity named in the {' and in the '.join(missing)}{dropped}"
        return columns | {REJECTED: "no_mentions", DETAIL: why}
    return columns


def without_mention(mentions: list[dict[str, Any]]) -> list[str]:
    """The places (question, answer) without a mention that is not negated."""
    named = {m["place"] for m in mentions if counts(m)}
    return [place for place in ("question", "answer") if place not in named]


def mentions_in(named: list[Named], texts: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The mentions in the order of the texts, each once; and the words that stand in neither text, each once."""
    found, unfound = {}, {}
    for entity in named:
        words = " ".join(entity.text.split())
        if not re.search(r"\w", words):
            continue
        if (mention := _located(entity, texts)) is None:
            unfound.setdefault(words.casefold(), words)
        else:
            found.setdefault((mention["place"], mention["start"], mention["text"].casefold()), mention)
    return sorted(found.values(), key=lambda m: (m["place"] == "answer", m["start"])), list(unfound.values())


def _located(entity: Named, texts: Mapping[str, str]) -> dict[str, Any] | None:
    """The mention with the offsets of its words: in the place that the model gives, else in the other one; None where in neither."""
    words = r"\s+".join(map(re.escape, entity.text.split()))
    whole = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
    about = {"type": entity.type.strip(), "negated": entity.negated, "family": False, "means": None}
    for place in sorted(texts, key=lambda place: place != entity.place):
        if match := whole.search(texts[place]):
            return {"place": place, "start": match.start(), "end": match.end(), "text": match.group()} | about
    return None
