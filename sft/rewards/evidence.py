"""Does a completion state what the graph has, and does it contradict the graph? By the claim reader, without a model (docs/evidence.md).

Both need a graph, ``kg``; without one they are 0. What they add they add beside the right answer only: else a list of true sentences would pay.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dataset_builder.claim_check.check import Claim, Written, check_texts
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.claim_check.relations import PLAIN
from sft.rewards.answer import Options, is_right
from sft.rewards.texts import Said, text_of

if TYPE_CHECKING:
    from kg import KG

MOST = 0.25  # what claims, and what paths, can add to a right answer
_ARROW_LINE = re.compile(r"(?m)^.*[—←→].*$")  # a path in arrows is copied, not stated
Path = Mapping[str, Any]  # `nodes`: the indexes of its nodes, from question to answer
Names = tuple[tuple[str, int], ...]


def claim_reward(
    prompts: Sequence[Said],
    completions: Sequence[Said],
    answer_label: Sequence[str | None],
    options: Sequence[Options],
    paths: Sequence[Sequence[Path] | None] | None = None,
    kg: "KG | None" = None,
    **_: Any,
) -> list[float]:
    """Support minus contradiction, in [-1, MOST]: -1.0 where the graph contradicts a claim, else MOST · (1 - 2^-n) beside the right answer.

    n: the different claims that the graph supports and that are about a name of the prompt or of the row's paths. Without ``kg`` 0.0.
    """
    if kg is None:
        return [0.0] * len(completions)
    paths = paths or [()] * len(completions)
    rewards = []
    for asked, said, label, given, of_row, claims in zip(
        prompts, completions, answer_label, options, paths, _claims(kg, completions, paths), strict=True
    ):
        if any(claim.verdict == "contradicted" for claim in claims):
            rewards.append(-1.0)
            continue
        about = _nodes_in(kg, text_of(asked)) | {node for path in of_row or () for node in path["nodes"]}
        supported = {
            (frozenset(ends), claim.relation)
            for claim in claims
            if claim.verdict == "supported" and not about.isdisjoint(ends := (claim.from_node, claim.to_node))
        }
        right = is_right(text_of(said), label, given)
        rewards.append(MOST * (1 - 2.0 ** -len(supported)) if right else 0.0)
    return rewards


def path_reward(
    completions: Sequence[Said],
    answer_label: Sequence[str | None],
    options: Sequence[Options],
    paths: Sequence[Sequence[Path] | None] | None = None,
    kg: "KG | None" = None,
    **_: Any,
) -> list[float]:
    """In [0, MOST]: beside the right answer, the share of the hops of one of the row's paths, the one of which most is stated.

    A hop is stated where the text has a claim between its two nodes that the graph supports; names alone state nothing. Without ``kg`` 0.0.
    """
    if kg is None or paths is None:
        return [0.0] * len(completions)
    rewards = []
    for said, label, given, of_row, claims in zip(
        completions, answer_label, options, paths, _claims(kg, completions, paths), strict=True
    ):
        stated = {frozenset((one.from_node, one.to_node)) for one in claims if one.verdict == "supported"}
        shares = [_share(path["nodes"], stated) for path in of_row or ()]
        right = is_right(text_of(said), label, given)
        rewards.append(MOST * max(shares, default=0.0) if right else 0.0)
    return rewards


def _share(nodes: Sequence[int], stated: set[frozenset[int]]) -> float:
    hops = [frozenset(pair) for pair in pairwise(nodes)]
    return sum(hop in stated for hop in hops) / len(hops) if hops else 0.0


def _claims(kg: "KG", completions: Sequence[Said], paths: Sequence[Sequence[Path] | None]) -> list[tuple[Claim, ...]]:
    """The plain claims of each completion; those that are only supposed, or of one patient, are none."""
    texts = tuple(
        (_ARROW_LINE.sub("", text_of(said)), _own_names(kg, tuple(sorted({n for path in of_row or () for n in path["nodes"]}))))
        for said, of_row in zip(completions, paths, strict=True)
    )  # fmt: skip
    read = _read(kg, texts)
    return [read[text] for text in texts]


@functools.lru_cache(maxsize=2)  # claims and paths are rewarded one after the other, on the same texts
def _read(kg: "KG", texts: tuple[tuple[str, Names], ...]) -> dict[tuple[str, Names], tuple[Claim, ...]]:
    reader = claim_reader("spacy")
    assert reader is not None  # only "none" is None
    once = list(dict.fromkeys(texts))
    found = check_texts(kg, [Written(text, names=names) for text, names in once], reader)
    return {
        text: tuple(claim for claim in claims if claim.mode in PLAIN) for text, claims in zip(once, found, strict=True)
    }


@functools.lru_cache(maxsize=4096)  # rows: a group of completions has one prompt
def _own_names(kg: "KG", nodes: tuple[int, ...]) -> Names:
    return tuple((name, node) for node in nodes for name in kg.names_of(node))


@functools.lru_cache(maxsize=4096)
def _nodes_in(kg: "KG", text: str) -> frozenset[int]:
    return frozenset(node for mention in kg.find_mentions(text) for node in mention.nodes)
