"""The graph of a build or an estimate: loaded, held against --license commercial, described for the manifest and for the terminal."""

import argparse
from typing import Any

from dataset_builder.commands.input_options import wants_commercial_graph
from dataset_builder.sources.graph_licenses import expect_commercial_sources, license_facts, note_on_sources
from kg import KG


def chosen_graph(given: argparse.Namespace) -> KG:
    """The graph. Raises kg.contents.GraphError, and SourceError where --license commercial excludes one of its sources."""
    kg = KG.load(given.kg, given.embedder, min_edge_score=given.min_edge_score)
    if wants_commercial_graph(given):
        expect_commercial_sources(kg)
    return kg


def graph_facts(kg: KG) -> dict[str, Any]:
    """The manifest's entries on the graph."""
    facts = {"name": kg.name, "sha256": kg.digest, "nodes": len(kg.nodes.index), "edges": kg.edge_count}
    old, left_out = kg.edges.obsolete_nodes, dict(kg.edges.left_out)
    facts |= {"obsolete_nodes": old} if old else {}
    return facts | ({"left_out": left_out} if left_out else {}) | license_facts(kg)


def notes_on_graph(kg: KG, given: argparse.Namespace) -> list[str]:
    """What is in the files of the graph, and in no link and no path; then, with --license commercial, whether its sources are known."""
    nodes, rows = kg.edges.obsolete_nodes, kg.edges.obsolete_rows
    about = f"Graph {kg.name}: {nodes:,} nodes that their ontology calls obsolete are left out{f', with {rows:,} rows of the file' if rows else ''}."
    others = [f"Graph {kg.name}: left out: {number:,} {what}." for what, number in kg.edges.left_out.items()]
    return [*([about] if nodes else []), *others, *(note_on_sources(kg) if wants_commercial_graph(given) else ())]
