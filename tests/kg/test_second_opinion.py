"""graph-tool's own search and count against the project's two engines."""

import random

from kg import KG
from kg.second_opinion import counts


def test_all_three_agree() -> None:
    kg, draw = KG.load("sample"), random.Random(1)
    nodes = kg.nodes.index.tolist()
    pairs = [(draw.choice(nodes), draw.choice(nodes)) for _ in range(300)]
    expected = [(one.distance, one.total) for one in kg.shortest_paths(pairs, keep=0)]
    assert [(one.distance, one.total) for one in kg.shortest_paths(pairs, keep=0, engine="graph-tool")] == expected
    assert counts(kg, pairs) == expected and any(total > 1 for _, total in expected)
    assert counts(kg, []) == []
