"""Turn mentions into nodes of the graph, by names and, where the graph has an embedder, by meaning: no language model."""

from typing import TYPE_CHECKING

from dataset_builder.stage import Batch, rejects, stage

if TYPE_CHECKING:
    from kg import KG


@stage(needs="mentions", adds="nodes")
def link_nodes(batch: Batch, kg: "KG") -> dict[str, list]:
    """Rejects: no_nodes, where no mention of the question, or none of the answer, stands for a node."""
    nodes = [_nodes(kg, mentions) for mentions in batch["mentions"]]
    missing = [
        sorted(
            {"question", "answer"}
            - {mentions[n["mention"]]["place"] for n in found if not mentions[n["mention"]]["negated"]}
        )
        for found, mentions in zip(nodes, batch["mentions"], strict=True)
    ]
    details = [
        f"no node for any mention in the {' and in the '.join(places)}" if places else None for places in missing
    ]
    return {"nodes": nodes} | rejects("no_nodes", details)


def _nodes(kg: "KG", mentions: list[dict]) -> list[dict]:
    """Every accepted node of every mention: two nodes with one name stay two."""
    linked = kg.link([m["text"] for m in mentions], [m["type"] for m in mentions], similar=1)
    return [
        {"mention": i, "node": c.node, "name": c.name, "type": c.type, "method": c.method, "score": c.score}
        for i, candidates in enumerate(linked)
        for c in candidates
        if c.accepted
    ]
