"""A knowledge graph as stages see it: find mentions in a text, link them to nodes, search the paths between nodes.

A name is imported with its module when it is first used: numpy and pyarrow take longer to import than most commands take to run.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.candidates import Candidate
    from kg.contents import GraphError, Nodes
    from kg.embedder import Embedder, EmbedderError
    from kg.knowledge_graph import KG, Engine
    from kg.mentions import Mention
    from kg.named_graphs import NAMES, SAMPLE
    from kg.search import ShortestPaths

__all__ = [
    "KG",
    "NAMES",
    "SAMPLE",
    "Candidate",
    "Embedder",
    "EmbedderError",
    "Engine",
    "GraphError",
    "Mention",
    "Nodes",
    "ShortestPaths",
]
_MODULES = {
    "candidates": ("Candidate",),
    "embedder": ("Embedder", "EmbedderError"),
    "knowledge_graph": ("KG", "Engine"),
    "mentions": ("Mention",),
    "named_graphs": ("NAMES", "SAMPLE"),
    "contents": ("GraphError", "Nodes"),
    "search": ("ShortestPaths",),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"kg.{module}"), name)
    raise AttributeError(f"module 'kg' has no name {name!r}")
