"""Write a rationale from graph facts alone, in MedReason's three parts: paths found, reasoning step by step, conclusion.

No language model: every sentence states the relations of one hop. The conclusion is the gold answer. So this is a control
arm for the pipelines that reason; it does not show that the answer follows from the steps. After the steps of the paths, what the
graph says of other options: first those that share the relation with the answer, so that it does not tell them apart.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from dataset_builder.prompt import path_line
from dataset_builder.stage import Batch, stage


@stage(needs="paths answer answer_label answer_type", optional="contrasts", adds="rationale")
def verbalize_paths(batch: Batch) -> dict[str, list]:
    """Rejects nothing."""
    contrasts = batch.get("contrasts") or [None] * len(batch["paths"])
    return {
        "rationale": [
            _rationale(paths, of_options or [], _conclusion(answer, label, answer_type))
            for paths, of_options, answer, label, answer_type in zip(
                batch["paths"], contrasts, batch["answer"], batch["answer_label"], batch["answer_type"], strict=True
            )
        ]
    }


def _rationale(paths: list[dict[str, Any]], contrasts: list[dict[str, Any]], conclusion: str) -> str:
    found = "\n".join(f"{i}. {path_line(path)}" for i, path in enumerate(paths, 1))
    said = [*map(_steps, paths), *_contrast_steps(contrasts, paths)]
    steps = "\n".join(f"{i}. {step}" for i, step in enumerate(said, 1))
    return f"**Finding reasoning paths:**\n{found}\n\n**Reasoning Process:**\n{steps}\n\n**Conclusion:**\n{conclusion}"


def _contrast_steps(contrasts: Sequence[dict[str, Any]], paths: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A step for the options that share the last relation of a path, of each such path, and one for the others."""
    said: dict[int | None, list[str]] = {}
    for contrast in contrasts:
        said.setdefault(_shared_step(contrast, paths), []).append(_of_option(contrast))
    for number, sentences in sorted(said.items(), key=lambda item: item[0] or math.inf):
        options, share = ("Other options", "share") if len(sentences) > 1 else ("Another option", "shares")
        where = ", in the same kind of relation" if number is None else f" {share} the last relation of step {number}"
        yield f"{options}{where}: {' '.join(sentences)}"


def _shared_step(contrast: dict[str, Any], paths: Sequence[dict[str, Any]]) -> int | None:
    """The number of the first path that reaches the answer from the same node by one of the same relations."""
    for number, path in enumerate(paths, 1):
        if path["hops"] and path["nodes"][-2] == contrast["nodes"][1]:
            both = (
                {relation["display_relation"] for relation in hop} for hop in (path["hops"][-1], contrast["hops"][0])
            )
            if set.intersection(*both):
                return number
    return None


def _of_option(contrast: dict[str, Any]) -> str:
    """The statement. The option's words come before it where the node's name is another, so that a reader knows whose it is."""
    option = " ".join(contrast["option"].split()).strip(' .:"')
    words, name = _letters(option), _letters(contrast["names"][0])
    return _steps(contrast) if name in words or words in name else f"{option}: {_steps(contrast)}"


def _letters(text: str) -> str:
    """Letters and digits alone, so that "IL-2" is "IL2"."""
    return re.sub(r"[\W_]", "", text.casefold())


def _conclusion(answer: str, label: str | None, answer_type: str) -> str:
    """The conclusion with the answer. For yes, no or maybe, which name no entity, it refers to the source's own conclusion."""
    if answer_type == "yes/no/maybe":
        return f"These paths connect the question with the conclusion that its source draws. The answer is: {answer}"
    return (
        f"These paths connect the question with this answer: {f'{label}. ' if answer_type == 'choice' else ''}{answer}"
    )


def _steps(path: dict[str, Any]) -> str:
    """The path as sentences, one per hop."""
    return " ".join(_sentence(" and ".join(relation["statement"] for relation in hop)) for hop in path["hops"])


def _sentence(text: str) -> str:
    """The text with a capital letter and a full stop. A first word with capitals (a gene, an abbreviation) is kept."""
    first = text.split(" ", 1)[0]
    return (text[0].upper() + text[1:] if first.islower() else text) + "."
