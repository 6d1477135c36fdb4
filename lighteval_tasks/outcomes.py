"""The outcomes of a run, item by item, read from the details that lighteval keeps (`--save-details`, or `score`)."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks.items import TASKS, item_and_order, parts_of, question_id
from lighteval_tasks.prompts import PROMPT_NAMES, split_suffix
from lighteval_tasks.readings import Reading, read

DETAILS = re.compile(r"details_medical:(?P<task>\w+)\|(?P<shots>\d+)_(?P<date>[\d.T-]+)\.parquet")


@dataclass(frozen=True)
class Outcome:
    """The outcome of one output: what was read from it, and how it ended. Each item has one, with several orders one per order."""

    id: str
    config: str
    gold: str
    reading: Reading
    truncated: bool
    failed: bool
    tokens: float  # NaN: not known
    option: str | None = None  # the text of the option that was chosen; None: no answer was read

    @property
    def item(self) -> str:
        """The id of its item, which may have been asked in several orders of its options."""
        return item_and_order(self.id)[0]

    @property
    def order(self) -> int:
        """The number of the order of its options; 0 is the published one."""
        return item_and_order(self.id)[1]

    @property
    def question(self) -> str:
        """The id of its question, as in ledgers."""
        return question_id(self.id)


@dataclass(frozen=True)
class TaskOutcomes:
    """The outcomes of a task, by source and prompt. ``part``: the config, if the task has only one; else empty."""

    source: str
    part: str
    prompt: str
    outcomes: list[Outcome]

    @property
    def name(self) -> str:
        """The task's name in lighteval, without ``medical:``."""
        suffix = next(suffix for suffix, prompt in PROMPT_NAMES.items() if prompt == self.prompt)
        return "_".join(part for part in (self.source, self.part) if part) + suffix

    @property
    def task(self) -> str:
        """The name without the prompt."""
        return "_".join(part for part in (self.source, self.part) if part)


def read_run(folder: Path, stop_ids: Collection[int] = ()) -> list[TaskOutcomes]:
    """The outcomes of every task in lighteval's output folder (the newest of each), in the order of prompts and SOURCES.

    ``stop_ids``: the tokens that end an answer of a local model. With them truncated outputs are found exactly, not guessed from the
    length. Raises SourceError where there are no details, or details of several models.
    """
    newest = newest_details(folder)
    tasks = [_task(name, path, stop_ids) for name, path in newest.items()]
    prompts = list(PROMPT_NAMES.values())
    return sorted(tasks, key=lambda task: (prompts.index(task.prompt), TASKS.index(task.source), task.part))


def newest_details(folder: Path) -> dict[str, Path]:
    """The newest details of every task in lighteval's output folder. Raises SourceError where there are none, or of several models."""
    newest: dict[str, tuple[str, Path]] = {}
    for path in sorted(folder.rglob("details_medical:*.parquet")):
        if match := DETAILS.fullmatch(path.name):
            newest[match["task"]] = max(newest.get(match["task"], ("", path)), (match["date"], path))
    if not newest:
        raise SourceError(
            f"{folder}: found no details of a medical task; expected …/details/<model>/<date>/details_medical:*.parquet, "
            "as `make score` and `lighteval … --save-details` write them"
        )
    models = {str(path.parent.parent) for _, path in newest.values()}
    if len(models) > 1:
        raise SourceError(
            f"{folder} contains the details of several models: {', '.join(sorted(models))}; expected one, so give the folder of one"
        )
    return {task: path for task, (_, path) in newest.items()}


def split_name(name: str) -> tuple[str, str, str]:
    """Source, part and prompt from a task's name. Raises SourceError for an unknown name."""
    base, suffix = split_suffix(name)
    source = max((known for known in TASKS if base == known or base.startswith(f"{known}_")), key=len, default=None)
    part = base.removeprefix(source or "").removeprefix("_")
    if source is None or (part and part not in parts_of(source)):
        suffixes = " or ".join(suffix for suffix in PROMPT_NAMES if suffix)
        known = [f"{task}[_CONFIG]" if parts_of(task) else task for task in TASKS]
        configs = f"; configs of {source}: {', '.join(parts_of(source)) or 'none'}" if source else ""
        raise SourceError(f"unknown task {name!r}; known: {', '.join(known)}, and each with {suffixes}{configs}")
    return source, part, PROMPT_NAMES[suffix]


def _task(name: str, path: Path, stop_ids: Collection[int]) -> TaskOutcomes:
    rows = pyarrow.parquet.read_table(path, columns=["doc", "model_response", "metric"]).to_pylist()
    return TaskOutcomes(*split_name(name), [_outcome(row, stop_ids) for row in rows])


def _outcome(row: dict[str, Any], stop_ids: Collection[int]) -> Outcome:
    item, metric, response = row["doc"]["specific"], row["metric"], row["model_response"]
    truncated, tokens = bool(metric["truncated"]), metric["output_tokens"]
    if stop_ids and response["output_tokens"]:
        truncated, tokens = ended(response["output_tokens"][0], stop_ids)
    failed = bool(metric["failed"])
    reading = read(response["text"][0] or "", item["options"], item["gold"], failed=failed)
    return Outcome(
        id=item["id"],
        config=item["config"],
        gold=item["gold"],
        reading=reading,
        truncated=truncated,
        failed=failed,
        tokens=float("nan") if tokens is None else tokens,
        option=next((one["text"] for one in item["options"] if one["label"] == reading.label), None),
    )


def ended(tokens: Sequence[int], stop_ids: Collection[int]) -> tuple[bool, float]:
    """Whether an output has no stop token, so was truncated; and its length without stop token and padding."""
    length = next((i for i, token in enumerate(tokens) if token in stop_ids), None)
    return length is None, float(len(tokens) if length is None else length)
