"""Prove the published paths by another program: graph-tool searches and counts, and the graph's edges are looked up.

What is said of wrong options is looked up in the same way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet

from dataset_builder.publishing.folder import column_types
from dataset_builder.publishing.layout import question_files, read_rows
from kg import KG
from kg.contents import PROVENANCE

LARGEST = 2**63 - 1  # a larger number of paths is written as this


def wrong_paths(folder: Path, manifest: Mapping[str, Any], kg: KG) -> tuple[list[str], str]:
    """The published paths and contrasts that the graph does not bear out, and what was checked, in words.

    Of every path of every published row: each hop is an edge with the relations that the row states, in the graph's words and with its
    direction, source, publications, evidence and score, and nothing is left out; its length is the distance of its ends; ``total`` is the number of shortest paths between them. Of every contrast: its hop, and that it is of
    a wrong option. ``kg``: the graph of the build. For a folder of which `wrong_rows` found nothing.
    """
    from kg.second_opinion import counts  # graph_tool takes a second to import

    files = [folder / name for name in question_files(manifest).get("train", ())]
    if "paths" not in manifest["columns"]:
        return [], "oracle: the rows have no paths"
    if any(column_types(pyarrow.parquet.read_schema(file)) != manifest["columns"] for file in files):
        return [], "oracle: paths were not checked, as the columns are not those of the manifest"
    wrong: list[str] = []
    known = frozenset(kg.nodes.index.tolist())
    claimed: dict[tuple[int, int], list[tuple[str, int, int]]] = {}
    hops = paths = rows = contrasts = 0
    for row in read_rows(*files):
        rows += 1
        for number, path in enumerate(row["paths"] or (), 1):
            where = f"train: row {row['id']}, path {number}"
            paths, hops = paths + 1, hops + len(path["hops"])
            if broken := list(_broken_hops(path, kg, known)):
                wrong += [f"{where}: {why}" for why in broken]
                continue
            ends = (path["nodes"][0], path["nodes"][-1])
            claimed.setdefault(ends, []).append((where, len(path["nodes"]) - 1, path["total"]))
        contrasts += len(row.get("contrasts") or ())
        wrong += _wrong_contrasts(row, kg, known)
    pairs = list(claimed)
    for ends, (distance, total) in zip(pairs, counts(kg, pairs) if pairs else [], strict=True):
        for where, length, stated in claimed[ends]:
            if length != distance:
                wrong.append(
                    f"{where}: it has {length} hops, and by graph-tool the distance of its ends is {distance}"
                )
            elif stated != min(total, LARGEST):
                wrong.append(
                    f"{where}: total is {stated}, and by graph-tool there are {total} shortest paths between its ends"
                )
    note = f"oracle: {paths} paths of {rows} rows with {hops} hops, between {len(pairs)} pairs of nodes, by graph-tool"
    return wrong, note + (f"; {contrasts} statements of other options" if "contrasts" in manifest["columns"] else "")


def _wrong_contrasts(row: Mapping[str, Any], kg: KG, known: frozenset[int]) -> Iterator[str]:
    """What the row says of its wrong options that the graph does not say, or of an option that it has not."""
    wrong_options = {o["label"]: o["text"] for o in row["options"] if o["label"] != row["answer_label"]}
    for number, contrast in enumerate(row.get("contrasts") or (), 1):
        where = f"train: row {row['id']}, contrast {number}"
        if wrong_options.get(contrast["label"]) != contrast["option"]:
            yield f"{where}: it is of {contrast['label']}. {contrast['option']}, which is no wrong option of the question"
        if len(contrast["nodes"]) != 2:
            yield f"{where}: it has {len(contrast['nodes'])} nodes; expected the option's and another one"
        yield from (f"{where}: {why}" for why in _broken_hops(contrast, kg, known))


def _broken_hops(path: Mapping[str, Any], kg: KG, known: frozenset[int]) -> Iterator[str]:
    """What of the nodes and relations of a path, or of a contrast, is not in the graph."""
    nodes = path["nodes"]
    if unknown := [node for node in nodes if node not in known]:
        yield f"the graph has no node {unknown[0]}"
        return
    if len(path["hops"]) != len(nodes) - 1:
        yield f"it has {len(nodes)} nodes and {len(path['hops'])} hops"
        return
    for (a, b), hop in zip(pairwise(nodes), path["hops"], strict=True):
        there = _names(relation for _, _, relations in kg.relations([a], [b]) for relation in relations)
        stated = _names((relation["relation"], relation["display_relation"]) for relation in hop)
        if not there:
            yield f"the graph has no edge between {kg.name_of(a)} ({a}) and {kg.name_of(b)} ({b})"
        elif stated != there:
            yield f"between {kg.name_of(a)} and {kg.name_of(b)} it states {', '.join(stated)}; the graph has {', '.join(there)}"
        elif differs := list(differences(hop, kg.describe([a, b])["hops"][0])):
            yield from (
                f"between {kg.name_of(a)} and {kg.name_of(b)} row and graph differ in {what}" for what in differs
            )


def differences(hop: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """In what a hop differs from the same hop of the graph: its words, or what the graph says of a relation.

    Rows of earlier versions do not have the fields of the provenance, so only those that a row has are compared.
    """
    if words := {r["statement"] for r in hop} ^ {r["statement"] for r in there}:
        yield f"the words: {'; '.join(sorted(words))}"
        return
    of_graph = {(r["relation"], r["display_relation"]): r for r in there}
    for said in hop:
        graph = of_graph[said["relation"], said["display_relation"]]
        for field in ("direction", *PROVENANCE.names):
            if field in said and _value(said[field]) != (known := _value(graph.get(field))):
                yield f"the {field} of {said['relation']}/{said['display_relation']}: it states {said[field]!r}; the graph has {known!r}"


def _value(value: Any) -> Any:
    """No publication is the same as an empty list of them."""
    return None if value == [] else value


def _names(relations: Iterable[tuple[str, str]]) -> list[str]:
    return sorted({f"{relation}/{display}" for relation, display in relations})
