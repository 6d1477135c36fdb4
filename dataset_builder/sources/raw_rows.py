"""Convert a source's raw row to the project's columns: one function per layout.

None raises because of a row's content. A value of the wrong kind (a list where a text is expected, a text where a dict
is) becomes an empty text, no option or no label, and `questions.unusable` then says why the row cannot be used.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dataset_builder.row import Raw
from dataset_builder.sources.label_base import number_of
from dataset_builder.sources.option_forms import LETTERS, after_heading, labelled, text_of
from kg.terminal import one_line

YES_NO_MAYBE = ("yes", "no", "maybe")
Row = dict[str, Any]

# The Hub's MedXpertQA repeats all options at the end of the question. There they would be shown twice and searched for
# mentions. Other copies of the dataset do not have them, and the same question should have the same id.
REPEATED_OPTIONS = re.compile(r"(?:(?<!\s)\s+)?Answer Choices:\s*\(A\).*\Z", re.DOTALL)


def choice(question: Any, options: Any, label: Any, answer: Any = None, **more: Any) -> Row:
    """A question with options. ``answer`` is the text that the source gives beside the label, where it gives one."""
    listed = labelled(options)
    texts = {option["label"]: option["text"] for option in listed}
    label = label_of(label, texts)
    answer = texts.get(label, "") if answer is None else answer
    return _row(question, "choice", answer, listed, label, **more)


def yes_no_maybe(question: Any, answer: Any, long_answer: Any, **more: Any) -> Row:
    """A research question with the answer yes, no or maybe, and the conclusion that explains it."""
    options, found = labelled(YES_NO_MAYBE), answer
    answer = _decision(answer)
    label = next((option["label"] for option in options if option["text"] == answer), None)
    gold = f"The final decision is: {answer}. {text_of(long_answer)}".strip()
    row = _row(question, "yes/no/maybe", answer, options, label, gold_text=gold, **more)
    return row if label else row | _unread("decision", found, "yes, no or maybe")


def open_answer(question: Any, answer: Any, **more: Any) -> Row:
    """A question that is answered in free text."""
    return _row(question, "open", answer, [], None, **more)


def sample(raw: Raw) -> Row:
    """The questions that come with this package; their fields are the project's own, except for the explanation."""
    if raw["answer_type"] == "choice":
        return choice(raw["question"], raw["options"], raw["answer_label"], raw["answer"], context=raw["context"])
    if raw["answer_type"] == "yes/no/maybe":
        return yes_no_maybe(raw["question"], raw["answer"], raw["explanation"], context=raw["context"])
    return open_answer(raw["question"], raw["answer"], context=raw["context"])


def medqa(raw: Raw) -> Row:
    """Options by label, and both the label and the text of the answer; with four options and with five."""
    return choice(raw["question"], raw["options"], raw["answer_idx"], raw["answer"])


def graph_and_seed(raw: Raw) -> str | None:
    """Of which graph, at which content, and with which seed a question of kg_questions was made. None: it does not say so."""
    graph, digest, seed = (raw.get(column) for column in ("graph", "graph_sha256", "seed"))
    if not (isinstance(graph, str) and isinstance(digest, str) and re.fullmatch("[0-9a-f]{64}", digest)):
        return None
    return f"{one_line(graph):.100}@{digest}, seed {seed}" if type(seed) is int else None


def medmcqa(raw: Raw) -> Row:
    """Four columns of options, the answer's number counted from 0, often an explanation."""
    options = [raw[column] for column in ("opa", "opb", "opc", "opd")]
    row = _numbered(raw["question"], options, raw["cop"])
    if explanation := text_of(raw["exp"]):
        row["gold_text"] = f"{row['answer']}. Explanation: {explanation}"
    return row


def pubmedqa(raw: Raw) -> Row:
    """A title in the form of a question, the abstract without its conclusion, and the decision of the conclusion."""
    context = _abstract(raw["context"])
    return _with_abstract(yes_no_maybe(raw["question"], raw["final_decision"], raw["long_answer"], context=context))


def pubmedqa_unlabeled(raw: Raw) -> Row:
    """The same without a decision: the conclusion itself is the answer.

    MedReason shows yes and no as its options. We do not: it is not known which of them is right, so no label could be
    checked, and a rationale would be written towards a conclusion that the options do not contain.
    """
    return _with_abstract(open_answer(raw["question"], raw["long_answer"], context=_abstract(raw["context"])))


def mmlu(raw: Raw) -> Row:
    """A list of four choices, and the number of the right one, counted from 0."""
    return _numbered(raw["question"], raw["choices"], raw["answer"])


def mmlu_pro(raw: Raw) -> Row:
    """A list of up to ten options, and the answer as letter and as number.

    Where the two differ the row is unusable.
    """
    texts = {option["label"]: option["text"] for option in labelled(raw["options"])}
    return choice(raw["question"], raw["options"], raw["answer"], texts.get(_letter(raw["answer_index"]) or "", ""))


def medxpertqa(raw: Raw) -> Row:
    """Ten options by label, and the label of the answer."""
    return choice(REPEATED_OPTIONS.sub("", text_of(raw["question"])), raw["options"], raw["label"])


def medbullets(raw: Raw) -> Row:
    """As MedQA, with an explanation of every option.

    It names the wrong ones too, so it is not part of the gold text.
    """
    return medqa(raw) | {"reference_rationale": text_of(raw["reason"]) or None}


def huatuo(raw: Raw) -> Row:
    """An open question, a long answer, and the chain of thought that a model wrote for it."""
    return open_answer(raw["Question"], raw["Response"], reference_rationale=raw["Complex_CoT"])


def hle(raw: Raw) -> Row:
    """An open question, or one that has its options in the question's text; some ask about an image."""
    question, rationale = text_of(raw["question"]), raw["rationale"]
    if raw["answer_type"] == "multipleChoice":
        stem, options = after_heading(question)
        row = choice(stem, options, raw["answer"], reference_rationale=rationale)
    else:
        row = open_answer(question, raw["answer"], reference_rationale=rationale)
    if raw["image"]:
        return row | {"rejected_because": "needs_image", "rejected_detail": "the source gives an image with it"}
    return row


def _row(
    question: Any, answer_type: str, answer: Any, options: list[dict[str, str]], label: str | None, **more: Any
) -> Row:
    """The columns of every source. ``more``: gold_text (by default the answer), context, reference_rationale."""
    return {
        "question": text_of(question),
        "context": text_of(more.get("context")) or None,
        "options": options,
        "answer": text_of(answer),
        "answer_label": label,
        "answer_type": answer_type,
        "gold_text": text_of(more.get("gold_text", answer)),
        "reference_rationale": text_of(more.get("reference_rationale")) or None,
    }


def _abstract(context: Any) -> str:
    parts = context.get("contexts") if isinstance(context, Mapping) else None
    return "\n".join(text_of(part) for part in parts) if isinstance(parts, list) else ""


def _with_abstract(row: Row) -> Row:
    """The row, rejected where it has no abstract: the question asks what this study found."""
    if row["context"]:
        return row
    return row | {"rejected_because": "no_context", "rejected_detail": "expected the abstract, found no text"}


def _numbered(question: Any, options: Any, index: Any) -> Row:
    """A question with options, of which the right one is given by its number, counted from 0."""
    row = choice(question, options, _letter(index))
    last = len(row["options"]) - 1
    return row if row["answer"] else row | _unread("label", index, f"a number from 0 to {last}")


def _unread(what: str, found: Any, expected: str) -> Row:
    """What a rejection for want of an answer says."""
    return {"rejected_detail": f"the gold answer has no text: {what} {found!r:.80}, expected {expected}"}


def _letter(index: Any) -> str | None:
    number = number_of(index)
    return LETTERS[number] if number is not None and 0 <= number < len(LETTERS) else None


def label_of(label: Any, labels: Iterable[str]) -> str | None:
    """The option's label that the source means: "a", "(A)", "A." and " B " are A and B where one option alone has that label.

    Any other is given as in the source, even where it is not a text, so that a rejected row shows what was found.
    """
    found = None if label is None else str(label).strip()
    labels = list(labels)
    if found is None or found in labels or not isinstance(label, str):
        return found
    meant = [one for one in labels if _bare(one) == _bare(found)]
    return meant[0] if len(meant) == 1 and _bare(found) else found


def _bare(label: str) -> str:
    """A label without the signs around it, in upper case."""
    return label.strip(" \t\n()[].:,;*\"'").upper()


def _decision(answer: Any) -> str:
    """The decision of a study: "Yes" and "NO." are yes and no; any other text stays as it is."""
    text = text_of(answer)
    plain = text.strip(" .\"'").lower()
    return plain if plain in YES_NO_MAYBE else text
