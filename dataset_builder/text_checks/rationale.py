"""The three titled parts of MedReason's rationale: how to find them, and the words that leak given paths or answers."""

import re
from typing import NamedTuple

from dataset_builder.answer_extraction.near_words import NearWords, after
from dataset_builder.answer_extraction.thoughts import without_thoughts

TITLES = ("Finding reasoning paths", "Reasoning Process", "Conclusion")
_TITLE = re.compile(
    rf"^[ \t]*(?:#{{1,6}} ?)?(?:\*\*)?(?:\d[.)] ?)?({'|'.join(TITLES)})(?: ?: ?\*\*| ?\*\* ?:| ?:|\*\*| ?$)",
    re.IGNORECASE | re.MULTILINE,
)

_WHAT = r"(?:reasoning |knowledge |graph |knowledge graph )?(?:paths?|chains?|connections?|answers?|conclusions?|solutions?|notes?|hints?)(?! (?:choices?|options?))"
_GIVEN = r"(?:given|provided|supplied|listed|known|suggested|proposed|expected|gold|reference)"
LEAK = re.compile(
    rf"\b(?:the|these|those|all|your|any|of|to|from) {_GIVEN} {_WHAT}\b"
    rf"|\b{_WHAT} (?:that |which )?(?:(?:is|are|was|were|has been|have been) )?(?:given|provided|supplied|listed)(?: (?:to (?:me|us)|above|here|in the (?:prompt|notes|question))\b|\b(?! (?:by|to|for|as|in|at|with)\b))"
    rf"|\b(?:I|we) (?:was|were|have been|am|are) (?:given|told|provided|shown)\b[^.\n]{{0,40}}\b{_WHAT}"
    rf"|\b(?:I|we) (?:already )?know (?:that )?the (?:correct |right |final )?answer\b|\banswer is already known\b"
    rf"|\bknowledge graph\b|\bthe notes\b|\bwhere others ended up\b"
    r"|\b(?:as|according to|based on|per|matches|match|agrees with|consistent with) the (?:notes|hints?|answer key)\b"
    r"|\b(?:according to|based on|matches|match|agrees with|consistent with) the (?:correct|right) answer\b",
    re.IGNORECASE,
)
_NEAR_LEAK = NearWords(
    LEAK,
    after(45, "given", "provided", "supplied", "listed")
    | after(6, "suggested", "proposed", "expected", "gold", "reference")
    | {"told": 13, "shown": 13, "know": 11, "answer is already known": 0, "where others ended up": 0}
    | after(16, "the notes", "the hint", "the answer key", "the correct answer", "the right answer"),
)


class Rationale(NamedTuple):
    """The texts of the three parts, without their titles."""

    paths: str
    reasoning: str
    conclusion: str

    def __str__(self) -> str:
        return "\n\n".join(f"**{title}:**\n{text}" for title, text in zip(TITLES, self, strict=True))

    def without_conclusion(self) -> str:
        """The text for a reader who must find the conclusion: titles and texts of the first two parts."""
        return str(self).rpartition(f"\n\n**{TITLES[2]}:**")[0]


def parts(text: str) -> tuple[Rationale | None, str]:
    """The three parts, or None and what is wrong, in words for the writer. Each title must occur once, in order, with a text."""
    text = without_thoughts(text)
    found = list(_TITLE.finditer(text))
    titles = [title for match in found for title in TITLES if match.group(1).lower() == title.lower()]
    if titles != list(TITLES):
        missing = [title for title in TITLES if title not in titles]
        return (
            None,
            f'the title "{missing[0]}" is missing' if missing else "its titles do not stand there once each, in order",
        )
    ends = [match.start() for match in found[1:]] + [len(text)]
    texts = [text[match.end() : end].strip() for match, end in zip(found, ends, strict=True)]
    empty = [title for title, part in zip(TITLES, texts, strict=True) if not re.search(r"\w", part)]
    return (None, f'nothing stands under "{empty[0]}"') if empty else (Rationale(*texts), "")


def leak(text: str) -> str | None:
    """The words that show that the writer of a text was given paths or an answer, or None."""
    match = _NEAR_LEAK.search(text)
    return match.group() if match else None
