"""``judge-calibration``: measure how often a judge errs, on cases of known verdict."""

import argparse
from dataclasses import replace

from dataset_builder.commands import OUT
from dataset_builder.commands.model_options import add_limits, add_store, positive, room_of, runner_of
from dataset_builder.judge_calibration.calibration import examine
from dataset_builder.llm.model import LLM


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `judge-calibration`; `judge-passport` is its earlier name."""
    command.add_argument("--judge", required=True, metavar="MODEL[@ENDPOINT]", help="as for build")
    command.add_argument("--judge-votes", type=positive, default=1, metavar="N", help="as for build")
    add_limits(command)
    add_store(command)
    command.set_defaults(command=print_calibration)


def print_calibration(given: argparse.Namespace) -> int:
    """Print a table for each pipeline's prompts. Exit status 1 where an error rate is above its threshold."""
    llm = LLM.named(given.judge, room_of("judge", given))
    voter = llm if given.judge_votes == 1 else replace(llm, temperature=0.7)  # as in reasonmed
    status = 0
    with runner_of(given) as runner:
        for name, judge, votes in (("check_answer", llm, 1), ("judge_rationales", voter, given.judge_votes)):
            calibration = examine(name, judge, votes, runner)
            status |= bool(calibration.faults)
            for line in calibration.lines():
                OUT.print(line, markup=False)
    return status
