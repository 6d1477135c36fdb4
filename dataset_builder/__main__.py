"""Build, verify, compare and publish reasoning datasets of medical questions: ``python -m dataset_builder COMMAND --help``."""

import argparse
import sys
from collections.abc import Sequence

from dataset_builder.answer_store.store import StoreError
from dataset_builder.commands import (
    build,
    contamination,
    diff,
    estimate,
    judge_calibration,
    push,
    report,
    sources,
    stages,
    store,
    verify,
)
from dataset_builder.llm.model import ModelError
from dataset_builder.llm.replay import MissingAnswer
from dataset_builder.publishing.folder import FolderError
from dataset_builder.publishing.hub.errors import HubError
from dataset_builder.publishing.pushable import PushError
from dataset_builder.sources.raw_files import SourceError
from kg import EmbedderError, GraphError
from kg.guard import UnusableEnvironment

COMMANDS = (build, estimate, store, stages, verify, push, diff, contamination, sources, judge_calibration, report)
BAD_INPUT = (
    SourceError,
    GraphError,
    EmbedderError,
    FolderError,
    UnusableEnvironment,
    ModelError,
    StoreError,
    MissingAnswer,
    PushError,
    HubError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 `verify` found something, 2 bad input (with a message, no traceback)."""
    given = parser().parse_args(arguments)
    try:
        return given.command(given)
    except BAD_INPUT as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted. Nothing is lost: run the same command again, and it continues", file=sys.stderr)
        return 130
    except OSError as why:  # a full disk, a folder that is not ours to write
        print(f"error: {why}. Nothing is lost: fix this, and run the same command again", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """The command line; its help is the manual."""
    top = argparse.ArgumentParser(prog="python -m dataset_builder", description=__doc__)
    commands = top.add_subparsers(required=True)
    for module in COMMANDS:
        module.add_command(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
