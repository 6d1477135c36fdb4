"""Whether a build trusts its judges: it asks their passports, and stops for one that errs too often. The command that makes one."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dataset_builder.answer_store import AnswerStore
from dataset_builder.llm import LLM, ModelError
from dataset_builder.model_options import add_limits, add_store, answers_of, positive
from dataset_builder.passport import Passport, examine, judges_of, passports_of
from dataset_builder.stage import Stage
from dataset_builder.summary import OUT


def expect_trusted(stages: Sequence[Stage], store: AnswerStore, allowed: bool) -> list[Passport]:
    """The passports of the judges; says which is missing. Raises ModelError for a judge above a threshold, unless allowed."""
    judges = judges_of(stages)
    found = passports_of(stages, store) if judges else []
    for name, llm, votes in judges:
        passport = next((p for p in found if p.stage == name), None)
        if passport is None:
            again = f" --judge-votes {votes}" if votes > 1 else ""
            OUT.print(
                f"note: {llm} has no passport: `judge-passport --judge {llm}{again}` measures how often it errs",
                markup=False,
            )
        elif passport.faults and not allowed:
            faults = "; ".join(passport.faults)
            raise ModelError(
                f"judge {llm} ({name}) is not to be trusted: {faults}. Choose another, or build with --allow-judge"
            )
    return found


def add_command(commands: Any) -> None:
    """``judge-passport``."""
    command = commands.add_parser(
        "judge-passport", help="measure how often a judge errs, on canaries of known verdict"
    )
    command.add_argument("--judge", required=True, metavar="MODEL[@ENDPOINT]", help="as of build")
    command.add_argument("--judge-votes", type=positive, default=1, metavar="N", help="as of build")
    add_limits(command)
    add_store(command)
    command.set_defaults(command=print_passport)


def print_passport(given: argparse.Namespace) -> int:
    """A table for each pipeline's prompts; 1 where the judge is above a threshold."""
    llm = LLM.named(given.judge)
    voter = llm if given.judge_votes == 1 else replace(llm, temperature=0.7)  # as reasonmed has it
    status = 0
    with answers_of(given) as answers:
        for name, judge, votes in (("check_answer", llm, 1), ("judge_rationales", voter, given.judge_votes)):
            passport = examine(name, judge, votes, answers)
            status |= bool(passport.faults)
            for line in passport.lines():
                OUT.print(line, markup=False)
    return status
