"""Keep the paths of every pair that help to explain the answer (MedReason, path pruning).

A model chooses by number among the graph's paths, which are shown with their relations. So it cannot invent a path.
"""

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, Part, Rejected, ask_json, together
from dataset_builder.prompt import Prompt, path_line
from dataset_builder.stage import Batch, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM
    from kg import KG

Path = dict[str, Any]
LONGEST_REASON = 300  # characters
PROMPT = Prompt("prune_paths", "question", "answer", "keep", "paths")


class KeptPaths(BaseModel):
    """The reply's form: numbers of paths, the best first."""

    model_config = ConfigDict(extra="forbid")
    reason: str
    numbers: list[int]


def first_paths(batch: Batch, kg: "KG", llm: "LLM", keep: int) -> dict[str, list[Any]]:
    """For an estimate: the first paths of every pair."""
    return {
        "paths": [[p for pair in pairs for p in _described(pair, kg)[:keep]] for pairs in batch["candidate_paths"]]
    }


@stage(needs="question gold_text candidate_paths", adds="paths", asks="llm", guess=first_paths)
def prune_paths(batch: Batch, kg: "KG", llm: "LLM", keep: int) -> list[Conversation]:
    """Rejects: no_usable_path, where no path of any pair is kept. Pairs with at most ``keep`` paths keep all, without a call."""
    return [_prune(row, kg, llm, keep) for row in rows_of(batch)]


def _prune(row: dict[str, Any], kg: "KG", llm: "LLM", keep: int) -> Conversation:
    kept = yield from together(_kept(row, pair, kg, llm, keep) for pair in row["candidate_paths"])
    paths = [path for group in kept for path in group]
    if not paths:
        raise Rejected("no_usable_path", f"of {len(kept)} connected pairs, no path was found of use")
    return {"paths": paths}


def _kept(row: dict[str, Any], pair: dict[str, Any], kg: "KG", llm: "LLM", keep: int) -> Part[list[Path]]:
    """The kept paths of one pair, best first. Their score is the reciprocal rank (1, 1/2, 1/3), null if no model was asked."""
    paths = _described(pair, kg)
    if len(paths) <= keep:
        return paths
    lines = [path_line(path) for path in paths]
    prompt = PROMPT.render(question=row["question"], answer=row["gold_text"], keep=keep, paths=lines)
    bounds = {"reason": LONGEST_REASON, "numbers": range(1, len(paths) + 1)}
    request = llm.request(prompt, schema=KeptPaths, bounds=bounds)
    reply = yield from ask_json(request, check=lambda kept: fault(kept, len(paths)))
    return [paths[number - 1] | {"score": 1 / rank} for rank, number in enumerate(reply.numbers[:keep], 1)]


def _described(pair: dict[str, Any], kg: "KG") -> list[Path]:
    facts = {"length": pair["distance"], "total": pair["total"], "score": None}
    return [kg.describe(nodes) | facts for nodes in pair["paths"]]


def fault(reply: KeptPaths, last: int) -> str | None:
    """What is wrong with the numbers, in words for the model, or None. Too many numbers are no fault: the best come first."""
    if strange := [number for number in reply.numbers if not 1 <= number <= last]:
        return f"there is no connection {strange[0]}; the list goes from 1 to {last}"
    if len(set(reply.numbers)) < len(reply.numbers):
        return "a number stands there twice"
    return None
