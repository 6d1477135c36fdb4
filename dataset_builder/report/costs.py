"""Time, calls and costs of the stages, from the manifest's run facts."""

from collections.abc import Mapping, Sequence
from typing import Any


def stage_costs(stages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows of the table and their sum.

    ``usd``: what all answers of the dataset cost, whenever they were paid; None where a price is not known.
    """
    rows = [_row(stage) for stage in stages]
    asked = [row for row in rows if row["answers"] is not None]
    numbers = ("answers", "sent", "bad", "prompt_tokens", "completion_tokens")
    sums: dict[str, Any] = {name: sum(row[name] for row in asked) for name in numbers}
    sums["seconds"] = sum(row["seconds"] for row in rows)
    sums["usd"] = _sum([row["usd"] for row in asked])
    sums["lost"] = sum(row["lost"] for row in asked)
    return {"rows": rows, "sums": sums, "asked": bool(asked), "longest": max((r["seconds"] for r in rows), default=0)}


def _row(stage: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: stage[name] for name in ("stage", "seconds", "cached")}
    row["rejected"] = sum(stage.get("rejected", {}).values())
    if (calls := stage.get("calls")) is None:
        return row | {"answers": None, "faults": {}}
    paid = (calls["now"], calls["before"])
    tokens = {name: sum(part[name] for part in paid) for name in ("prompt_tokens", "completion_tokens")}
    return row | {
        **tokens,
        "answers": calls["hits"] + calls["good"],
        "sent": calls["sent"],
        "bad": calls["bad"],
        "usd": _sum([part["usd"] for part in paid]),
        "lost": calls["lost_usd"],
        "faults": calls["faults"],
    }


def _sum(dollars: Sequence[float | None]) -> float | None:
    known = [usd for usd in dollars if usd is not None]
    return sum(known) if len(known) == len(dollars) else None
