"""A raw row as a record: question, options, gold answer and rationale in one form, and what is wrong with the row itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.audit.layouts import Layout
from dataset_builder.audit.raw_rows import Torn, raw_rows
from dataset_builder.row import normalize
from dataset_builder.sources.option_forms import LETTERS, Option, read_options, split_options, text_of
from dataset_builder.sources.questions import unusable
from dataset_builder.sources.raw_rows import label_of

Fault = tuple[str, str]  # code of findings.tsv, and what was found
# How questions of HuatuoGPT-o1's evaluation, and ReasonMed's rows after it, begin; no part of the question
LEAD_IN = re.compile(
    r"\A\s*(?:please )?answer the following (?:medical )?multiple[- ]choice questions?[^\n:]*:\s*", re.IGNORECASE
)
DECISION = re.compile(
    r"\Athe final decision is:?\s*(yes|no|maybe)\b", re.IGNORECASE
)  # MedReason's and our own gold of PubMedQA
HALVES = re.compile("[\ud800-\udfff]")
ASKING, ANSWERING = ("user", "human"), ("assistant", "gpt", "model")


@dataclass(slots=True)
class Record:
    """A row in one form. ``label``: of the gold option; ``form``: where its options were found (column, question, none, unread)."""

    number: int  # among all rows, from 0
    id: str
    question: str = ""
    context: str = ""
    options: list[Option] = field(default_factory=list)
    form: str = "none"
    answer: str = ""
    label: str | None = None
    rationale: str = ""
    source: str = ""
    license: str = ""
    faults: list[Fault] = field(default_factory=list)
    torn: bool = False

    @property
    def choices(self) -> dict[str, str]:
        """The options' texts by label."""
        return {option["label"]: option["text"] for option in self.options}

    @property
    def shown(self) -> str:
        """All that a reader of the question sees."""
        return "\n".join([self.question, self.context, *(option["text"] for option in self.options)])

    @property
    def as_question(self) -> dict[str, Any]:
        """The question as the checks of builds take it. A long answer is no gold answer that two questions could share."""
        short = self.answer if self.options or len(self.answer) <= 200 else ""
        gold = self.choices.get(self.label or "", short)
        return {"question": self.question, "context": self.context or None, "options": self.options, "answer": gold}


def records(files: Sequence[Path], layout: Layout) -> Iterator[Record]:
    """The rows of all files, numbered in their order. Raises SourceError where a file has no row that can be read."""
    number = 0
    for path in files:
        for raw in raw_rows(path):
            yield (
                Record(number, f"row {number}", faults=[("torn_row", raw.why)], torn=True)
                if isinstance(raw, Torn)
                else record_of(number, raw, layout)
            )
            number += 1


def record_of(number: int, raw: Mapping[str, Any], layout: Layout) -> Record:
    """The record of a raw row. Nothing is repaired but half characters, which no file can hold."""
    faults: list[Fault] = []
    text = {
        role: _role(raw, layout, role, faults)
        for role in ("question", "context", "answer", "label", "rationale", "id", "source", "license")
    }
    if not text["id"]:
        text["id"] = f"row {number}"
    record = Record(
        number, text["id"], text["question"], text["context"], source=text["source"], license=text["license"]
    )
    record.rationale, record.answer, record.faults = text["rationale"], text["answer"], faults
    _read_options(record, raw, layout)
    _read_gold(record, layout, text["label"])
    _look_at(record, layout)
    return record


def _role(raw: Mapping[str, Any], layout: Layout, role: str, faults: list[Fault]) -> str:
    """The text of a role: of its columns, each in a paragraph; of an id, joined by a colon."""
    parts = []
    for column in layout.of(role):
        value = raw.get(column)
        found = _text(value, ASKING if role in ("question", "context") else ANSWERING)
        if found is None:
            faults.append(
                ("wrong_type", f"column {column}: found {type(value).__name__} {value!r:.80}, expected a text")
            )
        elif found:
            parts.append(_whole(found, f"column {column}", faults))
    return (":" if role == "id" else "\n\n").join(parts)


def _whole(text: str, where: str, faults: list[Fault]) -> str:
    """The text with whole characters only."""
    if text.isascii() or not (found := HALVES.search(text)):
        return text
    faults.append(("half_character", f"{where}: half of a character, {found[0]!a}"))
    return HALVES.sub("\ufffd", text)


def _text(value: Any, roles: Sequence[str]) -> str | None:
    """A text; of messages those of these roles; of a list of texts one a line; None for any other kind of value."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return text_of(value)
    if not isinstance(value, (list, tuple)):
        return None
    if all(isinstance(one, str) for one in value):
        return "\n".join(value).strip()
    if all(isinstance(one, Mapping) and isinstance(one.get("content", one.get("value")), str) for one in value):
        said = [(one.get("role", one.get("from")), one.get("content", one.get("value"))) for one in value]
        return "\n\n".join(words for role, words in said if role in roles).strip()
    return None


def _read_options(record: Record, raw: Mapping[str, Any], layout: Layout) -> None:
    value = next((raw[column] for column in layout.of("options") if raw.get(column) is not None), None)
    record.question = LEAD_IN.sub("", record.question)
    options = read_options(value)
    for option in options or ():
        option |= {name: _whole(text, f"option {option['label']!a}", record.faults) for name, text in option.items()}
    if options is None:  # no column, or nothing in it
        record.question, record.options = split_options(record.question)
        record.form = "question" if record.options else "none"
    elif options:
        record.options, record.form = options, "column"
    else:
        record.form = "unread"
        record.faults.append(("options_unread", f"found {type(value).__name__} {value!r:.120}"))


def _read_gold(record: Record, layout: Layout, given: str) -> None:
    """The label of the gold option: by its label, by its words, or by both; None where the row names no single option."""
    if not record.options:
        return
    labels = record.choices
    record.label = _named(given or record.answer, labels) if given or record.answer else None
    if any(not re.fullmatch("[A-Z]", label) for label in labels):  # `extract` reads letters
        letters = dict(zip(labels, LETTERS, strict=False))
        record.label = letters.get(record.label or "")
        record.options = [
            {"label": letters[option["label"]], "text": option["text"]}
            for option in record.options
            if option["label"] in letters
        ]
    if (
        given
        and record.answer
        and record.label
        and (other := _named(record.answer, record.choices)) not in (None, record.label)
    ):
        record.faults.append(
            ("gold_outside_options", f"the label says {record.label}, the answer is the text of {other}")
        )
    elif (given or record.answer) and record.label is None:
        record.faults.append(
            (
                "gold_unread",
                f"found {given or record.answer!r:.120}, options {', '.join(f'{k}. {v:.30}' for k, v in labels.items())}",
            )
        )


def _named(said: str, options: Mapping[str, str]) -> str | None:
    """The option that a gold answer names: "B", "(B) gout", "gout", "gout. Explanation: …", "The final decision is: yes. …"."""
    decision = DECISION.match(said)
    wanted = normalize(decision[1] if decision else said).rstrip(" .,;:")
    texts = {label: normalize(text).rstrip(" .,;:") for label, text in options.items()}
    if same := [label for label, text in texts.items() if text == wanted]:
        return next(
            (label for label in same if options[label].strip() == said.strip()), same[0]
        )  # "Bb" and "BB" are two genotypes
    if (label := label_of(said, options)) in options:
        return label
    begun = [label for label, text in texts.items() if text and wanted.startswith(f"{text}. explanation:")]
    begun += [
        label
        for label, text in texts.items()
        if text and re.match(rf"\(?{re.escape(label.lower())}[).:] ?{re.escape(text)}\Z", wanted)
    ]
    return begun[0] if len(set(begun)) == 1 else None


def _look_at(record: Record, layout: Layout) -> None:
    """Add what is missing, and what makes the question unusable, in the words of builds."""
    if not record.question:
        record.faults.append(("empty_question", "the question has no text"))
    if layout.of("rationale") and not record.rationale and not any(code == "wrong_type" for code, _ in record.faults):
        record.faults.append(("empty_rationale", "the rationale has no text"))
    has_answer = layout.of("answer") or layout.of("label")
    if has_answer and not record.answer and not record.label:
        record.faults.append(("no_answer", "the gold answer has no text"))
    if not record.options or not record.question or (has_answer and record.label is None):
        return
    gold = record.choices.get(record.label or "") or next(iter(record.choices.values()))
    row = {
        "question": record.question,
        "options": record.options,
        "answer": gold,
        "answer_label": record.label or "A",
        "answer_type": "choice",
    }
    found = unusable(row)
    if found and not (found[0] == "gold_twice" and record.label is None):
        record.faults.append(found)
