"""The options of a build that asks in provider batches."""

import argparse
from collections.abc import Callable

from dataset_builder.llm.batches.options import POLL_S, BatchOptions


def add_dispatch(parser: argparse.ArgumentParser, seconds: Callable[[str], float]) -> None:
    """Add --dispatch, --wait, --then-online and --poll, which reads its number by ``seconds``."""
    parser.add_argument(
        "--dispatch",
        choices=("online", "batch"),
        default="online",
        help="batch: requests go to the provider as files, which it answers within a day at about half the price",
    )
    parser.add_argument(
        "--wait",
        action="store_true",
        help="with --dispatch batch: stay until the batches have ended, instead of ending to be run again",
    )
    parser.add_argument(
        "--then-online", action="store_true", help="with --dispatch batch: ask online what a batch has not answered"
    )
    parser.add_argument(
        "--poll",
        type=seconds,
        default=POLL_S,
        metavar="S",
        help=f"with --wait: seconds between looks at the batches (default: {POLL_S:g})",
    )


def batch_options(given: argparse.Namespace) -> BatchOptions | None:
    """How batches are used; None: calls are made online."""
    return BatchOptions(given.wait, given.then_online, given.poll) if given.dispatch == "batch" else None
