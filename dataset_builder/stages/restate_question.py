"""Restate question and answer, and assign the nodes to one of the two (MedReason, question and answer restated).

The result are the *question nodes* and *answer nodes* between which paths are searched. The model names nodes by number.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, Rejected, ask_json
from dataset_builder.prompt import QUESTION, Prompt, question_of
from dataset_builder.row import counts
from dataset_builder.stage import Batch, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM

LONGEST = 1000  # characters of each text
PROMPT = Prompt("restate_question", *QUESTION, "answer", "nodes")


class Side(BaseModel):
    """A text, and the numbers of the nodes that belong to it."""

    model_config = ConfigDict(extra="forbid")
    text: str
    numbers: list[int]


class Restatement(BaseModel):
    """The reply's form."""

    model_config = ConfigDict(extra="forbid")
    question: Side
    answer: Side


def by_place(batch: Batch, llm: "LLM") -> dict[str, list[Any]]:
    """For an estimate: the texts unchanged, and the nodes by the place of their mentions."""
    restated = []
    for row in rows_of(batch):
        sides: dict[str, list[int]] = {"question": [], "answer": []}
        for node in named_nodes(row["mentions"], row["nodes"]):
            sides[row["mentions"][node["mention"]]["place"]].append(node["node"])
        texts = {"question": row["question"], "answer": row["gold_text"]}
        restated.append(texts | {f"{name}_nodes": nodes for name, nodes in sides.items()})
    return {"restated": restated}


@stage(
    needs="question context options answer_type gold_text mentions nodes", adds="restated", asks="llm", guess=by_place
)
def restate_question(batch: Batch, llm: "LLM") -> list[Conversation]:
    """Rejects: no_path, where question and answer name one and the same node."""
    return [_restate(row, llm) for row in rows_of(batch)]


def _restate(row: dict[str, Any], llm: "LLM") -> Conversation:
    nodes = named_nodes(row["mentions"], row["nodes"])
    if len(nodes) == 1:
        raise Rejected("no_path", f"question and answer name one node only: {nodes[0]['name']}")
    prompt = PROMPT.render(**question_of(row), answer=row["gold_text"], nodes=nodes)
    bounds = {"text": LONGEST, "numbers": range(1, len(nodes) + 1)}
    request = llm.request(prompt, schema=Restatement, bounds=bounds)
    told = yield from ask_json(request, check=lambda reply: fault(reply, len(nodes)))
    sides = {
        f"{name}_nodes": [nodes[number - 1]["node"] for number in side.numbers]
        for name, side in (("question", told.question), ("answer", told.answer))
    }
    return {"restated": {"question": told.question.text.strip(), "answer": told.answer.text.strip()} | sides}


def named_nodes(mentions: list[dict[str, Any]], nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The linked nodes, each once, without those of mentions that are negated or of a relative."""
    found: dict[int, dict[str, Any]] = {}
    for node in nodes:
        if counts(mentions[node["mention"]]):
            found.setdefault(node["node"], node)
    return list(found.values())


def fault(reply: Restatement, last: int) -> str | None:
    """What is wrong with the lists, in words for the model, or None: each of 1 … last must be in exactly one, neither empty."""
    for name, side in (("question", reply.question), ("answer", reply.answer)):
        if not side.text.strip():
            return f'the text of "{name}" is empty'
        if not side.numbers:
            return f'no entity was given to "{name}"; each of the two needs at least one'
    count = Counter(reply.question.numbers + reply.answer.numbers)
    if strange := sorted(set(count) - set(range(1, last + 1))):
        return f"there is no entity {strange[0]}; the list goes from 1 to {last}"
    if twice := [number for number in sorted(count) if count[number] > 1]:
        return f"entity {twice[0]} stands in both lists, or twice in one; it must stand in exactly one"
    missing = [number for number in range(1, last + 1) if number not in count]
    return f"entity {missing[0]} stands in neither list; every entity must stand in one" if missing else None
