"""The order of a question's options: drawn from a seed and the question's id, or the published one where a text refers to it.

A permutation moves the options' texts. The labels A, B, C … stay where they are, and the gold label moves with its text. The id
stays, as it is a hash of the sorted options: so ledgers, repeats and parts of a build see the same question.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataset_builder.sources.packed_rows import PackedRows
from dataset_builder.sources.plain_text import plain

_ONE = r"\(?(?:[a-j]|[1-9]|i{1,3}|iv|v|vi{1,3})\)?"  # a letter, a small number or a Roman one, also in brackets
_AND = r"\s*(?:,\s*and|,\s*or|,|;|&|\+|\band\b|\bor\b|\bnor\b)\s*"
# an option that says something of other options, or of statements by their letter or number: a whole text
_WHOLE = re.compile(
    rf"(?:all|none|both|neither|either|any|all three|all four)(?: (?:are|is) (?:correct|true|right|wrong|false|incorrect|equal|possible))?"
    rf"|(?:both|only|neither|either|options?|choices?|statements?)?\s*{_ONE}(?:{_AND}{_ONE})+(?:\s*(?:only|both|alone))?"
    rf"(?:\s*(?:are|is)\s*(?:both\s*)?(?:correct|true|right|wrong|false|incorrect))?"
    r"|(?:both |only )?(?!.*([a-e]).*\1)[a-e]{2,5}"
)
_WITHIN = re.compile(
    r"\b(?:all|none|any|both|neither|either|some|one|two|more than one|combinations?)\s+(?:of\s+)?(?:the\s+)?(?:\w+\s+)?"
    r"(?:above|(?:other |given |listed |mentioned )?(?:options?|choices?|answers?|alternatives?))\b"
    r"|\b(?:all|none|any|both|neither|either|some|combination) of (?:these|those|them|the (?:following|others?|rest))(?:\s+\w+){0,2}$"
    r"|^all (?:three|four|five)(?: \w+)?$|\ball (?:of )?the (?:other|following)\b"
    r"|\b(?:the|mentioned|listed|of) above$"
    r"|^all are \w+$|^all (?:true|false|correct|wrong)$"
    r"|\b(?:options?|choices?|answers?)\s+\(?(?:[a-j]|[1-9])\b"
    r"|\b(?:both|neither|either)\s+\(?(?:[a-j]|[1-9]|i{1,3}|iv|v)\)?\s*(?:and|&|nor|or|,)\s*\(?(?:[a-j]|[1-9]|i{1,3}|iv|v)\b"
    r"|\b(?:first|second|third|fourth|fifth|last|previous|preceding|other|above)\s+(?:two\s+|three\s+)?(?:options?|choices?|answers?|alternatives?)\b"
)
# a text that names an option by its letter or its place
_NAMES = re.compile(
    r"\b(?:ans(?:wers?)?|opt(?:ions?)?|choices?|alternatives?|distractors?)\b\W{0,4}(?:(?:is|are|was|:)\W{0,4})?[\"'(\[]?[a-j]\b"
    r"|[(\[][a-j][)\]]"
    r"|(?:^|[\n;:]\s{0,9}|\.\s{1,9})[\"'(]?[a-j][\"')]{0,3}\s{0,9}(?:[.):]\s|i\.?\s?e\b|-\s|,\s{0,9}i\.?e\b)"
    r"|\b(?:first|second|third|fourth|fifth|last|above|previous|preceding|other|remaining)\s+(?:two\s+|three\s+)?(?:options?|choices?|answers?|alternatives?)\b"
    r"|\b(?:all|none|any|both) (?:of )?(?:the )?above\b",
    re.IGNORECASE,
)
_NAMED_CAPITAL = re.compile(r"(?<![\w.-])[B-J]\s+(?:is|are|was|and\s+[A-J]\b|or\s+[A-J]\b)(?!\w)")


def fixed_because(row: Mapping[str, Any]) -> str | None:
    """Why the options of a question can only stand in the published order; None: any order asks the same.

    ``open_question``: it has none. ``yes_no_maybe``: they are shown without labels, in one wording. ``option_refers``: an option
    speaks of other options, of their places, or of statements by letter or number ("all of the above", "both A and B", "1 and 3").
    ``question_refers``: question or context name an option by its letter. A text in doubt counts as one that refers.
    """
    if row["answer_type"] == "open" or len(row["options"]) < 2:
        return "open_question"
    if row["answer_type"] != "choice":
        return "yes_no_maybe"
    if any(refers(option["text"]) for option in row["options"]):
        return "option_refers"
    if any(re.search(r"\b(?:options?|choices?|answers?) \(?[A-J]\b", text or "") for text in _stem(row)):
        return "question_refers"
    return None


def refers(option: str) -> bool:
    """Whether an option's text speaks of other options or of places."""
    text = " ".join(plain(option).lower().split()).strip(" .,;:\"'")
    return bool(_WHOLE.fullmatch(text) or _WITHIN.search(text))


def names_options(text: str | None) -> bool:
    """Whether a text names an option by letter or place ("Ans. is B", "(c)", "the last option")."""
    shown = plain(text or "")
    return bool(_NAMES.search(shown) or _NAMED_CAPITAL.search(shown))


def _stem(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["question"], row["context"] or ""


def permutations(id_: str, options: int, number: int, seed: int = 0) -> list[tuple[int, ...]]:
    """``number`` different orders of so many options, or all where there are fewer; the first is the published one.

    An order lists the published positions, counted from 0, in the order in which they are shown. The others are drawn evenly from
    hashes of seed, id and the number of the draw: the same on every machine, in every version of Python.
    """
    found = [tuple(range(options))]
    draws = _draws(id_, options, seed)
    while len(found) < min(number, math.factorial(options)):
        if (order := next(draws)) not in found:
            found.append(order)
    return found


def _draws(id_: str, options: int, seed: int) -> Iterator[tuple[int, ...]]:
    draw = 0
    while True:
        yield tuple(sorted(range(options), key=lambda at: _hash(f"{seed}|{id_}|{draw}|{at}")))
        draw += 1


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def reordered(row: Mapping[str, Any], order: Sequence[int]) -> dict[str, Any]:
    """The question with its options in this order: labels stay in place, the gold label is that of the place of its text."""
    labels = [option["label"] for option in row["options"]]
    options = [{"label": label, "text": row["options"][at]["text"]} for label, at in zip(labels, order, strict=True)]
    return {**row, "options": options, "answer_label": labels[list(order).index(labels.index(row["answer_label"]))]}


def shuffle_options(
    questions: Sequence[dict[str, Any]], seed: int | None
) -> tuple[Sequence[dict[str, Any]], dict[str, Any]]:
    """The questions of a build, the options of each usable one in an order that is drawn for it, and what the manifest says of it.

    One draw in so many orders is the published one. A question keeps the published order where `fixed_because` says why, and where
    gold_text or reference_rationale names an option by its letter (``explanation_refers``), since this text would then name another
    one. These are counted by reason. ``seed`` None: nothing is done, and there is nothing to say.
    """
    if seed is None:
        return questions, {}
    kept, shuffled, made = Counter[str](), 0, PackedRows()
    for row in questions:
        if row["rejected_because"] is not None:  # it shows what the source has
            made.append(row)
        elif why := fixed_because(row) or explanation_refers(row):
            kept[why] += 1
            made.append(row)
        else:
            shuffled += 1
            made.append(reordered(row, next(_draws(row["id"], len(row["options"]), seed))))
    return made, {"seed": seed, "shuffled": shuffled, "kept": dict(sorted(kept.items()))}


def explanation_refers(row: Mapping[str, Any]) -> str | None:
    """``explanation_refers`` where a text that explains the answer names options; else None."""
    texts = (row["gold_text"] if row["gold_text"] != row["answer"] else None, row["reference_rationale"])
    return "explanation_refers" if any(map(names_options, texts)) else None
