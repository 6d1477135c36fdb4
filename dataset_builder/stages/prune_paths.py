"""Keep the paths of every pair that help to explain the answer (MedReason, path pruning).

A model chooses by number among the graph's paths, which are shown with their relations, the most relevant first. So it cannot invent a path.
"""

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, Part, Rejected, ask_json, together
from dataset_builder.prompt import Prompt, path_line
from dataset_builder.relevance.case import case_of
from dataset_builder.relevance.model import relevance
from dataset_builder.stage import Batch, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.llm.model import LLM
    from kg import KG

Path = dict[str, Any]
NEEDS = "question context answer answer_type gold_text mentions nodes candidate_paths"
LONGEST_REASON = 300  # characters
PROMPT = Prompt("prune_paths", "question", "answer", "keep", "paths")


class KeptPaths(BaseModel):
    """The reply's form: numbers of paths, the best first."""

    model_config = ConfigDict(extra="forbid")
    reason: str
    numbers: list[int]


def first_paths(batch: Batch, kg: "KG", llm: "LLM", keep: int, min_relevance: float) -> dict[str, list[Any]]:
    """For an estimate: the first paths of every pair."""
    offered = _offered(batch, kg, by_relevance=min_relevance > 0)
    return {"paths": [[path for paths in pairs for path in paths[:keep]] for pairs in offered]}


@stage(needs=NEEDS, adds="paths", asks="llm", guess=first_paths)
def prune_paths(batch: Batch, kg: "KG", llm: "LLM", keep: int, min_relevance: float) -> list[Conversation]:
    """Rejects: no_usable_path, where no path of any pair is kept. Pairs with at most ``keep`` paths keep all, without a call.

    ``min_relevance`` above 0: the paths of a pair are shown by relevance, else in the order in which they were drawn.
    """
    offered = _offered(batch, kg, by_relevance=min_relevance > 0)
    return [_prune(row, pairs, llm, keep) for row, pairs in zip(rows_of(batch), offered, strict=True)]


def _prune(row: dict[str, Any], pairs: list[list[Path]], llm: "LLM", keep: int) -> Conversation:
    kept = yield from together(_kept(row, paths, llm, keep) for paths in pairs)
    paths = [path for group in kept for path in group]
    if not paths:
        raise Rejected("no_usable_path", f"of {len(kept)} connected pairs, no path was found of use")
    return {"paths": paths}


def _kept(row: dict[str, Any], paths: list[Path], llm: "LLM", keep: int) -> Part[list[Path]]:
    """The kept paths of one pair, best first. Their score is the reciprocal rank (1, 1/2, 1/3), null if no model was asked."""
    if len(paths) <= keep:
        return paths
    lines = [path_line(path) for path in paths]
    prompt = PROMPT.render(question=row["question"], answer=row["gold_text"], keep=keep, paths=lines)
    bounds = {"reason": LONGEST_REASON, "numbers": range(1, len(paths) + 1)}
    request = llm.request(prompt, schema=KeptPaths, bounds=bounds)
    reply = yield from ask_json(request, check=lambda kept: fault(kept, len(paths)))
    return [paths[number - 1] | {"score": 1 / rank} for rank, number in enumerate(reply.numbers[:keep], 1)]


def _offered(batch: Batch, kg: "KG", *, by_relevance: bool) -> list[list[list[Path]]]:
    """The paths of every pair of every row, described."""
    rows = list(rows_of(batch))
    found = relevance(kg, [case_of(row) for row in rows], batch["candidate_paths"])
    offered = []
    for row, probabilities in zip(rows, found, strict=True):
        in_order = iter(probabilities.tolist())
        pairs = [
            [_described(nodes, pair, kg, next(in_order)) for nodes in pair["paths"]] for pair in row["candidate_paths"]
        ]
        if by_relevance:
            pairs = [sorted(paths, key=lambda path: -path["relevance"]) for paths in pairs]
        offered.append(pairs)
    return offered


def _described(nodes: list[int], pair: dict[str, Any], kg: "KG", probability: float) -> Path:
    facts = {"length": pair["distance"], "total": pair["total"], "score": None, "relevance": probability}
    return kg.describe(nodes) | facts


def fault(reply: KeptPaths, last: int) -> str | None:
    """What is wrong with the numbers, in words for the model, or None. Too many numbers are no fault: the best come first."""
    if strange := [number for number in reply.numbers if not 1 <= number <= last]:
        return f"there is no connection {strange[0]}; the list goes from 1 to {last}"
    if len(set(reply.numbers)) < len(reply.numbers):
        return "a number stands there twice"
    return None
