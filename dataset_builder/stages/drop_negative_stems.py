"""Reject questions that ask for the wrong option: a path from it to its gold answer would support the opposite."""

import re

from dataset_builder.stage import Batch, rejects, stage

SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=\S)")
EXCEPT = re.compile(
    r"(?i:\b(?:except|excluding)\b\W*$)|(?i:\b(?:all|each|any|every)\b[^.?]{0,400}\bexcept\b)|\bEXCEPT\b"
)
NEGATIVE = re.compile(
    r"\b(?:NOT|LEAST|FALSE|INCORRECT)\b"
    r"|(?i:(?<!\bat )\bleast\b|\b(?:unlikely|incorrect|untrue)\b)"
    r"|(?i:\b(?:is|are)\s+(?:\w+\s+)?(?:false|wrong)\b|\b(?:false|wrong)\s+(?:about|regarding|statement|match|pair|with regard|as regards)\w*\b)"
    r"|(?i:^\W*not\b)"
    r"|(?i:\b(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|may|must|shall|need)\s+(?:\w+\s+)?not\b)"
    r"|(?i:\b(?:cannot|never|doesn't|isn't|aren't|don't)\b)"
    r"|(?i:\bnot\s+(?:true|a|an|seen|found|used|included|associated|caused|related|present|recommended|indicated|to be|done)\b)"
)
IN_SHORT = re.compile(r"\b(?:not|false)\b", re.IGNORECASE)
SHORT = 12  # words: in a sentence of at most this length any "not" negates the question
# a "not" after one of these words is about the patient and does not negate the question
CLAUSE = re.compile(
    r"\b(?:why|who|whose|if|when|while|because|although|since|but|probability|given|despite|after)\b", re.IGNORECASE
)


@stage(needs="question")
def drop_negative_stems(batch: Batch) -> dict[str, list]:
    """Rejects: negative_stem. Only the last sentence, which asks the question, is read."""
    found = [negative_words(question) for question in batch["question"]]
    return rejects("negative_stem", [f"the question asks {words!r}" if words else None for words in found])


def negative_words(question: str) -> str | None:
    """The words with which the question asks for the wrong option, or None."""
    asking = SENTENCE_END.split(question.strip())[-1]
    if match := EXCEPT.search(asking):
        return match.group()
    match = NEGATIVE.search(asking) or (IN_SHORT.search(asking) if len(asking.split()) <= SHORT else None)
    return match.group() if match and not CLAUSE.search(asking[: match.start()]) else None
