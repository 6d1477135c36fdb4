"""The room of answers, by role; which stages it reaches."""

import argparse

import pytest

from dataset_builder.commands.input_options import add_evidence
from dataset_builder.commands.model_options import add_limits, add_roles, models_of, stages_of
from dataset_builder.llm.model import LLM
from dataset_builder.pipelines import medreason, reasonmed
from dataset_builder.relevance.model import MIN_RELEVANCE
from kg import KG


def given(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_roles(parser)
    add_limits(parser)
    models = ("--writer", "w", "--judge", "j", "--editor", "e", "--writers", "a,b")
    return parser.parse_args([*models, *words])


def rooms(pipeline, *words: str) -> dict[str, set[int]]:
    """The max_tokens of every stage that asks."""
    stages = stages_of(pipeline, KG.load("sample", "none"), None, 0, models_of(pipeline, "p", given(*words)))
    found: dict[str, set[int]] = {}
    for stage in stages:
        tools = [tool for value in stage.tools.values() for tool in (value if isinstance(value, tuple) else (value,))]
        if limits := {tool.max_tokens for tool in tools if isinstance(tool, LLM)}:
            found[stage.name] = limits
    return found


def test_without_it_the_papers_figures_hold() -> None:
    assert set.union(*rooms(medreason).values()) == {5000}
    found = rooms(reasonmed)
    assert (found["sample_rationales"], found["judge_rationales"], found["summarize_rationale"]) == (
        {8192},
        {5000},
        {1000},
    )


def test_a_number_holds_for_all_and_a_role_before_it() -> None:
    found = rooms(reasonmed, "--max-tokens", "700", "--max-tokens", "writers=20000", "--max-tokens", "judge=300")
    assert (found["sample_rationales"], found["judge_rationales"], found["summarize_rationale"]) == (
        {20000},
        {300},
        {700},
    )
    found = rooms(medreason, "--max-tokens", "judge=300")
    assert (found["write_rationale"], found["check_answer"]) == ({5000}, {300})


@pytest.mark.parametrize("wrong", ["0", "-5", "x=5", "judge=", "judge=many"])
def test_anything_else_is_refused(wrong: str) -> None:
    with pytest.raises(argparse.ArgumentError, match=r"found .*, expected .*judge=1000|above 0"):
        given(f"--max-tokens={wrong}")


@pytest.mark.parametrize("wrong", ["-0.1", "1.01", "nan", "inf", "much"])
def test_a_relevance_is_a_probability(wrong: str) -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_evidence(parser)
    assert parser.parse_args([]).min_relevance == MIN_RELEVANCE
    assert [parser.parse_args([f"--min-relevance={p}"]).min_relevance for p in ("0", "1")] == [0, 1]
    with pytest.raises(argparse.ArgumentError, match="min-relevance"):
        parser.parse_args([f"--min-relevance={wrong}"])
