"""Which of these configs rows of questions give, and their rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataset_builder.configs import CONFIGS
from dataset_builder.publishing.learning.preference import preference_rows
from dataset_builder.publishing.learning.rl import rl_rows
from dataset_builder.publishing.learning.steps import steps_rows
from dataset_builder.publishing.unroll import prompt_of
from dataset_builder.row import QUESTION, as_features

if TYPE_CHECKING:
    from datasets import Features

Row = dict[str, Any]
Rows = Callable[[Mapping[str, Any], list[dict[str, str]]], Iterator[Row]]
LEARNING: dict[str, Rows] = {"rl": rl_rows, "preference": preference_rows, "steps": steps_rows}
# the columns from which each is made; of several lists, one suffices
_NEEDS: dict[str, tuple[set[str], ...]] = {
    "rl": (set(QUESTION),),
    "preference": ({*QUESTION, "candidates", "verdicts"},),
    "steps": ({*QUESTION, "rationales", "responses"}, {*QUESTION, "rationale"}),
}


def learning_of(columns: Sequence[str]) -> tuple[str, ...]:
    """The configs that rows with these columns give."""
    return tuple(name for name, needs in _NEEDS.items() if any(some <= set(columns) for some in needs))


def learning_types(name: str) -> "Features":
    """The columns of one of these configs."""
    return as_features(CONFIGS[name].columns)


def learning_rows(questions: Iterable[Mapping[str, Any]], names: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of these configs by name, from published rows of questions, in their order."""
    found: dict[str, list[Row]] = {name: [] for name in names}
    for question in questions if names else ():
        prompt = prompt_of(question)
        for name, rows in found.items():
            rows += LEARNING[name](question, prompt)
    return found
