"""Every reason code, and what it says of a row: from reasons.tsv or, for a code that is not there, from its stage's docstring."""

import ast
import re
from pathlib import Path

TABLE = Path(__file__).with_name("reasons.tsv")
STAGES = Path(__file__).parents[1] / "stages"
_REJECTS = re.compile(r"Rejects: ([a-z_]+(?:(?:, | or )(?!where|whichever)[a-z_]+)*)(?:, where ([^.]*))?")


def reason_meanings() -> dict[str, str]:
    """Code to meaning, in few words: what reading a source rejects, what models and costs do, what each stage rejects."""
    meanings = {code: meaning for code, meaning, _ in _table()}
    own = {code: meaning for codes in rejections().values() for code, meaning in codes.items()}
    return meanings | {code: meaning for code, meaning in own.items() if code not in meanings}


def rejecting_stages() -> dict[str, str]:
    """Code to the stages that reject by it, in words."""
    found = {code: [where] if where else [] for code, _, where in _table()}
    for stage, codes in rejections().items():
        for code in codes:
            found.setdefault(code, []).append(stage)
    return {code: ", ".join(stages) for code, stages in found.items()}


def _table() -> list[list[str]]:
    """Code, meaning and, where a code is not only one stage's, who rejects by it."""
    return [line.split("\t") for line in TABLE.read_text("utf-8").splitlines()]


def rejections() -> dict[str, dict[str, str]]:
    """Per stage the codes that its docstring says it rejects with, each with what the docstring says of it.

    Read from the files: a page of a dataset needs no stage's imports.
    """
    found: dict[str, dict[str, str]] = {}
    for path in sorted(STAGES.glob("*.py")):
        functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
        docstring = next((ast.get_docstring(node) or "" for node in functions if node.name == path.stem), "")
        for codes, where in _REJECTS.findall(" ".join(docstring.split())):
            found.setdefault(path.stem, {}).update({str(code): where for code in re.split(", | or ", codes)})
    return found
