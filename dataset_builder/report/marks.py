"""The marked parts of a row's texts: mentions in the question, checked claims in a rationale.

Offsets of a dataset count characters; those of JavaScript count UTF-16 units, two for a character beyond the first plane.
"""

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]


def utf16(text: str, offset: int) -> int:
    """An offset in characters as one in UTF-16 units."""
    return offset if text.isascii() else len(text[:offset].encode("utf-16-le")) // 2


def mentions_of(row: Row) -> list[dict[str, Any]]:
    """The mentions in question and answer, each with its node."""
    nodes = {node["mention"]: node for node in row.get("nodes") or ()}
    found = []
    for number, mention in enumerate(row.get("mentions") or ()):
        marked: dict[str, Any] = {name: mention[name] for name in ("place", "text", "type") if mention[name]}
        if mention["place"] == "question" and mention["start"] is not None:
            marked["at"] = [utf16(row["question"], mention[end]) for end in ("start", "end")]
        if node := nodes.get(number):
            marked |= {"node": node["name"], "method": node["method"], "score": node["score"]}
        found.append(marked | {flag: True for flag in ("negated", "family") if mention.get(flag)})
    return found


def rationales_of(row: Row) -> list[dict[str, Any]]:
    """A row's rationales with verdict and checked claims and, where present, response, scores and support."""
    if "rationales" not in row:
        if not row.get("rationale"):
            return []
        support = _at(row.get("support"), 0)
        return [
            {"text": row["rationale"], "verdict": row.get("verdict"), "support": support, "claims": _claims(row, None)}
        ]
    several = []
    for number, rationale in enumerate(row["rationales"] or ()):
        more = {name: _at(row.get(column), number) for name, column in MORE.items()}
        several.append({**rationale, **more, "claims": _claims(row, number)})
    return several


MORE = {"response": "responses", "scores": "scores", "support": "support"}


def _at(values: list[Any] | None, number: int) -> Any:
    return values[number] if values and number < len(values) else None


def _claims(row: Row, rationale: int | None) -> list[dict[str, Any]]:
    text = row["rationale"] if rationale is None else row["rationales"][rationale]["text"]
    return [
        {
            "at": [utf16(text, check[end]) for end in ("start", "end")],
            "verdict": check["verdict"],
            "says": _said(check),
            "graph": check.get("graph"),
        }
        for check in row.get("hop_checks") or ()
        if check["rationale"] in (None, rationale)
    ]


MODES = {"hedged": " (supposed)", "patient": " (of one patient)"}


def _said(check: Row) -> str:
    relation = check.get("stated") or "named together"
    mode = MODES.get(check.get("mode") or "", "")
    return f"{check['from_name']} · {'not ' if check.get('negated') else ''}{relation} · {check['to_name']}{mode}"


def samples_of(row: Row) -> list[dict[str, Any]]:
    """All texts that were written for a question, with outcome: samples in their order, then the editor's texts."""
    grades = {grade["candidate"]: grade for grade in row.get("ranking") or ()}
    samples = []
    for number, sample in enumerate(row.get("candidates") or ()):
        verdict = _at(row.get("verdicts"), number)
        grade = grades.get(number)
        samples.append(
            {**sample, "verdict": verdict, "grade": grade and grade["score"], "kept": grade and grade["kept"]}
        )
    return samples + [{**text, "editor": True} for text in row.get("refined") or ()]
