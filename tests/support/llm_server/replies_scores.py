"""A scripted examinee: it knows a given share of the answers, and states its right or wrong answers in many styles.

It finds a question by its prompt among the items of the tasks in $MEDICAL_DATA_DIR, in every prompt of the tasks.
$SCRIPTED_SHARE (0.7): the share of right answers. `chosen` returns the label that it intends, so that a test knows the truth.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks.items import TASKS, ask, read_items
from lighteval_tasks.prompts import LETTERED, PROMPTS
from tests.support.llm_server.settings import Settings

Style = Callable[[str, str], str]

# label and text of the option meant; every one of these commits to it, and only to it
STYLES: tuple[Style, ...] = (
    lambda label, text: f"The answer is {label}.",
    lambda label, text: (
        f"## Thinking\n\nWe weigh each finding in turn.\n\n## Final Answer\n\nThe answer is {label}. {text}"
    ),
    lambda label, text: f"<think>Perhaps the answer is another one. No.</think>\n\nAnswer: {label}",
    lambda label, text: f'{{"step_by_step_thinking": "Each was weighed.", "answer_choice": "{label}"}}',
    lambda label, text: f"Every step was weighed, and so \\boxed{{{label}}}",
    lambda label, text: f"**Answer:** ({label})",
    lambda label, text: f"{label}. {text}",
    lambda label, text: f"Let us go through it step by step. Therefore, the correct answer is **{label}**.",
    lambda label, text: (
        f"The correct option is ({label}).\n\nQuestion: What is next?\nA. this\nB. that\nThe answer is A."
    ),
    lambda label, text: label,
)
# none of these commits to an option
SILENT = (
    "I cannot determine the answer from what is given.",
    "",
    "<think>The patient has a finding, so the answer is A. But then",
    "The question needs more details before anybody",
)


def items() -> dict[str, dict[str, Any]]:
    """Prompt to item: of every task whose source is in $MEDICAL_DATA_DIR."""
    return _items(Path(os.environ["MEDICAL_DATA_DIR"]))


@functools.cache
def _items(folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for name in TASKS:
        try:
            rows = read_items(name, folder).rows
        except SourceError:
            continue
        for row in rows:
            for prompt in PROMPTS.values():
                found.setdefault(ask(row, prompt), row | {"prompt": prompt})
    return found


def draw(prompt: str, what: str) -> float:
    """A number in [0, 1) of this prompt."""
    return int.from_bytes(hashlib.blake2b(f"{what}|{prompt}".encode(), digest_size=8).digest(), "big") / 2**64


def chosen(prompt: str) -> str | None:
    """The label that the examinee means; None where it does not commit itself."""
    row = items()[prompt]
    share = float(os.environ.get("SCRIPTED_SHARE", "0.7"))
    if draw(prompt, "knows") < share:
        return row["answer_label"]
    others = [option["label"] for option in row["options"] if option["label"] != row["answer_label"]]
    which = int(draw(prompt, "errs") * (len(others) + 1))
    return others[which] if which < len(others) else None


def reply(request: dict[str, Any], settings: Settings = Settings()) -> str:  # noqa: B008  frozen
    """What it says to the last message."""
    prompt = request["messages"][-1]["content"]
    label = chosen(prompt)
    styles = SILENT if label is None else STYLES
    style = styles[int(draw(prompt, "style") * len(styles))]
    if isinstance(style, str):
        return style
    assert label is not None
    row = items()[prompt]
    text = next(option["text"] for option in row["options"] if option["label"] == label)
    lettered = row["answer_type"] == "choice" or row["prompt"] in LETTERED
    return style(label if lettered else text, text)
