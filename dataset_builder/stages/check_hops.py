"""Check which claims of a rationale the graph supports (docs/evidence.md); claim_check/check.py looks up each claim."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dataset_builder.claim_check.check import VERDICTS, Hop
from dataset_builder.claim_check.graph_verdicts import Relation
from dataset_builder.stage import Batch, rejects, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

ADDS = "hop_checks support support_share"
# The stated relations (`hop_checks.stated`, such as "indication") whose contradictions reject without being asked to: those that were measured, on
# real texts, to be read rightly in at least 90 % of cases (docs/evidence.md). None is: of the contradictions read on real texts, most were misread.
REJECTED_BY_DEFAULT: frozenset[str] = frozenset()


@stage(needs="rationale|rationales", optional="paths mentions nodes", adds=ADDS)
def check_hops(
    batch: Batch, kg: "KG", reader: "ClaimReader | None", reject_contradicted: bool = False
) -> dict[str, list[Any]]:
    """Rejects: contradicts_graph, where it is to reject what is contradicted, and every rationale of the row has such a claim.

    Of several rationales only those with such a claim are not published. Contradicted is a claim that is the opposite of what the graph has.
    Without ``reject_contradicted`` this is a flag, but for the relations in REJECTED_BY_DEFAULT. Without ``reader`` no claim is read: all
    columns are null.
    """
    if reader is None:
        nothing = [None] * len(next(iter(batch.values())))
        return dict.fromkeys(ADDS.split(), nothing) | rejects("contradicts_graph", nothing)
    checks = [_check(kg, reader, _texts(row), row, reject_contradicted) for row in rows_of(batch)]
    lost = [bool(support) and not any(one["kept"] for one in support) for _, support in checks]
    details = [
        _first_rejecting(found, reject_contradicted) if all_lost else None
        for (found, _), all_lost in zip(checks, lost, strict=True)
    ]
    return _columns(checks) | rejects("contradicts_graph", details)


def _texts(row: Mapping[str, Any]) -> list[tuple[int | None, str]]:
    """The row's rationales with their numbers; None for a single one. A missing text is empty: it claims nothing."""
    if "rationales" in row:
        return [(number, rationale["text"] or "") for number, rationale in enumerate(row["rationales"] or [])]
    return [(None, row["rationale"] or "")]


def _columns(checks: Sequence[tuple[list[dict], list[dict]]]) -> dict[str, list[Any]]:
    return {
        "hop_checks": [found for found, _ in checks],
        "support": [support for _, support in checks],
        "support_share": [_share(Counter(check["verdict"] for check in found)) for found, _ in checks],
    }


def _first_rejecting(found: Sequence[Mapping[str, Any]], reject_contradicted: bool) -> str | None:
    return next((_in_words(check) for check in found if _holds_back(check, reject_contradicted)), None)


def _holds_back(check: Mapping[str, Any], reject_contradicted: bool) -> bool:
    """Whether a rationale with this claim is not published."""
    return check["verdict"] == "contradicted" and (reject_contradicted or check["stated"] in REJECTED_BY_DEFAULT)


def _in_words(check: Mapping[str, Any]) -> str:
    stated = f"{'not ' * check['negated']}{check['stated'] or 'connected'}"
    return f"characters {check['start']} to {check['end']}: {check['from_name']} / {check['to_name']}: {stated}; the graph has: {check['graph']}"


def _check(
    kg: "KG",
    reader: "ClaimReader",
    texts: Sequence[tuple[int | None, str]],
    row: Mapping[str, Any],
    reject_contradicted: bool,
) -> tuple[list[dict], list[dict]]:
    """Every claim of these texts, and per text the number of claims of each verdict."""
    hops = _hops(row.get("paths") or [])
    names = _own_names(kg, row, hops)
    found, support = [], []
    for number, text in texts:
        checked = list(reader.check(kg, text, hops, names))
        said = {hop for check in checked if check["verdict"] == "supported" for hop in check.pop("hops")}
        for check in checked:
            check.pop("hops", None)
        found += [{"rationale": number, **check} for check in checked]
        counts = Counter(check["verdict"] for check in checked)
        support.append(
            {verdict: counts[verdict] for verdict in VERDICTS}
            | {"claims": len(checked), "share": _share(counts), "hops": len(said), "of": len(hops)}
            | {"kept": not any(_holds_back(check, reject_contradicted) for check in checked)}
        )
    return found, support


def _share(counts: Counter[str]) -> float | None:
    return counts["supported"] / counts.total() if counts else None


def _hops(paths: Iterable[Mapping[str, Any]]) -> dict[Hop, list[Relation]]:
    """Every hop of the row's paths, with its relations."""
    return {
        frozenset(ends): [(relation["relation"], relation["display_relation"]) for relation in hop]
        for path in paths
        for ends, hop in zip(pairwise(path["nodes"]), path["hops"], strict=True)
    }


def _own_names(kg: "KG", row: Mapping[str, Any], hops: Iterable[Hop]) -> list[tuple[str, int]]:
    """(name, node) for the nodes of the row's paths: names, aliases and mentions. They take precedence over the dictionary's."""
    nodes = sorted({node for hop in hops for node in hop})
    named = [(name, node) for node in nodes for name in kg.names_of(node)]
    mentions = row.get("mentions") or []
    return named + [(mentions[n["mention"]]["text"], n["node"]) for n in row.get("nodes") or [] if n["node"] in nodes]
