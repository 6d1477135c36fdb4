"""The checks of one row by itself: its characters, the answer that its rationale commits to, leaks, refusals, language, length."""

import re
import unicodedata
from array import array
from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np

from dataset_builder.answer_extraction import extract
from dataset_builder.answer_extraction.extraction import ERROR, UNDECLARED
from dataset_builder.answer_extraction.thoughts import is_unfinished
from dataset_builder.audit.characters import damaged
from dataset_builder.audit.records import Fault, Record
from dataset_builder.text_checks.rationale import parts
from dataset_builder.text_checks.rewritten import reveals_material, unsupported_citation
from dataset_builder.text_checks.style import MIN_WORDS, defects, loose_markdown, other_language

QUANTILES = (0, 1, 5, 25, 50, 75, 95, 99, 100)  # per cent
# Letters whose Unicode name begins otherwise are of another script; mathematics and units are not
OUR_SCRIPTS = (
    "LATIN", "GREEK", "FULLWIDTH LATIN", "MATHEMATICAL", "MODIFIER", "SCRIPT", "DOUBLE-STRUCK", "BLACK-LETTER", "KELVIN", "ANGSTROM", "OHM", "MICRO",
    "FEMININE", "MASCULINE", "ALEF", "BET SYMBOL", "COPTIC", "PLANCK", "TURNED", "INFORMATION", "SUPERSCRIPT", "SUBSCRIPT",
)  # fmt: skip
FAR = re.compile("[\u0400-\U0010ffff]")  # beyond Latin and Greek; letters of both come later too
# A last line of so many words that ends in none of these has no end; a shorter one may be an answer or a title
LONG_LINE = 8
ENDS = re.compile(r"[.!?:;)\]}>\"'\u2019\u201d\u3002*_`|%$\\]\s*\Z")
OPEN_END = re.compile(  # small letters: a last "A" is an option
    r"(?:\b(?:[Tt]he|an?|of|and|or|with|to|in|for|by|that|which|is|are|was|as|from|at|its|their)|(?<=\w),|[(\[])\s*\Z"
)


WRONG = {
    "answer_wrong": "wrong",
    "answer_concluded": "declares none, concludes with another",
    "answer_implied": "declares none, implies another",
}


class Answers:
    """What rationales commit to, against the gold option."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()

    def of(self, record: Record) -> tuple[str | None, list[Fault]]:
        """The text of the option that the rationale commits to, and what is wrong with it."""
        if not record.rationale or len(record.options) < 2:
            self.counts[
                "no rationale" if record.options else "options unread" if record.form == "unread" else "no options"
            ] += 1
            return None, []
        label, rule = extract(record.rationale, record.choices)
        self.rules[rule] += 1
        text = record.choices[label] if label else None
        if label is None:
            self.counts["commits to none"] += 1
            return None, [("answer_none", f"rule {rule}; the gold option is {record.label or 'not known'}")]
        if record.label is None:
            self.counts["no gold option known"] += 1
            return text, []
        gold = record.choices[record.label]
        if label == record.label or text == gold:
            self.counts["right"] += 1
            return text, []
        code = "answer_wrong" if is_declared(rule) else _implied(record, label)
        self.counts[WRONG[code]] += 1
        read = f"{label} ({text:.60}), by the rule {rule}; the gold option is {record.label} ({gold:.60})"
        return text, [(code, read)]


def _implied(record: Record, label: str) -> str:
    """The code of an answer that is not declared: in MedReason's texts the part titled "Conclusion" says it, in others the last sentences may."""
    titled, _ = parts(record.rationale)
    concluded = titled is not None and extract(titled.conclusion, record.choices).label == label
    return "answer_concluded" if concluded else "answer_implied"


def is_declared(rule: str) -> bool:
    """Whether a rule of `extract` reads an answer that is declared as one, and not only implied by what is discussed."""
    return not any(rule.startswith(f"{one.__name__}_") for one in UNDECLARED)


def faults_of_row(record: Record) -> list[Fault]:
    """What is damaged in any text of the row, each code once."""
    found = dict(record.faults)
    texts = {
        "question": record.question,
        "context": record.context,
        "answer": record.answer,
        "rationale": record.rationale,
    }
    texts |= {f"option {option['label']}": option["text"] for option in record.options}
    for where, text in texts.items():
        for code, what in damaged(text):
            found.setdefault(code, f"{where}: {what}")
    if ERROR.match(record.rationale):
        found["error_text"] = record.rationale[:100]
    return list(found.items())


def faults_of_style(record: Record) -> list[Fault]:
    """Leaks, refusals, copies, languages and marks of the rationale; languages of the question too."""
    text, shown = (
        "" if ERROR.match(record.rationale) else record.rationale,
        record.shown,
    )  # an endpoint's message has no style
    found = dict(defects(text, shown)) if text else {}
    if language := other_language(record.question):
        found.setdefault("other_language", f"the question is written in {language}")
    if "leaked_answer" not in found and (words := reveals_material(text, (), ())):
        found["mentions_material"] = f"it says {words!r}"
    if "other_language" not in found and (scripts := foreign_scripts(text)):
        found["mixed_script"] = (
            f"{', '.join(f'{count} of {name}' for name, count in scripts.most_common(3))}: {_sample(text)!r}"
        )
    for code, what in (
        ("loose_markdown", loose_markdown(text)),
        ("unsupported_citation", unsupported_citation(text, shown)),
    ):
        if what:
            found[code] = what
    return list(found.items())


def faults_of_length(record: Record, commits_to: str | None = None) -> list[Fault]:
    """A thought without an end, a text that ends within a sentence, a short text. ``commits_to``: the option that it commits to."""
    text, found = record.rationale, []
    if not text:
        return []
    if is_unfinished(text):
        found.append(("unfinished_thought", f"it ends: {text[-60:]}"))
    elif ends_within_sentence(text):
        found.append(("cut_off", f"it ends: {text[-60:]}"))
    elif commits_to is None and lacks_end(text):
        found.append(("no_end", f"it ends: {text[-60:]}"))
    if (words := len(text.split())) < MIN_WORDS:
        found.append(("short_rationale", f"{words} words"))
    return found


def ends_within_sentence(text: str) -> bool:
    """Whether a text ends in a word or a sign that needs another."""
    line = _last_line(text)
    return len(line.split()) >= 3 and bool(OPEN_END.search(line)) and not ENDS.search(line)


def lacks_end(text: str) -> bool:
    """Whether a text ends in a long line without an end; "The answer is B: gout" is an end."""
    line = _last_line(text).rpartition(": ")[2]
    return (
        len(line.split()) >= LONG_LINE
        and not ENDS.search(line)
        and not line.lstrip().startswith(("|", "#", "-", "*", "\u2022"))
    )


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


def foreign_scripts(text: str) -> Counter[str]:
    """How many letters of which other scripts a text has, by the first word of their Unicode names."""
    return Counter(name.split()[0].split("-")[0].capitalize() for name in map(_foreign, FAR.findall(text)) if name)


@lru_cache(maxsize=4096)
def _foreign(character: str) -> str:
    """The Unicode name of a letter of another script; empty for any other character."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    name = unicodedata.name(character, "")
    return "" if name.startswith(OUR_SCRIPTS) else name


def _sample(text: str) -> str:
    at = next(found.start() for found in FAR.finditer(text) if _foreign(found[0]))
    return text[max(0, at - 20) : at + 20]


class Lengths:
    """Words of questions and rationales: the numbers of all rows, four bytes each."""

    def __init__(self) -> None:
        self.words = {"question": array("i"), "rationale": array("i")}

    def see(self, record: Record) -> None:
        """Count the words of a row; a missing text counts in no quantile."""
        for name, text in (("question", record.question), ("rationale", record.rationale)):
            if text:
                self.words[name].append(len(text.split()))

    def quantiles(self) -> dict[str, dict[str, Any]]:
        """Of each text: how many, the mean and the quantiles, in words."""
        return {name: _quantiles(np.frombuffer(words, np.int32)) for name, words in self.words.items() if len(words)}


def _quantiles(words: np.ndarray) -> dict[str, Any]:
    found = np.percentile(words, QUANTILES, method="inverted_cdf")
    return {"texts": len(words), "mean": round(float(words.mean()), 1)} | {
        f"p{q}": int(n) for q, n in zip(QUANTILES, found, strict=True)
    }
