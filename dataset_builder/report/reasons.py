"""The meaning of every reason code: from reasons.tsv or, for a code that is not there, from its stage's docstring."""

import ast
import re
from pathlib import Path

TABLE = Path(__file__).with_name("reasons.tsv")
STAGES = Path(__file__).parents[1] / "stages"
_REJECTS = re.compile(r"Rejects: ([a-z_]+(?:(?:, | or )(?!where|whichever)[a-z_]+)*)(?:, where ([^.]*))?")


def reason_meanings() -> dict[str, str]:
    """Code to meaning, in a few words: rejections when a source is read, by models and costs, and by each stage."""
    meanings = {code: meaning for code, meaning, _ in _table()}
    own = {code: meaning for codes in rejections().values() for code, meaning in codes.items()}
    return meanings | {code: meaning for code, meaning in own.items() if code not in meanings}


def rejecting_stages() -> dict[str, str]:
    """Code to the stages that reject with it, in words."""
    found = {code: [where] if where else [] for code, _, where in _table()}
    for stage, codes in rejections().items():
        for code in codes:
            found.setdefault(code, []).append(stage)
    return {code: ", ".join(stages) for code, stages in found.items()}


def _table() -> list[list[str]]:
    """Code, meaning and, where a code does not belong to one stage only, where rows are rejected with it."""
    return [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()]


def rejections() -> dict[str, dict[str, str]]:
    """Per stage the codes with which it rejects according to its docstring, each with the docstring's words about it.

    Read from the source files, so that a page needs no imports of stages.
    """
    found: dict[str, dict[str, str]] = {}
    for path in sorted(STAGES.glob("*.py")):
        functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
        docstring = next((ast.get_docstring(node) or "" for node in functions if node.name == path.stem), "")
        for codes, where in _REJECTS.findall(" ".join(docstring.split())):
            found.setdefault(path.stem, {}).update({str(code): where for code in re.split(", | or ", codes)})
    return found
