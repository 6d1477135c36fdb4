"""What the manifest of a merged folder says of its run: sums and spans over the parts, and each part in short."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Manifest = Mapping[str, Any]


def whole_command(command: str) -> str:
    """The command that builds all rows, from that of a part."""
    words = shlex.split(command)
    if "--shard" in words:
        at = words.index("--shard")
        del words[at : at + 2]
    return shlex.join(words)


def merged_run(parts: Sequence[Manifest]) -> dict[str, Any]:
    """The facts of all runs. ``seconds`` is the sum, as if one part had been built after the other; of stages too."""
    runs = [part["run"] for part in parts]
    more: dict[str, Any] = {"passports": runs[0]["passports"]} if "passports" in runs[0] else {}
    if "scores" in parts[0]["columns"] and all("tiers" in run for run in runs):
        more["tiers"] = {
            name: _tier([run["tiers"][name] for run in runs if name in run["tiers"]]) for name in runs[0]["tiers"]
        }
    return {
        "started": min(run.get("started", "") for run in runs),
        "seconds": round(sum(run["seconds"] for run in runs), 1),
        "stages": [_stage(each) for each in zip(*(run["stages"] for run in runs), strict=True)],
        "git": _git([run.get("git", {"commit": None, "clean": None}) for run in runs]),
        "python": _each(run.get("python", "") for run in runs),
        "versions": {
            name: _each(run.get("versions", {}).get(name, "") for run in runs) for name in runs[0].get("versions", {})
        },
        "parts": [_in_short(part) for part in parts],
        **more,
    }


def _in_short(part: Manifest) -> dict[str, Any]:
    run = part["run"]
    return {
        "part": part["shard"]["part"],
        "content_hash": part["content_hash"],
        **{name: run[name] for name in ("started", "seconds", "git") if name in run},
    }


def _git(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The commit of the first part, whose code is that of all; clean where all are."""
    cleans = [git["clean"] for git in found]
    return {"commit": found[0]["commit"], "clean": None if None in cleans else all(cleans)}


def _each(values: Any) -> str:
    return ", ".join(sorted(set(values)))


def _stage(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    rejected = sum((Counter(one.get("rejected", {})) for one in found), Counter[str]())
    calls = [one["calls"] for one in found if "calls" in one]
    return {
        "stage": found[0]["stage"],
        "seconds": round(sum(one["seconds"] for one in found), 2),
        "cached": all(one["cached"] for one in found),
        **({"rejected": dict(rejected)} if rejected else {}),
        **({"calls": _calls(calls)} if calls else {}),
    }


def _calls(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    adapted = list(dict.fromkeys(note for one in found for note in one.get("adapted", ())))
    return {
        **{name: sum(one[name] for one in found) for name in ("hits", "sent", "good", "bad")},
        **{name: _spend([one[name] for one in found]) for name in ("now", "before")},
        "lost_usd": round(sum(one["lost_usd"] for one in found), 6),
        "faults": dict(sum((Counter(one["faults"]) for one in found), Counter[str]())),
        **({"adapted": adapted} if adapted else {}),
    }


def _spend(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums; the dollars are not known where those of one part are not."""
    usd = [one["usd"] for one in found]
    return {
        **{name: sum(one[name] for one in found) for name in ("prompt_tokens", "completion_tokens")},
        "usd": None if None in usd else round(sum(usd), 6),
    }


def _tier(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = {name: sum(one[name] for one in found) for name in ("questions", "published", "rationales", "answers")}
    spend = _spend(found)
    each = None if spend["usd"] is None or not counts["rationales"] else round(spend["usd"] / counts["rationales"], 6)
    return counts | spend | {"usd_per_rationale": each}
