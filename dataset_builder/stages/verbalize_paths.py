"""Write a rationale from graph facts alone, in MedReason's three parts: paths found, reasoning step by step, conclusion.

No language model: every sentence states the relations of one hop. The conclusion is the gold answer. So this is a control
arm for the pipelines that reason; it does not show that the answer follows from the steps.
"""

from typing import Any

from dataset_builder.prompt import path_line
from dataset_builder.stage import Batch, stage


@stage(needs="paths answer answer_label answer_type", adds="rationale")
def verbalize_paths(batch: Batch) -> dict[str, list]:
    """Rejects nothing."""
    return {
        "rationale": [
            _rationale(paths, _conclusion(answer, label, answer_type))
            for paths, answer, label, answer_type in zip(
                batch["paths"], batch["answer"], batch["answer_label"], batch["answer_type"], strict=True
            )
        ]
    }


def _rationale(paths: list[dict[str, Any]], conclusion: str) -> str:
    found = "\n".join(f"{i}. {path_line(path)}" for i, path in enumerate(paths, 1))
    steps = "\n".join(f"{i}. {_steps(path)}" for i, path in enumerate(paths, 1))
    return f"**Finding reasoning paths:**\n{found}\n\n**Reasoning Process:**\n{steps}\n\n**Conclusion:**\n{conclusion}"


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
