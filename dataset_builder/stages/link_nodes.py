"""Link mentions to nodes of the graph: by exact and similar names and, where these do not decide, by asking a model.

Without a model only accepted candidates are linked. A model (MedReason, entity linking) chooses one of the numbered candidates
or none. It answers with a number, so it cannot invent a node.
"""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, Part, Rejected, ask_json, together
from dataset_builder.prompt import Prompt
from dataset_builder.row import counts
from dataset_builder.stage import Batch, rejects, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM
    from kg import KG, Candidate

Mention = dict[str, Any]
LONGEST_REASON = 300  # characters
PROMPT = Prompt("link_nodes", "question", "mention", "type", "candidates")


class Choice(BaseModel):
    """The reply's form: the number of a candidate, null for none of them."""

    model_config = ConfigDict(extra="forbid")
    reason: str
    number: int | None


def by_name(batch: Batch, kg: "KG", llm: "LLM", max_candidates: int, min_score: float) -> dict[str, list[Any]]:
    """For an estimate: the nodes that are accepted without asking the model."""
    return link_nodes(batch, kg=kg)


@stage(needs="question mentions", adds="nodes", asks="llm", guess=by_name)
def link_nodes(
    batch: Batch, kg: "KG", llm: "LLM | None" = None, max_candidates: int = 1, min_score: float = 0.0
) -> Any:
    """Rejects: no_nodes, where no mention of the question, or none of the answer, stands for a node.

    ``llm`` is asked about mentions without an accepted candidate. It is shown the best ``max_candidates`` candidates with a score
    of at least ``min_score``.
    """
    linked = _candidates(kg, batch["mentions"], max_candidates, min_score, any_type=llm is not None)
    if llm is not None:
        return [_choose(row, found, llm) for row, found in zip(rows_of(batch), linked, strict=True)]
    nodes = [_accepted(found) for found in linked]
    details = [_missing(*pair) for pair in zip(batch["mentions"], nodes, strict=True)]
    return {"nodes": nodes} | rejects("no_nodes", details)


def _candidates(
    kg: "KG", rows: list[list[Mention]], max_candidates: int, min_score: float, *, any_type: bool
) -> "list[list[Sequence[Candidate]]]":
    """The candidates of every mention of every row, from one lookup; up to ``max_candidates`` where none is accepted.

    ``any_type``: for a type that the graph does not have, nodes of all types are candidates.
    """
    mentions = [mention for row in rows for mention in row]
    known, texts = kg.types, [m.get("means") or m["text"] for m in mentions]
    types = [None if any_type and m["type"] not in known else m["type"] for m in mentions]
    found = kg.link(texts, types, similar=1)
    unsure = [i for i, candidates in enumerate(found) if not any(c.accepted for c in candidates)]
    if max_candidates > 1 and unsure:
        more = kg.link([texts[i] for i in unsure], [types[i] for i in unsure], similar=max_candidates)
        for i, candidates in zip(unsure, more, strict=True):
            found[i] = [c for c in candidates[:max_candidates] if c.score >= min_score]
    in_order = iter(found)
    return [list(itertools.islice(in_order, len(row))) for row in rows]


def _accepted(linked: "Sequence[Sequence[Candidate]]") -> list[dict[str, Any]]:
    """Every accepted node of every mention; two nodes with the same name are both kept."""
    return [_node(i, c, c.method) for i, candidates in enumerate(linked) for c in candidates if c.accepted]


def _node(mention: int, candidate: "Candidate", method: str) -> dict[str, Any]:
    c = candidate
    return {"mention": mention, "node": c.node, "name": c.name, "type": c.type, "method": method, "score": c.score}


def _missing(mentions: list[Mention], nodes: list[dict[str, Any]]) -> str | None:
    """The places (question, answer) without a node, in words, or None; a mention that is negated or of a relative does not count."""
    sides = {mentions[n["mention"]]["place"] for n in nodes if counts(mentions[n["mention"]])}
    places = sorted({"question", "answer"} - sides)
    return f"no node for any mention in the {' and in the '.join(places)}" if places else None


def _choose(row: dict[str, Any], linked: "Sequence[Sequence[Candidate]]", llm: "LLM") -> Conversation:
    """Ask once per text and type that has no accepted candidate, all at the same time. Mentions that do not count are not asked about."""
    mentions: list[Mention] = row["mentions"]
    unsure = {}
    for i, candidates in enumerate(linked):
        if candidates and counts(mentions[i]) and not any(c.accepted for c in candidates):
            unsure.setdefault((mentions[i]["text"].casefold(), mentions[i]["type"]), i)
    parts = [_ask(row["question"], mentions[i], linked[i], llm) for i in unsure.values()]
    chosen = dict(zip(unsure, (yield from together(parts)), strict=True))
    nodes = _accepted(linked)
    for i, mention in enumerate(mentions):
        if candidate := chosen.get((mention["text"].casefold(), mention["type"])):
            nodes.append(_node(i, candidate, "chosen"))
    nodes.sort(key=lambda node: node["mention"])
    if detail := _missing(mentions, nodes):
        raise Rejected("no_nodes", detail)
    return {"nodes": nodes}


def _ask(question: str, mention: Mention, candidates: "Sequence[Candidate]", llm: "LLM") -> "Part[Candidate | None]":
    prompt = PROMPT.render(question=question, mention=mention["text"], type=mention["type"], candidates=candidates)
    bounds = {"reason": LONGEST_REASON, "number": range(1, len(candidates) + 1)}
    request = llm.request(prompt, schema=Choice, bounds=bounds)
    choice = yield from ask_json(request, check=lambda c: _out_of_range(c, len(candidates)))
    return None if choice.number is None else candidates[choice.number - 1]


def _out_of_range(choice: Choice, last: int) -> str | None:
    if choice.number is None or 1 <= choice.number <= last:
        return None
    return f"number {choice.number} is none of the entries 1 to {last}; write null for none"
