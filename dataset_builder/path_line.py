"""A reasoning path on one line, as prompts and rationales show it."""

from typing import Any

ARROWS = {"forward": "—{}→", "backward": "←{}—", "undirected": "—{}—"}


def path_line(path: dict[str, Any]) -> str:
    """The names with each hop's relations and their direction: "Podagra ←phenotype present— gout". ``path``: as KG.describe gives it."""
    parts = [path["names"][0]]
    for hop, name in zip(path["hops"], path["names"][1:], strict=True):
        ways = {relation["direction"] for relation in hop}
        arrow = ARROWS[ways.pop() if len(ways) == 1 else "undirected"]
        parts += [arrow.format(" / ".join(relation["display_relation"] for relation in hop)), name]
    return " ".join(parts)
