"""The pipelines as lists of stages, in the order in which they run."""

from collections.abc import Callable

from dataset_builder.stage import Stage
from dataset_builder.stages.drop_image_questions import drop_image_questions
from dataset_builder.stages.drop_negative_stems import drop_negative_stems
from dataset_builder.stages.find_mentions import find_mentions
from dataset_builder.stages.link_nodes import link_nodes
from dataset_builder.stages.rank_paths import rank_paths
from dataset_builder.stages.search_paths import search_paths
from dataset_builder.stages.to_messages import to_messages
from dataset_builder.stages.verbalize_paths import verbalize_paths
from kg import KG


def kg_only(kg: KG, seed: int) -> list[Stage]:
    """No language model, no key, no cost: a control arm for the pipelines that reason.

    Entities are found by name, the knowledge graph connects those of the question with those of the gold answer, and the
    rationale states the relations on the way in words. Its conclusion *is* the gold answer and its steps are graph facts,
    not clinical reasoning: a model trained on it learns how such paths are told, and nothing here shows that they are why
    the answer is right.
    """
    return [
        drop_image_questions,
        drop_negative_stems,
        find_mentions.using(kg=kg),
        link_nodes.using(kg=kg),
        search_paths.using(kg=kg, keep=50, seed=seed),
        rank_paths.using(kg=kg, keep=3, max_hops=4),
        verbalize_paths,
        to_messages,
    ]


# each takes of kg, seed, writer, judge, editor those that it names
PIPELINES: dict[str, Callable[..., list[Stage]]] = {"kg_only": kg_only}
