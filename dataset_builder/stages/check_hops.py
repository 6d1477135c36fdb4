"""Check which claims of a rationale the graph supports (docs/evidence.md); claim_check/check.py looks up each claim."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dataset_builder.claim_check.check import VERDICTS, Claim, Hop, Written, as_row, check_texts
from dataset_builder.claim_check.graph_verdicts import Relation
from dataset_builder.claim_check.quoted import Edge
from dataset_builder.claim_check.relations import PLAIN
from dataset_builder.stage import Batch, rejects, rows_of, stage

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

ADDS = "hop_checks support support_share"
# The stated relations (`hop_checks.stated`, such as "indication") whose contradictions reject without being asked to: those that were measured, on
# real texts, to be read rightly in at least 90 % of cases (docs/evidence.md). None is: of the contradictions read on real texts, most were misread.
REJECTED_BY_DEFAULT: frozenset[str] = frozenset()


@stage(needs="rationale|rationales", optional="paths contrasts mentions nodes", adds=ADDS)
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
    rows = list(rows_of(batch))
    texts = [_texts(kg, row) for row in rows]
    read = iter(check_texts(kg, [text for of_row in texts for _, text in of_row], reader))
    checks = [_checked([(n, text, next(read)) for n, text in of_row], reject_contradicted) for of_row in texts]
    lost = [bool(support) and not any(one["kept"] for one in support) for _, support in checks]
    details = [
        _first_rejecting(found, reject_contradicted) if all_lost else None
        for (found, _), all_lost in zip(checks, lost, strict=True)
    ]
    return _columns(checks) | rejects("contradicts_graph", details)


def _texts(kg: "KG", row: Mapping[str, Any]) -> list[tuple[int | None, Written]]:
    """The row's rationales with their numbers; None for a single one. A missing text is empty: it claims nothing."""
    paths = row.get("paths") or []
    hops = _hops(paths)
    stated = _statements([*paths, *(row.get("contrasts") or [])])
    given = {"hops": hops, "statements": stated, "names": _own_names(kg, row, hops)}
    if "rationales" in row:
        return [(number, Written(one["text"] or "", **given)) for number, one in enumerate(row["rationales"] or [])]
    return [(None, Written(row["rationale"] or "", **given))]


def _columns(checks: Sequence[tuple[list[dict], list[dict]]]) -> dict[str, list[Any]]:
    return {
        "hop_checks": [found for found, _ in checks],
        "support": [support for _, support in checks],
        "support_share": [
            _share(Counter(check["verdict"] for check in found if check["mode"] in PLAIN)) for found, _ in checks
        ],
    }


def _first_rejecting(found: Sequence[Mapping[str, Any]], reject_contradicted: bool) -> str | None:
    return next((_in_words(check) for check in found if _holds_back(check, reject_contradicted)), None)


def _holds_back(check: Mapping[str, Any], reject_contradicted: bool) -> bool:
    """Whether a rationale with this claim is not published."""
    return check["verdict"] == "contradicted" and (reject_contradicted or check["stated"] in REJECTED_BY_DEFAULT)


def _in_words(check: Mapping[str, Any]) -> str:
    stated = f"{'not ' * check['negated']}{check['stated'] or 'connected'}"
    return f"characters {check['start']} to {check['end']}: {check['from_name']} / {check['to_name']}: {stated}; the graph has: {check['graph']}"


def _checked(
    texts: Iterable[tuple[int | None, Written, list[Claim]]], reject_contradicted: bool
) -> tuple[list[dict], list[dict]]:
    """Every claim of these texts, and per text the number of claims of each verdict. What is only supposed, or one patient's, is not counted."""
    found, support = [], []
    for number, text, claims in texts:
        checks = [{"rationale": number, **as_row(claim)} for claim in claims]
        found += checks
        counted = [claim for claim in claims if claim.mode in PLAIN]
        counts = Counter(claim.verdict for claim in counted)
        said = {hop for claim in counted if claim.verdict == "supported" for hop in claim.hops}
        support.append(
            {verdict: counts[verdict] for verdict in VERDICTS}
            | {"claims": len(counted), "share": _share(counts), "hops": len(said), "of": len(text.hops)}
            | {"kept": not any(_holds_back(check, reject_contradicted) for check in checks)}
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


def _statements(paths: Iterable[Mapping[str, Any]]) -> dict[str, Edge]:
    """The sentences in which the graph words these hops (of paths, or said of other options), which a writer may quote."""
    return {
        relation["statement"]: (*ends, relation["display_relation"])
        for path in paths
        for ends, hop in zip(pairwise(path["nodes"]), path["hops"], strict=True)
        for relation in hop
    }


def _own_names(kg: "KG", row: Mapping[str, Any], hops: Iterable[Hop]) -> list[tuple[str, int]]:
    """(name, node) for the nodes of the row's paths: names, aliases and mentions. They take precedence over the dictionary's."""
    nodes = sorted({node for hop in hops for node in hop})
    named = [(name, node) for node in nodes for name in kg.names_of(node)]
    mentions = row.get("mentions") or []
    return named + [(mentions[n["mention"]]["text"], n["node"]) for n in row.get("nodes") or [] if n["node"] in nodes]
