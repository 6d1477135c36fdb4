"""A knowledge graph as stages see it: find mentions in a text, link them to nodes, search the paths between nodes."""

from kg.candidates import Candidate
from kg.embedder import Embedder, EmbedderError
from kg.knowledge_graph import KG, NAMES, SAMPLE, Engine
from kg.mentions import Mention
from kg.primekg import GraphError, Nodes
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
