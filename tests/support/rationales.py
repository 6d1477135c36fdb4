"""A question and rationales about it, for the tests of reasonmed's stages."""

import json
from typing import Any

OPTIONS = [
    {"label": "A", "text": "Gout"},
    {"label": "B", "text": "Pseudogout"},
    {"label": "C", "text": "Septic arthritis"},
]
QUESTION: dict[str, Any] = {
    "question": "A 61-year-old man has a hot, swollen great toe and negatively birefringent needles in it. What is it?",
    "context": None,
    "options": OPTIONS,
    "answer": "Gout",
    "answer_label": "A",
    "answer_type": "choice",
}
STEPS = "1. The cause of a painful toe is asked.\n2. Needles are urate.\n3. Crystals decide."


def rationale(label: str = "A", steps: str = STEPS) -> str:
    """A text that ends with this option."""
    return f"{steps}\n\nFinal answer: {label}"


def candidate(text: str | None, model: str = "m", temperature: float = 0.7) -> dict[str, Any]:
    """One of the column `candidates`."""
    return {"model": model, "temperature": temperature, "text": text, "failure": None if text else "llm_failed: cut"}


def verdict(label: str, reason: str = "so", votes: tuple[str, ...] = ()) -> dict[str, Any]:
    """One of the column `verdicts`."""
    return {"label": label, "by": "judge", "reason": reason, "answer": "A", "votes": list(votes)}


def judged(verdict: str, reason: str = "so") -> str:
    """A judge's reply."""
    return json.dumps({"reason": reason, "verdict": verdict})


def batch(**more: Any) -> dict[str, list[Any]]:
    """The question with these columns, as a batch of one row."""
    return {name: [value] for name, value in (QUESTION | more).items()}
