"""python -m lighteval_tasks score | compare | factuality | items: see docs/scoring.md, docs/factuality.md."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from dataset_builder.claim_check.reader import ReaderMissing, claim_reader
from dataset_builder.llm.secrets import sent_in_the_clear, split_urls, without_userinfo
from dataset_builder.sources.raw_files import SourceError
from kg import KG, GraphError
from kg.options import GRAPH, add_min_edge_score
from kg.terminal import protect
from lighteval_tasks import comparison, scores
from lighteval_tasks.command import Settings
from lighteval_tasks.compare import compare_runs
from lighteval_tasks.engine import CPU_BATCH
from lighteval_tasks.factuality import command as factuality
from lighteval_tasks.factuality import of_run
from lighteval_tasks.items import TASKS, data_dir, read_items
from lighteval_tasks.outcomes import split_name
from lighteval_tasks.push import push
from lighteval_tasks.score import FailedRequests, choose, score

BACKENDS = ("accelerate", "vllm", "sglang", "litellm")


def main() -> None:
    """Run the command. Ends with a message and exit code 1 where it fails."""
    given = _arguments().parse_args()
    if given.data_dir:
        os.environ["MEDICAL_DATA_DIR"] = given.data_dir
    try:
        given.action(given)
    except (SourceError, FailedRequests, GraphError, ReaderMissing) as why:
        sys.exit(f"{given.command}: {why}")
    except subprocess.CalledProcessError as why:
        sys.exit(
            f"{given.command}: lighteval ended with exit code {why.returncode}; its message is above. No scores were written"
        )


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lighteval_tasks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("score", help="score a checkpoint or an endpoint")
    _score_arguments(add)
    add.add_argument(
        "--kg",
        help=f"a graph against which the claims of the outputs are checked: {GRAPH}; default: none",
    )
    add_min_edge_score(add)
    add = commands.add_parser("compare", help="compare two runs item by item")
    add.set_defaults(action=_compare)
    add.add_argument("a", type=Path, help="folder of run A: from score, or from lighteval with details")
    add.add_argument("b", type=Path, help="folder of run B")
    add.add_argument("--out", type=Path, default=Path("build/comparison"), help="default: %(default)s")
    add.add_argument("--dataset", help="as for score")
    add.add_argument("--seed", type=int, default=0, help="seed of the bootstrap; default: %(default)s")
    factuality.add_to(commands).set_defaults(action=lambda given: print(factuality.run(given)))
    add = commands.add_parser("items", help="count the items of every task, or list the ids of some sources")
    add.set_defaults(action=_items)
    add.add_argument("tasks", nargs="*", help="list the ids of these sources")
    for command in commands.choices.values():
        command.add_argument(
            "--data-dir",
            help="read items from DIR/<Hub id>/[config/]<split>.jsonl[.gz]|.parquet instead of the Hub",
        )
    return parser


def _score_arguments(add: argparse.ArgumentParser) -> None:
    add.set_defaults(action=_score)
    add.add_argument("model", help="Hub id, folder or, with --backend litellm, the model's name at the endpoint")
    add.add_argument(
        "--revision",
        help="tag or commit (default: main; for a folder: local); for an endpoint, any name for its weights",
    )
    add.add_argument(
        "--tasks",
        type=_names,
        default=(),
        help=f"names separated by commas; default: all available of {', '.join(TASKS)}; each also as NAME_strict and NAME_huatuo_compat, some as NAME_CONFIG",
    )
    add.add_argument("--backend", choices=BACKENDS, default="accelerate", help="default: %(default)s")
    add.add_argument("--limit", type=_positive, help="maximum number of items of each task, to try it")
    add.add_argument(
        "--orders",
        type=_positive,
        default=1,
        metavar="N",
        help="ask every item in N orders of its options, the published one first (docs/scoring.md); default: %(default)s",
    )
    add.add_argument("--out", type=Path, help="default: build/scores/<model>@<revision>")
    _engine_arguments(add)
    add.add_argument(
        "--dataset",
        help="the dataset that the model was trained on, folder or org/name@tag: adds clean scores, from its ledger",
    )
    add.add_argument("--push", metavar="ORG/NAME", help="push scores and details as this Hub dataset (private)")


def _engine_arguments(add: argparse.ArgumentParser) -> None:
    add.add_argument("--base-url", default=os.environ.get("OPENAI_BASE_URL"), help="default: $OPENAI_BASE_URL")
    add.add_argument("--dtype", help="default: the checkpoint's")
    add.add_argument(
        "--batch-size", type=_positive, help=f"for accelerate; default: as many as fit, on a CPU {CPU_BATCH}"
    )
    add.add_argument(
        "--max-length",
        type=_positive,
        help="context length in tokens; default: that of the model's config, 32768 for an endpoint",
    )
    add.add_argument(
        "--max-new-tokens", type=_positive, default=4096, help="maximum tokens of an answer; default: %(default)s"
    )
    add.add_argument(
        "--concurrency", type=_positive, default=16, help="simultaneous requests to an endpoint; default: %(default)s"
    )
    add.add_argument(
        "--retries",
        type=_positive,
        default=8,
        help="attempts per request, 1, 2, 4 … seconds apart; default: %(default)s",
    )


def _check_endpoint(given: argparse.Namespace) -> None:
    """Raise SourceError for a URL that no score can be asked at, or that would show a password or the key."""
    if given.backend == "litellm" and not given.base_url:
        raise SourceError("--backend litellm needs the endpoint's URL: --base-url, or $OPENAI_BASE_URL")
    several = len(split_urls(given.base_url or "")) > 1
    if several and given.backend == "litellm":
        raise SourceError(
            "the endpoint's URL (--base-url, or $OPENAI_BASE_URL) is a list; expected one URL, since a score is asked of one server"
        )
    if several:  # of what builds ask: the other backends ask no endpoint
        given.base_url = None
    if given.base_url and without_userinfo(given.base_url) != given.base_url:
        raise SourceError(
            f"the endpoint's URL contains a user or a password ({without_userinfo(given.base_url)} without it); scores, logs and pushed files "
            "name the URL. Give it without, and the key in $OPENAI_API_KEY"
        )
    key = os.environ.get("OPENAI_API_KEY") or ""
    if (
        given.backend == "litellm"
        and given.base_url
        and (why := sent_in_the_clear("OPENAI_BASE_URL", given.base_url, key))
    ):
        raise SourceError(why)


def _score(given: argparse.Namespace) -> None:
    _check_endpoint(given)
    given.revision = given.revision or ("local" if Path(given.model).is_dir() else "main")
    tasks, not_scored = choose(given.tasks)
    kg = KG.load(given.kg, min_edge_score=given.min_edge_score) if given.kg else None
    reader = claim_reader("spacy") if kg else None
    names = (
        "model",
        "revision",
        "backend",
        "limit",
        "base_url",
        "dtype",
        "batch_size",
        "max_length",
        "max_new_tokens",
    )
    names += ("concurrency", "retries", "orders")
    settings = Settings(tasks=tasks, **{name: getattr(given, name) for name in names})
    out = given.out or Path("build/scores") / f"{given.model.strip('/').replace('/', '__')}@{given.revision}"
    made = score(settings, out.resolve(), not_scored=not_scored, dataset=given.dataset)
    if kg and reader:  # after the scores are written: no fault in reading claims loses a run
        of_run.add_to(made, out.resolve(), kg, reader)
        scores.write(out, made)
    print(f"\n{scores.table(made)}\n\n{out}: scores.json, scores.md, details/{', claims.parquet' if kg else ''}")
    if given.push:
        print(push(out, given.push))


def _compare(given: argparse.Namespace) -> None:
    made = compare_runs(given.a, given.b, dataset=given.dataset, seed=given.seed)
    print(f"{comparison.write(made, given.out)}\n\n{given.out}: comparison.json, comparison.md, comparison.png")


def _items(given: argparse.Namespace) -> None:
    for name in given.tasks:
        print("\n".join(read_items(split_name(name)[0], data_dir()).ids))
    for name in () if given.tasks else TASKS:
        try:
            items = read_items(name, data_dir())
        except SourceError as why:
            print(f"{name:20} not available: {why}")
        else:
            left_out = ", ".join(f"{number} {reason}" for reason, number in items.left_out.items())
            print(
                f"{name:20} {len(items.ids):6} items at {items.revision}"
                + (f"; left out: {left_out}" if left_out else "")
            )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().removeprefix("medical:").partition("|")[0] for name in text.split(",") if name.strip())


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number above 0")
    return int(text)


if __name__ == "__main__":
    protect()
    main()
