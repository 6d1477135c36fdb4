"""The texts that a model is shown: a prompt file with its variables, a question, a stated answer, a reasoning path on one line."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, meta, nodes

FOLDER = Path(__file__).parent / "prompts"
QUESTION = (
    "question",
    "context",
    "options",
    "answer_type",
)  # the columns that show a question without its answer
ARROWS = {"forward": "—{}→", "backward": "←{}—", "undirected": "—{}—"}
_FILES = Environment(
    loader=FileSystemLoader(FOLDER),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # prompts are plain text
)


class Prompt:
    """The file ``prompts/<name>.jinja`` and its variables: ``Prompt("check_answer", *QUESTION, "reasoning")``.

    It is created when a module is imported, so a mistake is found before any row is read or any call is paid. Raises ValueError
    where the file does not exist, or uses a variable that is not declared.
    """

    def __init__(self, name: str, *variables: str) -> None:
        self.name, self.variables = name, frozenset(variables)
        if unknown := sorted(_variables(name) - self.variables):
            given = ", ".join(sorted(self.variables)) or "none"
            raise ValueError(
                f"prompts/{name}.jinja uses {', '.join(unknown)}, but the Prompt(…) in the code declares {given}; add it there, or change the file"
            )

    def render(self, **variables: Any) -> str:
        """The text, without white space at its ends. Raises TypeError for a variable that is missing or was not declared."""
        if variables.keys() != self.variables:
            raise TypeError(
                f"prompt {self.name!r} was given {sorted(variables)}; expected the declared ones: {sorted(self.variables)}"
            )
        return render(self.name, **variables)


@cache
def _variables(name: str) -> frozenset[str]:
    """The variables of a prompt file and of the files that it includes."""
    return frozenset(meta.find_undeclared_variables(_tree(name))).union(*map(_variables, included(name)))


@cache
def included(name: str) -> tuple[str, ...]:
    """The prompts that a prompt file includes."""
    return tuple(file.removesuffix(".jinja") for file in meta.find_referenced_templates(_tree(name)) if file)


def _tree(name: str) -> nodes.Template:
    try:
        return _FILES.parse((FOLDER / f"{name}.jinja").read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(f"there is no prompt {name!r}; expected the file {FOLDER}/{name}.jinja") from None


def render(name: str, **variables: Any) -> str:
    """The text of ``prompts/<name>.jinja``, without white space at its ends. Raises UndefinedError for a missing variable."""
    return _FILES.get_template(f"{name}.jinja").render(**variables).strip()


def question_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt variables of the question, without its answer."""
    return {name: row[name] for name in QUESTION}


def stated_answer(row: Mapping[str, Any]) -> str:
    """The gold answer in the words with which a completion ends."""
    return f"The answer is {row['answer_label']}. {row['answer']}" if row["answer_type"] == "choice" else row["answer"]


def path_line(path: dict[str, Any]) -> str:
    """The names with each hop's relations and direction: "Podagra ←phenotype present— gout". ``path``: from KG.describe."""
    parts = [path["names"][0]]
    for hop, name in zip(path["hops"], path["names"][1:], strict=True):
        parts += [ARROWS[direction_of(hop)].format(relations_of(hop)), name]
    return " ".join(parts)


def direction_of(hop: Sequence[Mapping[str, Any]]) -> str:
    """The direction of all relations of a hop: forward or backward along the path; undirected if they differ."""
    directions = {relation["direction"] for relation in hop}
    return directions.pop() if len(directions) == 1 else "undirected"


def relations_of(hop: Sequence[Mapping[str, Any]]) -> str:
    """The relations of a hop in words, joined by " / "."""
    return " / ".join(relation["display_relation"] for relation in hop)
