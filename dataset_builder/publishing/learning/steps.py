"""The published rationales in steps, each with what the graph says of the claims in it: the config `steps`.

A label is as good as the claim reader, and speaks only of the claims that it has read (docs/evidence.md). It is no judgement on a step.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataset_builder.claim_check.relations import PLAIN
from dataset_builder.publishing.learning.step_texts import step_spans

LABELS = ("contradicted", "supported", "unknown")
VERDICT = ("label", "by", "reason", "answer", "votes")


def steps_rows(question: Mapping[str, Any], prompt: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """A row per rationale that is published, with the id that it has in the config `cot`; the question's own where it has one rationale."""
    same = {name: question[name] for name in ("source", "license")} | {"prompt": prompt}
    for id_, number, rationale in rationales_of(question):
        claims = [one for one in question.get("hop_checks") or () if one["rationale"] == number]
        if steps := steps_of(rationale["text"], claims):
            verdict = rationale["verdict"] and {name: rationale["verdict"].get(name) for name in VERDICT}
            yield {"id": id_, **same, "model": rationale["model"], "steps": steps, "verdict": verdict}


def steps_of(text: str, claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps of a text. ``claims``: those that were read in it, as in `hop_checks`; a claim belongs to the step where its sentence begins."""
    counted = [(one["start"], one["verdict"]) for one in claims if one.get("mode") in PLAIN]
    steps = []
    for start, end in step_spans(text):
        inside = [verdict for at, verdict in counted if start <= at < end]
        label = next((label for label in LABELS if label in inside), "unknown")
        by = None if label == "unknown" else "graph"
        step = {"text": text[start:end], "start": start, "end": end, "label": label, "by": by}
        steps.append(step | {"claims": len(inside)})
    return steps


def rationales_of(question: Mapping[str, Any]) -> Iterator[tuple[str, int | None, Mapping[str, Any]]]:
    """Id, number in `hop_checks`, and text with model and verdict, of each rationale that is published."""
    if "rationales" in question:
        parts = zip(question["rationales"] or (), question.get("responses") or (), strict=False)
        for number, (rationale, response) in enumerate(parts):
            if response:
                yield f"{question['id']}#{number + 1}", number, rationale
    elif question.get("rationale"):
        verdict = question.get("verdict")
        yield question["id"], None, {"text": question["rationale"], "model": None, "verdict": verdict}
