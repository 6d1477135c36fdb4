"""Search all shortest paths between the nodes of the question and the nodes of the answer (MedReason, path searching).

Input and output are Arrow: converting the results to Python objects would take longer than the search.
"""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from dataset_builder.stage import rejects, stage

if TYPE_CHECKING:
    from kg import KG

SIDES = ("question", "answer")


@stage(needs="mentions nodes", optional="restated", adds="candidate_paths", arrow=True)
def search_paths(batch: pa.Table, kg: "KG", keep: int, seed: int) -> dict[str, pa.Array]:
    """Rejects: no_path, where no node of the question is connected with another node of the answer."""
    if "restated" in batch.column_names:  # a model has assigned the nodes to question and answer
        sides = [_restated(batch, f"{side}_nodes") for side in SIDES]
    else:
        row, node, place = _nodes(batch)
        sides = [(row[place == side], node[place == side]) for side in SIDES]
    return _between(kg, keep, seed, batch.num_rows, *sides)


def _restated(batch: pa.Table, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Row and node of every node that a model has assigned to this side."""
    nodes = batch["restated"].combine_chunks().field(side)
    return _rows(nodes), nodes.flatten().to_numpy()


def _rows(lists: pa.ListArray) -> np.ndarray:
    """The row number of each item of the lists."""
    return np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))


def _nodes(batch: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, node and place of every node whose mention counts: one that is negated, or of a relative, starts no path."""
    mentions, nodes = (batch[column].combine_chunks() for column in ("mentions", "nodes"))
    row = _rows(nodes)
    first = mentions.offsets.to_numpy()[:-1] - mentions.offsets[0].as_py()
    mention = mentions.flatten().take(pa.array(first[row] + nodes.flatten().field("mention").to_numpy()))
    counts = ~np.logical_or(_flag(mention, "negated"), _flag(mention, "family"))
    place = mention.field("place").to_numpy(zero_copy_only=False)
    return row[counts], nodes.flatten().field("node").to_numpy()[counts], place[counts]


def _flag(mention: pa.StructArray, name: str) -> np.ndarray:
    """This flag of every mention; none has it where older mentions have no such field, or it is null."""
    if mention.type.get_field_index(name) < 0:
        return np.zeros(len(mention), bool)
    return mention.field(name).fill_null(False).to_numpy(zero_copy_only=False)


def _between(
    kg: "KG",
    keep: int,
    seed: int,
    rows: int,
    question: tuple[np.ndarray, np.ndarray],
    answer: tuple[np.ndarray, np.ndarray],
) -> dict[str, pa.Array]:
    """The columns of a batch. ``question``, ``answer``: row and node of every node on that side."""
    row, pairs = _pairs(rows, question, answer)
    found = kg.shortest_paths_arrow(pairs, keep, seed)
    connected = found.field("distance").is_valid()
    tried, kept = (np.bincount(r, minlength=rows) for r in (row, row[connected.to_numpy(zero_copy_only=False)]))
    offsets = pa.array(np.concatenate([[0], np.cumsum(kept)]), pa.int32())
    details = [None if n else f"{t} pairs of nodes, none connected" for n, t in zip(kept, tried, strict=True)]
    why = {column: pa.array(values, pa.string()) for column, values in rejects("no_path", details).items()}
    return {"candidate_paths": pa.ListArray.from_arrays(offsets, found.filter(connected))} | why


def _pairs(
    rows: int, question: tuple[np.ndarray, np.ndarray], answer: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Row (m,) and pair (m, 2) of every question node with every answer node of its row, by row, answer node, question node.

    Each pair occurs once. Pairs with the same answer node are adjacent, which makes the search faster. A node is not paired with
    itself.
    """
    (row_q, node_q), (row_a, node_a) = (np.unique(np.column_stack(side), axis=0).T for side in (question, answer))
    many = np.bincount(row_q, minlength=rows)
    each = many[row_a]  # question nodes for each answer node
    a = np.repeat(np.arange(len(row_a)), each)
    nth = np.arange(len(a)) - np.repeat(np.cumsum(each) - each, each)
    q = (np.cumsum(many) - many)[row_a[a]] + nth
    other = node_q[q] != node_a[a]
    return row_a[a][other], np.column_stack([node_q[q], node_a[a]])[other]
