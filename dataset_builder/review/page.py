"""The page of one rater: a single HTML file with the cases, that needs no network, no server and no other file.

Its Content-Security-Policy allows only the embedded style and script. The cases are JSON in which no character can end the element.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dataset_builder.configs import STEP_LABELS
from dataset_builder.publishing.learning.step_texts import step_spans
from dataset_builder.publishing.reviews.values import (
    HIGHEST,
    LOWEST,
    MOST_CHARACTERS,
    MOST_OF_SPECIALTY,
    MOST_YEARS,
    VERSION,
)
from dataset_builder.review.study import Placed

HERE = Path(__file__).parent
SCRIPTS = ("answers.js", "form.js", "keys.js", "review.js")
SCALES = (  # column of the config, question, what 1 and 5 mean
    ("accuracy", "Medical accuracy", "seriously wrong", "all correct"),
    ("coherence", "Coherence of the reasoning", "steps do not follow", "every step follows"),
    ("relevance", "Relevance to the case", "beside the point", "all of it matters here"),
    ("usefulness", "Usefulness for teaching", "would mislead", "could be used as it is"),
)
STEP_MEANINGS = {
    "correct": "medically true, and it may be concluded here",
    "wrong": "medically false, or it does not follow",
    "unsupported": "stated without a basis in the case or in accepted knowledge",
    "irrelevant": "true, but it does not help to answer this question",
}
_FILES = Environment(
    loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True
)


def page_of(study: str, rater: str, placed: Sequence[Placed]) -> str:
    """The page's HTML. It tells nothing of where a text comes from: `data_of` is all that it has of the rows."""
    style = (HERE / "review.css").read_text("utf-8")
    script = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
    allowed = f"style-src 'sha256-{_sha256(style)}'; script-src 'sha256-{_sha256(script)}'"
    return _FILES.get_template("review.html.jinja").render(
        policy=f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'",
        style=style,
        script=script,
        data=_in_html(data_of(study, rater, placed)),
        form=_in_html(form()),
        study=study,
        rater=rater,
        items=len(placed),
        sides=max(len(one.texts) for one in placed),
        scales=SCALES,
        step_meanings=STEP_MEANINGS,
        most_years=MOST_YEARS,
        most_of_specialty=MOST_OF_SPECIALTY,
    )


def data_of(study: str, rater: str, placed: Sequence[Placed]) -> dict[str, Any]:
    """What the page knows of the cases: the question with its context and options, and the texts in parts."""
    return {
        "version": VERSION,
        "study": study,
        "rater": rater,
        "items": [
            {
                "question": one.case.question,
                "context": one.case.context,
                "options": [list(option) for option in one.case.options],
                "texts": [parts_of(text.text) for text in one.texts],
            }
            for one in placed
        ],
    }


def form() -> dict[str, Any]:
    """The answers that the page offers."""
    return {
        "labels": list(STEP_LABELS),
        "scales": [dict(zip(("name", "title", "low", "high"), scale, strict=True)) for scale in SCALES],
        "values": list(range(LOWEST, HIGHEST + 1)),
        "mostCharacters": MOST_CHARACTERS,
        "mostYears": MOST_YEARS,
        "mostOfSpecialty": MOST_OF_SPECIALTY,
    }


def parts_of(text: str) -> list[dict[str, Any]]:
    """A rationale in parts: its steps, numbered as in the config `steps`, and the headings between them. No word is left out."""
    parts: list[dict[str, Any]] = []
    at = 0
    for number, (start, end) in enumerate(step_spans(text), 1):
        parts += [{"step": 0, "text": between}] if (between := text[at:start].strip()) else []
        parts.append({"step": number, "text": text[start:end]})
        at = end
    return parts + ([{"step": 0, "text": rest}] if (rest := text[at:].strip()) else [])


def _in_html(value: Any) -> str:
    """JSON in which no text can close its element."""
    return (
        json.dumps(value, ensure_ascii=False).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
