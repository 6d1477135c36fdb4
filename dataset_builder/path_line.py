"""A reasoning path on one line, as prompts and rationales show it."""

from collections.abc import Mapping, Sequence
from typing import Any

ARROWS = {"forward": "—{}→", "backward": "←{}—", "undirected": "—{}—"}


def path_line(path: dict[str, Any]) -> str:
    """The names with each hop's relations and their direction: "Podagra ←phenotype present— gout". ``path``: as KG.describe gives it."""
    parts = [path["names"][0]]
    for hop, name in zip(path["hops"], path["names"][1:], strict=True):
        parts += [ARROWS[way_of(hop)].format(relations_of(hop)), name]
    return " ".join(parts)


def way_of(hop: Sequence[Mapping[str, Any]]) -> str:
    """The direction that all relations of a hop have: forward or backward along the path; else undirected."""
    ways = {relation["direction"] for relation in hop}
    return ways.pop() if len(ways) == 1 else "undirected"


def relations_of(hop: Sequence[Mapping[str, Any]]) -> str:
    """The relations of a hop in words."""
    return " / ".join(relation["display_relation"] for relation in hop)
