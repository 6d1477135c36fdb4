"""Build a dataset folder from questions, and print what happened to each of them."""

import argparse
import contextlib
import datetime
import importlib.metadata
import inspect
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset

from dataset_builder.claim_check.reader import ClaimReader
from dataset_builder.cluster.cluster import Cluster
from dataset_builder.commands import OUT
from dataset_builder.commands.contamination import check_contamination, describe_check
from dataset_builder.commands.graph import chosen_graph, graph_facts, notes_on_graph
from dataset_builder.commands.input_options import chosen_sources, chosen_splits, command_line
from dataset_builder.commands.model_options import (
    Models,
    choices_of,
    model_names,
    models_of,
    reader_of,
    runner_of,
    self_judging_note,
    stages_of,
    store_of,
)
from dataset_builder.commands.summary import pins, print_summary
from dataset_builder.judge_calibration.trust import expect_trusted
from dataset_builder.pipelines import PIPELINES
from dataset_builder.publishing import intermediates
from dataset_builder.publishing.folder import expect_free, split_rows, write
from dataset_builder.publishing.reviews.carry import carried_lines, number_of_reviews
from dataset_builder.publishing.shards.part import Chosen, choose
from dataset_builder.publishing.tiers import has_tiers, scores_of, tiers_of
from dataset_builder.publishing.unchanged import git_state, keep_note, state
from dataset_builder.publishing.verified import remember
from dataset_builder.relevance.model import about
from dataset_builder.run import StageRun, run
from dataset_builder.sources.licenses import with_licenses
from dataset_builder.sources.option_order import shuffle_options
from dataset_builder.sources.questions import Origin, on_disk, read_questions
from dataset_builder.sources.table import expect_known
from dataset_builder.stage import show
from dataset_builder.stage_code import code_hash
from kg import KG, Embedder
from kg.embedder import UNPINNED

VERSIONS = ("datasets", "huggingface_hub", "pyarrow", "numpy", "pyahocorasick", "openai")


def build_folder(folder: Path, given: argparse.Namespace) -> None:
    """Build a dataset folder and print what happened to every question."""
    started = time.time()
    pipeline = PIPELINES[expect_known("pipeline", given.pipeline, PIPELINES)]
    expect_free(folder)
    sources, left_out = chosen_sources(given)
    models, reader = models_of(pipeline, given.pipeline, given), reader_of(given)
    kg = chosen_graph(given)
    before = state(vars(given), kg.path, store_of(given).path if models else None)
    choices = choices_of(pipeline, given)
    questions, origins = read_questions(sources, chosen_splits(given.split), data_dir=given.data_dir, rows=given.rows)
    ledger, contamination, is_final = check_contamination(questions, origins, given)
    chosen, shuffle = _chosen(questions, given)
    stages = stages_of(pipeline, kg, reader, given.seed, models, benchmarks=ledger, **choices)
    if given.num_proc and not given.ray:
        _open(kg, reader)
    calibrations, doubts = expect_trusted(stages, store_of(given), given.allow_judge)
    _print_lines(notes := [*self_judging_note(models), *doubts])
    with runner_of(given) as runner, _cluster(given, kg) as cluster:
        rows, runs = run(on_disk(chosen.questions), stages, runner=runner, num_proc=given.num_proc, cluster=cluster)
        more = {"passports": [c.as_dict() for c in calibrations]} if models else {}
        if has_tiers(rows.column_names):
            more |= {"tiers": tiers_of(rows, runner.asked, runner.store), "scores": scores_of(rows)}
    facts = {
        "pipeline": given.pipeline,
        "trial": any(origin.trial for origin in origins),
        "origins": [origin.as_dict() for origin in origins],
        "graph": graph_facts(kg),
        "code": code_hash(),
        "inputs": _inputs(kg, reader, given.seed, models, choices, contamination) | shuffle,
        **({"left_out": left_out} if left_out else {}) | chosen.facts,
        "about": inspect.getdoc(pipeline),
        "stages": show(stages),
        "folder": folder.as_posix(),
        "command": command_line(given),
        "run": run_facts(started, runs) | more,
        "contamination": contamination,
    }
    manifest, carried = _written(folder, rows, facts, {"contamination": ledger.rows(), **chosen.configs(rows)})
    intermediates.keep(folder, rows, manifest, runner.used)
    print_summary(manifest, runs, folder)
    _print_lines(carried)
    _print_lines(lines := [*notes_on_graph(kg, given), *_notes_on_rows(kg, left_out, shuffle, origins, contamination)])
    if is_final and _is_pinned(origins, kg) and not any(one.calls and one.calls.sent for one in runs):
        keep_note(folder, before, kg.path, [*notes, *lines], asks=bool(models))


@contextlib.contextmanager
def _cluster(given: argparse.Namespace, kg: KG) -> Iterator[Cluster | None]:
    """The cluster that --ray names, or None. Raises ClusterError."""
    if given.ray is None:
        yield None
        return
    with Cluster(given.ray, given.num_proc) as cluster:
        cluster.expect_equal(kg)
        yield cluster


def _written(
    folder: Path, rows: Dataset, facts: Mapping[str, Any], configs: Mapping[str, Dataset]
) -> tuple[dict[str, Any], list[str]]:
    """Write the folder; returns its manifest, and what became of the reviews of the folder that was there."""
    reviews = number_of_reviews(folder)
    manifest = write(folder, split_rows(rows), facts, configs)
    remember(folder)
    return manifest, carried_lines(folder, reviews, manifest)


def _chosen(questions: Sequence[dict[str, Any]], given: argparse.Namespace) -> tuple[Chosen, dict[str, Any]]:
    """The questions of this part with their options as --shuffle-options wants them, and the entry of the manifest's inputs on it."""
    questions, said = shuffle_options(questions, given.shuffle_options)
    return choose(questions, given.shard), {"shuffle_options": said} if said else {}


def _notes_on_rows(
    kg: KG,
    left_out: Mapping[str, str],
    shuffle: Mapping[str, Any],
    origins: Sequence[Origin],
    contamination: Mapping[str, Any],
) -> list[str]:
    """What is to be known of the embedder, sources left out, options in a drawn order, sources that are not pinned, benchmarks that were checked or not."""
    lines = [*embedder_notes(kg.embedder), *left_out_note(left_out), *shuffle_note(shuffle)]
    return [*lines, *pins(origins), *describe_check(contamination)]


def _is_pinned(origins: Iterable[Origin], kg: KG) -> bool:
    """Whether a rebuild must read the same rows and vectors."""
    return all(origin.pinned for origin in origins) and kg.embedder.revision != UNPINNED


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        OUT.print(line, markup=False)


def _open(kg: KG, reader: ClaimReader | None) -> None:
    """Load what worker processes then share."""
    kg.open()
    if reader:
        reader.open()


def _inputs(
    kg: KG,
    reader: ClaimReader | None,
    seed: int,
    models: Models,
    choices: Mapping[str, Any],
    contamination: Mapping[str, Any],
) -> dict[str, Any]:
    """The inputs of the rows besides the sources; they are part of the content hash."""
    return {
        "graph": kg.digest,
        "embedder": kg.embedder.facts(),
        "seed": seed,
        **({"models": model_names(models)} if models else {}),
        **choices,
        **({"relevance": about()} if "min_relevance" in choices else {}),
        "claims": reader.inputs if reader else {"name": "none"},
        "benchmarks": {key: contamination[key] for key in ("strict", "embedder", "checked")},
    }


def run_facts(started: float, runs: Sequence[StageRun]) -> dict[str, Any]:
    """The facts that differ from run to run; they are not part of the content hash."""
    return {
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(time.time() - started, 1),
        "stages": [stage_facts(r) for r in runs],
        "git": git_state(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in VERSIONS},
    }


def stage_facts(one: StageRun) -> dict[str, Any]:
    """Time and rejected rows of one stage and, where it calls a model, calls and costs."""
    more = {"rejected": one.rejected} if one.rejected else {}
    more |= {"calls": one.calls.as_dict()} if one.calls else {}
    return {"stage": one.stage, "seconds": round(one.seconds, 2), "cached": one.cached, **more}


def left_out_note(left_out: Mapping[str, str]) -> list[str]:
    """The sources that --license commercial leaves out, with their licenses."""
    return [f"Left out by --license commercial: {with_licenses(left_out)}"] if left_out else []


def shuffle_note(shuffle: Mapping[str, Any]) -> list[str]:
    """How many questions have their options in a drawn order, and how many keep the published one, by reason."""
    if not shuffle:
        return []
    said = shuffle["shuffle_options"]
    kept = ", ".join(f"{number} {why}" for why, number in said["kept"].items()) or "none"
    shuffled = f"Options of {said['shuffled']} questions in a drawn order (--shuffle-options {said['seed']})"
    return [f"{shuffled}; in the published one: {kept} (docs/sources.md)."]


def embedder_notes(embedder: Embedder) -> list[str]:
    """Warnings about an embedder: its revision is not pinned, or it is not calibrated."""
    lines = []
    if embedder.revision == UNPINNED:
        lines.append(f"Embedder {embedder} is not pinned to a revision: use --embedder {embedder.model}@REVISION.")
    if embedder.accept is None:
        lines.append(
            f"Embedder {embedder} is not calibrated: it only ranks similar names; they are accepted by their text score."
        )
    return lines
