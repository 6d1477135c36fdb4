"""Which claims of a rationale does the graph support? Read sentence by sentence, looked up, without a model (docs/evidence.md).

supported: the graph has the relation that is stated. contradicted: it has its opposite, or the sentence denies what it has.
off_path: no edge, and the claim stands where a path given to the writer goes on to another node. unknown: no edge; a graph is
not complete, so this says nothing against the claim.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dataset_builder.claim_words import Named, is_about_a_patient, is_cue, is_given
from dataset_builder.claims import Claim, claims
from dataset_builder.clauses import read
from dataset_builder.hop_verdicts import Reading, Relation, read_against
from dataset_builder.sentences import Span, sentences
from dataset_builder.stage import Batch, rejects, rows_of, stage

if TYPE_CHECKING:
    from kg import KG, Mention

Hop = frozenset[int]
VERDICTS = ("supported", "contradicted", "off_path", "unknown")
ARROW = re.compile("[←→]|<-|->")
ADDS = "hop_checks support support_share"


@stage(needs="rationale paths mentions nodes", adds=ADDS)
def check_hops(batch: Batch, kg: "KG", keep_contradicted: bool) -> dict[str, list[Any]]:
    """Rejects: contradicts_graph, where every rationale of the row has a claim that is the opposite of what the graph has.

    Of several rationales only those are held back that have one. ``keep_contradicted``: all go on, flagged by their verdicts.
    """
    checks = [_check(kg, _texts(row), row, keep_contradicted) for row in rows_of(batch)]
    lost = [bool(support) and not any(one["kept"] for one in support) for _, support in checks]
    details = [
        _first_contradiction(found) if all_lost else None for (found, _), all_lost in zip(checks, lost, strict=True)
    ]
    return _columns(checks) | rejects("contradicts_graph", details)


# of the kept rationales of a question, with and without paths that their writers saw
check_hops_of_many = stage(needs="rationales", adds=ADDS)(check_hops.fn)
check_hops_of_many_grounded = stage(needs="rationales paths", adds=ADDS)(check_hops.fn)


def _texts(row: Mapping[str, Any]) -> list[tuple[int | None, str]]:
    """The row's rationales by their number; a single one has none. A missing one claims nothing."""
    if "rationales" in row:
        return [(number, rationale["text"] or "") for number, rationale in enumerate(row["rationales"] or [])]
    return [(None, row["rationale"] or "")]


def _columns(checks: Sequence[tuple[list[dict], list[dict]]]) -> dict[str, list[Any]]:
    return {
        "hop_checks": [found for found, _ in checks],
        "support": [support for _, support in checks],
        "support_share": [_share(Counter(check["verdict"] for check in found)) for found, _ in checks],
    }


def _first_contradiction(found: Sequence[Mapping[str, Any]]) -> str | None:
    return next((_in_words(check) for check in found if check["verdict"] == "contradicted"), None)


def _in_words(check: Mapping[str, Any]) -> str:
    stated = f"{'not ' * check['negated']}{check['stated'] or 'connected'}"
    return f"characters {check['start']} to {check['end']}: {check['from_name']} / {check['to_name']}: {stated}; the graph has: {check['graph']}"


def _check(
    kg: "KG", texts: Sequence[tuple[int | None, str]], row: Mapping[str, Any], keep_contradicted: bool
) -> tuple[list[dict], list[dict]]:
    """Every claim of these texts, and per text how many there are of each verdict."""
    hops = _hops(row.get("paths") or [])
    names = _own_names(kg, row, hops)
    found, support = [], []
    for number, text in texts:
        checked = list(_check_text(kg, text, hops, names))
        said = {hop for check in checked if check["verdict"] == "supported" for hop in check.pop("hops")}
        for check in checked:
            check.pop("hops", None)
        found += [{"rationale": number, **check} for check in checked]
        counts = Counter(check["verdict"] for check in checked)
        support.append(
            {verdict: counts[verdict] for verdict in VERDICTS}
            | {"claims": len(checked), "share": _share(counts), "hops": len(said), "of": len(hops)}
            | {"kept": keep_contradicted or not counts["contradicted"]}
        )
    return found, support


def _share(counts: Counter[str]) -> float | None:
    return counts["supported"] / counts.total() if counts else None


def _hops(paths: Iterable[Mapping[str, Any]]) -> dict[Hop, list[Relation]]:
    """Every hop of the row's paths, and the relations by which it goes."""
    return {
        frozenset(ends): [(relation["relation"], relation["display_relation"]) for relation in hop]
        for path in paths
        for ends, hop in zip(pairwise(path["nodes"]), path["hops"], strict=True)
    }


def _own_names(kg: "KG", row: Mapping[str, Any], hops: Iterable[Hop]) -> list[tuple[str, int]]:
    """What the row itself calls its nodes, beside their names and aliases: these count before the dictionary's."""
    nodes = sorted({node for hop in hops for node in hop})
    named = [(name, node) for node in nodes for name in kg.names_of(node)]
    mentions = row.get("mentions") or []
    return named + [(mentions[n["mention"]]["text"], n["node"]) for n in row.get("nodes") or [] if n["node"] in nodes]


def _check_text(
    kg: "KG", text: str, hops: Mapping[Hop, list[Relation]], names: Sequence[tuple[str, int]]
) -> Iterator[dict[str, Any]]:
    own = {node for _, node in names}
    found = (m for m in kg.find_mentions(text, names) if not own.isdisjoint(m.nodes) or not is_cue(m.text))
    named = [name for m in found if (name := _named(kg, text, m)).nodes]
    for step in sentences(text):
        read_, stated = [], set()
        for sentence in step:
            case = is_about_a_patient(text, *sentence)
            for claim in _claims(kg, text, sentence, named):
                edges = kg.relations(claim.a.nodes, claim.b.nodes)
                reading = read_against(claim, [relation for _, _, relations in edges for relation in relations])
                if case and (not edges or (reading.denied and reading.stated == "phenotype present")):
                    continue  # what one patient has, takes or does not have says nothing of a disease
                on = [hop for hop in hops if _is_about(hop, claim)]
                stated.update(on)
                read_.append((claim, reading, edges, on))
        for claim, reading, edges, on in read_:
            missed = _missed(kg, claim, reading, edges, hops, stated)
            if reading.stated or missed or reading.verdict == "contradicted":  # else nobody knows what is claimed
                yield _as_check(kg, claim, reading, edges, on, missed)


def _named(kg: "KG", text: str, mention: "Mention") -> Named:
    """The mention with the types of its nodes; not as a drug where the words beside it say that it is none."""
    given = is_given(text, mention.start, mention.end)
    types = {node: kg.type_of(node) for node in mention.nodes}
    nodes = tuple(node for node, type_ in types.items() if given or type_ != "drug")
    return Named(mention.start, mention.end, nodes, frozenset(types[node] for node in nodes))


def _claims(kg: "KG", text: str, sentence: Span, named: Sequence[Named]) -> list[Claim]:
    start, end = sentence
    inside = [name for name in named if start <= name.start < end]
    if len(inside) < 2 or text[start:end].rstrip(" *\"'”’)").endswith("?"):
        return []

    def connected(a: Named, b: Named) -> bool:
        return bool(kg.relations(a.nodes, b.nodes))

    if ARROW.search(text, start, end):  # a path on a line: each arrow speaks of the names beside it, and of no others
        hops = [(a, b) for a, b in pairwise(inside) if ARROW.search(text, a.end, b.start)]
        read_ = [claims(start, end, read(text, a.start, b.end, [a, b]), connected) for a, b in hops]
        return [replace(claim, between="") for found in read_ for claim in found]
    return claims(start, end, read(text, start, end, inside), connected)


def _is_about(hop: Hop, claim: Claim) -> bool:
    a, b = tuple(hop) if len(hop) == 2 else tuple(hop) * 2
    return (a in claim.a.nodes and b in claim.b.nodes) or (b in claim.a.nodes and a in claim.b.nodes)


def _missed(
    kg: "KG", claim: Claim, reading: Reading, edges: list, hops: Mapping[Hop, list[Relation]], stated: set[Hop]
) -> tuple[int, int] | None:
    """The hop in whose place this claim stands: one end, the relation and the other end's type agree, but not the other end.

    Only where the graph has no edge for the claim, and its step does not state the hop as well.
    """
    if edges or claim.unlike:
        return None
    for hop, relations in hops.items():
        if hop in stated or len(hop) < 2:
            continue
        u, v = hop
        for here, there in ((u, v), (v, u)):
            for end, other in ((claim.a, claim.b), (claim.b, claim.a)):
                if here not in end.nodes or there in other.nodes or kg.type_of(there) not in other.types:
                    continue
                if read_against(claim, relations).verdict == "supported":
                    return here, there
    return None


def _as_check(
    kg: "KG", claim: Claim, reading: Reading, edges: list, on: list[Hop], missed: tuple[int, int] | None
) -> dict[str, Any]:
    x, y = (edges[0][0], edges[0][1]) if edges else (claim.a.nodes[0], claim.b.nodes[0])
    if on:
        x, y = next((x, y) for x in claim.a.nodes for y in claim.b.nodes if frozenset((x, y)) in on)
    ends = {"from": (claim.a, x), "to": (claim.b, y)}
    check: dict[str, Any] = {
        "start": claim.start,
        "end": claim.end,
        "stated": reading.stated,
        "negated": reading.denied,
    }
    for end, (name, node) in ends.items():
        check |= {end: node, f"{end}_name": kg.name_of(node), f"{end}_start": name.start, f"{end}_end": name.end}
    said = (x, y) if edges else missed
    check["verdict"] = "off_path" if missed else reading.verdict
    check["by"] = "direction" if reading.backwards else "path" if on or missed else "edge" if edges else None
    check["graph"] = "; ".join(r["statement"] for r in kg.describe(said)["hops"][0]) if said else None
    return check | {"hops": on}
