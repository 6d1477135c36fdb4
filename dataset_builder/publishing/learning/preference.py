"""Pairs of texts on one question, of which one is better, and as long as the other: the config `preference`.

What makes a text better must not be its length: a trainer would learn that first. Of all pairs that a question offers for a reason,
the one whose texts are most nearly of equal length is taken, and none where one is more than half as long again as the other.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dataset_builder.configs import MOST_LONGER


@dataclass(frozen=True)
class Text:
    """A text of a question: who wrote it, and in which column of the question's row it stands, at which position counted from 0."""

    text: str
    model: str
    column: str
    position: int

    @property
    def message(self) -> list[dict[str, str]]:
        """The text as the assistant's turn."""
        return [{"role": "assistant", "content": self.text}]


Pair = tuple[Text, Text]  # chosen, rejected


def preference_rows(question: Mapping[str, Any], prompt: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    """At most one pair for each reason in REASONS."""
    for why, pairs_of in REASONS.items():
        if pair := nearest(pairs_of(question), question["id"]):
            yield _row(question, prompt, why, *pair)


def right_and_wrong(question: Mapping[str, Any]) -> Iterator[Pair]:
    """Samples with the gold answer, judged right, against those that end with another option. Unjudged ones are in no pair."""
    gold = question["answer_label"]
    judged = list(zip(_texts(question, "candidates"), question["verdicts"] or (), strict=False))
    right = [text for text, said in judged if text and said["label"] == "right" and said["answer"] == gold]
    wrong = [text for text, said in judged if text and said["label"] == "wrong" and said["answer"] not in (None, gold)]
    return ((a, b) for a in right for b in wrong)


def supported_and_contradicted(question: Mapping[str, Any]) -> Iterator[Pair]:
    """Kept rationales, which are all right, of which the graph supports a claim and contradicts none, against those with a contradicted one."""
    read = list(zip(_texts(question, "rationales"), question.get("support") or (), strict=False))
    supported = [text for text, support in read if text and support["supported"] and not support["contradicted"]]
    contradicted = [text for text, support in read if text and support["contradicted"]]
    return ((a, b) for a in supported for b in contradicted)


def refined_and_original(question: Mapping[str, Any]) -> Iterator[Pair]:
    """Texts of the editor that have passed, against the samples that they repair."""
    originals = dict(enumerate(_texts(question, "candidates")))
    for text, rationale in zip(_texts(question, "rationales"), question.get("rationales") or (), strict=True):
        original = originals.get(rationale["candidate"])
        if text and original and rationale["rounds"]:
            yield text, original


REASONS: dict[str, Callable[[Mapping[str, Any]], Iterator[Pair]]] = {
    "right/wrong": right_and_wrong,
    "supported/contradicted": supported_and_contradicted,
    "refined/original": refined_and_original,
}


def nearest(pairs: Iterable[Pair], seed: str) -> Pair | None:
    """The pair whose texts differ least in length, and in more than white space; None where one is much longer than the other in all.

    Of several such ones, that which a hash of ``seed`` and their texts draws. Texts are read from the nearest pair on, only as far as needed.
    """
    for _, alike in groupby(sorted(filter(_nearly_as_long, pairs), key=_apart), key=_apart):
        if differing := [pair for pair in alike if _differ(*pair)]:
            return min(differing, key=lambda pair: _draw(seed, pair))
    return None


def _apart(pair: Pair) -> int:
    return abs(len(pair[0].text) - len(pair[1].text))


def _nearly_as_long(pair: Pair) -> bool:
    shorter, longer = sorted(len(one.text) for one in pair)
    return longer <= MOST_LONGER * shorter


def _differ(one: Text, other: Text) -> bool:
    return one.text.split() != other.text.split()


def _draw(seed: str, pair: Pair) -> bytes:
    told = "\x1f".join((seed, pair[0].text, pair[1].text))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()


def _texts(question: Mapping[str, Any], column: str) -> list[Text | None]:
    """The texts of a column, by number; None where none came."""
    found = enumerate(question.get(column) or ())
    return [Text(one["text"], one["model"], column, number) if one["text"] else None for number, one in found]


def _row(
    question: Mapping[str, Any], prompt: list[dict[str, str]], why: str, chosen: Text, rejected: Text
) -> dict[str, Any]:
    same = {name: question[name] for name in ("source", "license")} | {"prompt": prompt, "why": why}
    row = {"id": f"{question['id']}#{why}", **same, "tier": question.get("tier")}
    for name, text in (("chosen", chosen), ("rejected", rejected)):
        row |= {name: text.message, f"{name}_model": text.model, f"{name}_length": len(text.text)}
        row |= {f"{name}_from": {"column": text.column, "position": text.position}}
    return row
