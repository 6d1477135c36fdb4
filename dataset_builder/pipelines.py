"""The pipelines as lists of stages, in the order in which they run."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from dataset_builder.contamination.ledger import NOTHING_CHECKED, Ledger
from dataset_builder.llm.model import LLM
from dataset_builder.relevance.model import MIN_RELEVANCE
from dataset_builder.stage import Stage
from dataset_builder.stages.check_answer import check_answer
from dataset_builder.stages.check_hops import check_hops
from dataset_builder.stages.check_style import check_style
from dataset_builder.stages.contrast_options import contrast_options
from dataset_builder.stages.drop_contaminated import drop_contaminated
from dataset_builder.stages.drop_image_questions import drop_image_questions
from dataset_builder.stages.drop_negative_stems import drop_negative_stems
from dataset_builder.stages.extract_mentions import extract_mentions
from dataset_builder.stages.find_mentions import find_mentions
from dataset_builder.stages.gate_paths import gate_paths
from dataset_builder.stages.judge_rationales import judge_rationales
from dataset_builder.stages.link_nodes import link_nodes
from dataset_builder.stages.prune_paths import prune_paths
from dataset_builder.stages.rank_paths import rank_paths
from dataset_builder.stages.rank_rationales import rank_rationales
from dataset_builder.stages.refine_rationales import refine_rationales
from dataset_builder.stages.restate_question import restate_question
from dataset_builder.stages.route import route
from dataset_builder.stages.sample_rationales import sample_rationales
from dataset_builder.stages.score_rationales import score_rationales
from dataset_builder.stages.search_option_paths import search_option_paths
from dataset_builder.stages.search_paths import search_paths
from dataset_builder.stages.summarize_rationale import summarize_rationale
from dataset_builder.stages.to_messages import to_messages
from dataset_builder.stages.verbalize_paths import verbalize_paths
from dataset_builder.stages.write_rationale import write_rationale

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG


def kg_only(
    kg: "KG",
    reader: "ClaimReader | None",
    seed: int,
    reject_contradicted: bool = False,
    min_relevance: float = MIN_RELEVANCE,
    benchmarks: Ledger = NOTHING_CHECKED,
) -> list[Stage]:
    """No language model, no key, no cost: a control arm for the pipelines that reason.

    Entities are found by name. The knowledge graph connects those of the question with those of the gold answer, and the
    rationale states the relations of those that are probably relevant, in words, then what the graph says of other options in the
    same relation. Its conclusion *is* the gold answer and its steps are graph facts, not clinical reasoning: a model trained on it
    learns how such paths are worded. That a path is relevant is a probability, estimated from labels of readers
    (docs/relevance.md); nothing here shows that it is the reason why the answer is right.
    """
    return [
        drop_contaminated.using(benchmarks=benchmarks),
        drop_image_questions,
        drop_negative_stems,
        find_mentions.using(kg=kg),
        link_nodes.using(kg=kg),
        search_paths.using(kg=kg, keep=50, seed=seed),
        rank_paths.using(kg=kg, keep=3, max_hops=4, min_relevance=min_relevance),
        gate_paths.using(min_relevance=min_relevance),
        contrast_options.using(kg=kg),
        verbalize_paths,
        check_style,
        check_hops.using(kg=kg, reader=reader, reject_contradicted=reject_contradicted),
        to_messages,
    ]


def medreason(
    kg: "KG",
    reader: "ClaimReader | None",
    seed: int,
    writer: LLM,
    judge: LLM,
    reject_contradicted: bool = False,
    min_relevance: float = MIN_RELEVANCE,
    benchmarks: Ledger = NOTHING_CHECKED,
) -> list[Stage]:
    """MedReason (arXiv:2504.00993), with the paper's figures: temperature 0, 5,000 tokens, ten candidates, 50 paths, K = 3.

    A model finds the entities of question and answer, chooses a node for each entity whose name does not decide, and assigns the
    nodes to the question or to the answer. The graph gives all shortest paths between the two sides. The model is shown them by relevance, keeps the useful
    paths and writes a rationale with them. A second model must find the answer from the rationale alone, without its conclusion.
    """
    return [
        drop_contaminated.using(benchmarks=benchmarks),
        drop_image_questions,
        extract_mentions.using(llm=writer, kg=kg),
        link_nodes.using(kg=kg, llm=writer, max_candidates=10, min_score=0.6),
        restate_question.using(llm=writer),
        search_paths.using(kg=kg, keep=50, seed=seed),
        prune_paths.using(kg=kg, llm=writer, keep=3, min_relevance=min_relevance),
        write_rationale.using(llm=writer),
        check_style.using(min_relevance=min_relevance),
        check_hops.using(kg=kg, reader=reader, reject_contradicted=reject_contradicted),
        check_answer.using(llm=judge),
        to_messages,
    ]


def reasonmed(
    kg: "KG",
    reader: "ClaimReader | None",
    seed: int,
    writers: tuple[LLM, ...],
    judge: LLM,
    editor: LLM,
    judge_votes: int = 1,
    grounded: bool = False,
    reject_contradicted: bool = False,
    min_relevance: float = MIN_RELEVANCE,
    benchmarks: Ledger = NOTHING_CHECKED,
) -> list[Stage]:
    """ReasonMed (arXiv:2506.09513), with the paper's figures and the steps its code lacks: verdicts, routing, re-verification.

    Every writer answers three times (temperature 0.7, 0.9, 1.0; top_p 0.9; 8,192 tokens) without seeing the answer. A rule
    compares the final answers; a judge reads the rationales whose final answer is right. By the share of wrong ones a question
    is easy (up to 4/9), medium (up to 7/9) or difficult. Easy: the two best rationales are kept. Medium: the editor repairs
    them. Difficult: the editor writes one again. What the editor wrote is verified again. Each kept rationale gets a short
    response and a score.

    ``grounded``: writers see the graph's paths from the question to every option, not only to the right one. The claims of kept
    rationales are looked up in the graph in any case; one that contradicts it is flagged, and with ``reject_contradicted`` not published.
    """
    writers = tuple(replace(writer, top_p=0.9).with_room(8192) for writer in writers)
    editor = editor.with_room(8192)
    voter = replace(judge, temperature=0.0 if judge_votes == 1 else 0.7)  # at temperature 0 all votes would be equal
    sampling = {"writers": writers, "temperatures": (0.7, 0.9, 1.0)}
    verifying = {"llm": voter, "votes": judge_votes}
    refining = {"editor": editor, **verifying, "rounds": 2}
    paths = search_option_paths.using(kg=kg, keep=2, max_hops=3, seed=seed, min_relevance=min_relevance)
    return [
        drop_contaminated.using(benchmarks=benchmarks),
        drop_image_questions,
        *([paths] if grounded else []),
        sample_rationales.using(**sampling),
        judge_rationales.using(**verifying),
        route.using(easy=Fraction(4, 9), medium=Fraction(7, 9), max_unjudged=Fraction(1, 3)),
        rank_rationales.using(**verifying, keep=2, near=3.0, seed=seed),
        refine_rationales.using(**refining),
        check_style.using(min_relevance=min_relevance) if grounded else check_style,
        check_hops.using(kg=kg, reader=reader, reject_contradicted=reject_contradicted),
        summarize_rationale.using(llm=editor.with_room(1000)),
        score_rationales.using(llm=judge, share=1.0, seed=seed),
    ]


# each takes those arguments that it names: kg, reader, seed, writer, writers, judge, editor, judge_votes, grounded, reject_contradicted, min_relevance, benchmarks
PIPELINES: dict[str, Callable[..., list[Stage]]] = {"kg_only": kg_only, "medreason": medreason, "reasonmed": reasonmed}
