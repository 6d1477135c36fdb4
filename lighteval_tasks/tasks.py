"""
name:
medical

dataset:
every source of dataset_builder/sources/table.py that has a test split

abstract:
Multiple-choice questions of the MedReason and ReasonMed papers' benchmarks, answered freely and read by one rule.

languages:
english

tags:
medical, generative

lighteval … "medical:medqa|0" --custom-tasks lighteval_tasks/tasks.py. Every source has one task per evaluation prompt (prompts.py):

- ``medical:medqa``: the question exactly as in training (question.jinja), with no instruction about the form of the answer
- ``medical:medqa_strict``: the response shall also end with "The answer is A."
- ``medical:medqa_huatuo_compat``: the papers' prompt, for their rule (its score: `published`)

A source with several configs also has these tasks per config (``medical:mmlu_medical_anatomy``). Items come from the Hub at the
pinned revision, or from $MEDICAL_DATA_DIR; options stand in the published order. $MEDICAL_ORDERS (`score --orders`): every item once more in each of so many orders;
then without `--max-samples`, which counts outputs. $MEDICAL_MAX_NEW_TOKENS: maximum length of an answer. $MEDICAL_KG: a graph,
against which the claims of the outputs are checked (factuality/metric.py).
"""

import os
import time
from dataclasses import dataclass
from typing import Any

from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

from dataset_builder.sources.table import SOURCES
from lighteval_tasks import endpoint
from lighteval_tasks.factuality.metric import claims
from lighteval_tasks.items import TASKS, ask, parts_of, prepare
from lighteval_tasks.metrics import answers
from lighteval_tasks.prompts import PROMPTS

# One maximum length for all tasks: lighteval 0.13's litellm backend mixes up answers if lengths differ within a run.
MAX_NEW_TOKENS = int(os.environ.get("MEDICAL_MAX_NEW_TOKENS", "4096"))
# lighteval keeps answers under model name and task, and would return answers of older weights with the same name. The prompt
# function is part of the key; with the time of this run in it, lighteval asks again.
RUN = f"{time.time_ns():x}"
CLAIMS = claims()  # one for all tasks, so that the graph is read once


@dataclass(frozen=True)
class Ask:
    """The prompt function: an item as lighteval's Doc."""

    prompt: str
    run: str

    def __call__(self, item: dict[str, Any], task_name: str) -> Doc:
        """The question in this prompt; id, options and gold label are passed to the metric and the details."""
        labels = [option["label"] for option in item["options"]]
        return Doc(
            task_name=task_name,
            query=ask(item, self.prompt),
            choices=labels,
            gold_index=labels.index(item["answer_label"]),
            specific={
                "id": item["id"],
                "config": item["config"] or "",
                "options": item["options"],
                "gold": item["answer_label"],
            },
        )


class Task(LightevalTaskConfig):
    """A task whose data are prepared when lighteval asks for them: a task that is not run needs no data."""

    @property
    def hf_repo(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A local folder with the items of this source, or of its config."""
        source, _, part = self._items.partition("/")
        return str(prepare(source, part or None))

    @hf_repo.setter
    def hf_repo(self, items: str) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._items = items


def task(name: str, items: str, suffix: str) -> Task:
    """The task ``medical:<name><suffix>`` of these items (a source, or source/config)."""
    return Task(
        name=f"medical:{name}{suffix}",
        prompt_function=Ask(PROMPTS[suffix], RUN),
        hf_repo=items,
        hf_subset="default",
        hf_revision=SOURCES[items.partition("/")[0]].revision,
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        few_shots_split="test",
        generation_size=MAX_NEW_TOKENS,
        stop_sequence=[],
        metrics=[answers(), *CLAIMS],
    )


def _parts(source: str) -> list[tuple[str, str]]:
    """(name, items) of the tasks of a source: the whole source and, if it has several configs, each config."""
    parts = [(f"{source}_{config}", f"{source}/{config}") for config in parts_of(source)]
    return [(source, source), *parts]


endpoint.watch()
TASKS_TABLE = [task(name, items, suffix) for source in TASKS for name, items in _parts(source) for suffix in PROMPTS]
