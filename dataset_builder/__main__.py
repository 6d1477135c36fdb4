"""Build, verify, compare and publish reasoning datasets of medical questions: ``python -m dataset_builder COMMAND --help``."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from dataset_builder.llm.batches.options import BatchesUnderWay

COMMANDS = {  # each with its module in dataset_builder.commands, and what it does
    "build": ("build", "build a dataset folder"),
    "estimate": ("estimating.estimate", "estimate the cost of a build from a sample of rows; calls no model"),
    "store": ("store", "the answer store: export it, import one, print what it contains"),
    "batches": ("batches.command", "the provider batches of a store: list, wait, adopt, cancel, drop"),
    "cache": ("cache", "show what lies in the caches, and delete by age and size"),
    "stages": ("stages", "print each pipeline as a table of its stages"),
    "merge": ("shards.merge", "make one dataset folder of all parts of a build (build --shard)"),
    "verify": ("verify", "check a dataset folder, or one on the Hub, against its manifest"),
    "push": ("push", "push a dataset folder to the Hub: one commit, then the tag"),
    "diff": ("diff", "compare two builds: rows added, removed, changed by column; the funnels"),
    "contamination": ("contamination", "count the questions that the sources share with the benchmarks"),
    "count": ("sources.count", "count the questions in each source's files, by answer type and reason code"),
    "audit": ("audit.command", "check any dataset of questions with rationales, without a build"),
    "kg-questions": (
        "sources.kg_questions",
        "make multi-hop questions from a graph's paths, for the source kg_questions",
    ),
    "judge-calibration": ("judge_calibration", "measure how often a judge errs, on cases of known verdict"),
    "agreement": ("review.agreement", "how far expert raters agree with each other, and the dataset with them"),
    "report": ("report", "write an HTML report of a dataset folder, in one file"),
    "review": ("review.pages", "draw published rationales, and write a page for each expert who judges them"),
    "review-import": ("review.files", "add what experts have said to the dataset folder, as the config `reviews`"),
}
UNDER_WAY = 75  # EX_TEMPFAIL of sysexits.h: run the same command again later
ALIASES = {"judge-passport": "judge-calibration"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Exit status: 0 done, 1 `verify` found something, 2 bad input (with a message, no traceback), 75 batches are
    under way: run the same command again later."""
    arguments = sys.argv[1:] if arguments is None else arguments
    given = parser(arguments[0] if arguments else "").parse_args(arguments)
    try:
        return given.command(given)
    except KeyboardInterrupt:
        print("interrupted. Nothing is lost: run the same command again, and it continues", file=sys.stderr)
        return 130
    except BatchesUnderWay as why:
        print(why, file=sys.stderr)
        return UNDER_WAY
    except bad_input() as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    except OSError as why:  # a full disk, a folder that is not ours to write
        print(f"error: {why}. Nothing is lost: fix this, and run the same command again", file=sys.stderr)
        return 2


def bad_input() -> tuple[type[Exception], ...]:
    """The errors that are the user's to mend. Imported only once something was raised, because these modules are slow to import."""
    from dataset_builder.agreement.reviews import UnusableReviews
    from dataset_builder.answer_store.store import StoreError
    from dataset_builder.claim_check.reader import ReaderMissing
    from dataset_builder.cluster.worker import ClusterError
    from dataset_builder.llm.model import ModelError
    from dataset_builder.llm.replay import MissingAnswer
    from dataset_builder.publishing.folder import FolderError
    from dataset_builder.publishing.hub.errors import HubError
    from dataset_builder.publishing.pushable import PushError
    from dataset_builder.review.key import ReviewError
    from dataset_builder.run import WorkerDied
    from dataset_builder.sources.raw_files import SourceError
    from kg import EmbedderError, GraphError
    from kg.guard import UnusableEnvironment

    errors = (
        SourceError,
        GraphError,
        EmbedderError,
        FolderError,
        UnusableEnvironment,
        ReaderMissing,
        ClusterError,
        ModelError,
        StoreError,
        UnusableReviews,
    )
    return (*errors, MissingAnswer, PushError, HubError, ReviewError, WorkerDied)


def parser(wanted: str | None = None) -> argparse.ArgumentParser:
    """The command line; its help is the manual. With ``wanted`` only this command has its options, and only its module is imported."""
    top = argparse.ArgumentParser(prog="python -m dataset_builder", description=__doc__)
    commands = top.add_subparsers(required=True)
    for name, (module, words) in COMMANDS.items():
        aliases = [alias for alias, of in ALIASES.items() if of == name]
        command = commands.add_parser(name, aliases=aliases, help=words)
        if wanted in (None, name, *aliases):
            import_module(f"dataset_builder.commands.{module}").add_command(command)
    return top


if __name__ == "__main__":
    from kg.terminal import protect  # here, since --help imports nothing of kg

    protect()
    sys.exit(main())
