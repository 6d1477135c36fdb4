"""What outputs claim, and what the graph says of it: per item the claims, and how many of them have which verdict.

Only stated and denied claims count, as in `support` of a row. The question is not read for claims; it says what its abbreviations mean
in the output. No writer was given paths, so `off_path` cannot occur.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dataset_builder.answer_extraction.thoughts import split_thoughts
from dataset_builder.claim_check import Claim, Written, check_texts
from dataset_builder.claim_check.relations import PLAIN
from kg.abbreviations import defined

if TYPE_CHECKING:
    from dataset_builder.claim_check.reader import ClaimReader
    from kg import KG

VERDICTS = ("supported", "contradicted", "unknown")  # the order of every array of counts
BATCH = 256  # outputs that are read together: the parser is fastest with many, and few are in memory


@dataclass(frozen=True)
class Output:
    """An output of a model. ``question``: what it was asked, empty where that is not known."""

    id: str
    text: str
    question: str = ""


@dataclass(frozen=True)
class OutputClaim:
    """A claim of an output with all that a reader needs to judge it. Offsets are in characters of the output."""

    id: str  # of the item
    sentence: str
    from_text: str  # the words of the sentence
    from_name: str  # what they name in the graph
    relation: str | None  # None: only that the two are connected
    to_text: str
    to_name: str
    mode: str  # stated, denied, hedged, patient
    verdict: str
    graph: str | None  # what the graph has between the two, in words
    counted: bool  # stated and denied claims are; what is only supposed, or said of one patient, is not
    thinking: bool  # within a thought, <think>…</think>
    start: int  # of the sentence
    end: int
    from_node: int
    to_node: int


@dataclass(frozen=True)
class ItemClaims:
    """The claims of one output. ``empty``: it has no text; ``thought``: it has a thought."""

    id: str
    claims: tuple[OutputClaim, ...]
    empty: bool = False
    thought: bool = False

    def counts(self, *, thinking: bool | None = None) -> list[int]:
        """The number of counted claims of each of VERDICTS; ``thinking``: only those within, or outside of, thoughts."""
        counted = Counter(
            one.verdict for one in self.claims if one.counted and (thinking is None or one.thinking == thinking)
        )
        return [counted[verdict] for verdict in VERDICTS]


def claims_of(kg: "KG", outputs: Sequence[Output], reader: "ClaimReader") -> Iterator[ItemClaims]:
    """The claims of each output, in their order."""
    for first in range(0, len(outputs), BATCH):
        part = outputs[first : first + BATCH]
        for one, found in zip(part, check_texts(kg, [_written(kg, one) for one in part], reader), strict=True):
            yield _of_output(one, found)


def counts_of(items: Sequence[ItemClaims]) -> np.ndarray:
    """The counts of all items, shape (n, 3)."""
    return np.array([one.counts() for one in items], np.int64).reshape(-1, len(VERDICTS))


def as_rows(items: Sequence[ItemClaims]) -> list[dict[str, Any]]:
    """Every claim as a row of claims.parquet."""
    return [asdict(claim) for one in items for claim in one.claims]


def _written(kg: "KG", output: Output) -> Written:
    """The output for the claim reader, a line break where a thought ends and the answer begins, so that no sentence goes across."""
    text, answer = output.text, split_thoughts(output.text)[0]
    at = len(text) - len(answer)
    if at and text.endswith(answer):
        text = f"{text[: at - 1]}\n{answer}"  # in the place of the mark's last character: offsets stay
    return Written(text, names=_names(kg, output), context=output.question)


def _names(kg: "KG", output: Output) -> list[tuple[str, int]]:
    """(abbreviation, node) for what the question defines, "myocardial infarction (MI)", and neither the output nor the dictionary does.

    In which sense an abbreviation of the dictionary is meant the claim reader sees from the question itself, its context.
    """
    question = output.question
    shorts = defined(question) if "(" in question else {}
    if not shorts:
        return []
    again = defined(output.text)
    spans = {(mention.start, mention.end): mention.nodes for mention in kg.find_mentions(question)}
    return [
        (short, node)
        for short, span in shorts.items()
        if short not in again and not kg.find_mentions(short)
        for node in spans.get(span, ())
    ]


def _of_output(output: Output, found: Sequence[Claim]) -> ItemClaims:
    answer, unfinished = split_thoughts(output.text)
    thought = unfinished or answer != output.text
    claims = tuple(_claim(output, one, thought and _in_thought(output.text, answer, one)) for one in found)
    return ItemClaims(output.id, claims, empty=not output.text.strip(), thought=thought)


def _in_thought(text: str, answer: str, claim: Claim) -> bool:
    """Whether a claim is in no part of the answer, which is the text without its thoughts."""
    if text.endswith(answer):  # the usual: thoughts, then the answer
        return claim.start < len(text) - len(answer)
    return text[claim.start : claim.end] not in answer


def _claim(output: Output, claim: Claim, thinking: bool) -> OutputClaim:
    text = output.text
    return OutputClaim(
        id=output.id,
        sentence=" ".join(text[claim.start : claim.end].split()),
        from_text=text[claim.from_start : claim.from_end],
        from_name=claim.from_name,
        relation=claim.relation,
        to_text=text[claim.to_start : claim.to_end],
        to_name=claim.to_name,
        mode=claim.mode,
        verdict=claim.verdict,
        graph=claim.graph,
        counted=claim.mode in PLAIN,
        thinking=thinking,
        start=claim.start,
        end=claim.end,
        from_node=claim.from_node,
        to_node=claim.to_node,
    )
