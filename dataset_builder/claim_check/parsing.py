"""A text as parsed sentences in which every name is one word: what the claim reader reads relations from.

A parser trained on news knows few names of drugs and diseases, and takes "presents" after one for a noun. So each name is replaced by
a common word of its kind before parsing. What only gets in the way is left out: "(choice A)", an abbreviation that is being defined.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kg.abbreviations import defined

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token

    from kg import KG

DRUG, GENE, DISEASE, PHENOTYPE, ANATOMY = "drug", "gene/protein", "disease", "effect/phenotype", "anatomy"
# the parser's own vocabulary has few words of medicine; these it knows
STAND_IN = {DRUG: "aspirin", GENE: "insulin", DISEASE: "cancer", PHENOTYPE: "pain", ANATOMY: "liver"}
# Blanks before an aside are read from their first one only: tried from each of them, a long row of blanks takes quadratic time.
_ASIDE = re.compile(
    r"(?:(?<!\s)\s+)?[(\[](?:(?:choice|option|answer|statement|see|ref|fig|figure|table)s?\b[^()\[\]]{0,40}|[A-J]|\d[\d,\s-]*)[)\]]"
    r"|\{?\"(?:step_by_step_thinking|answer_choice)\":\s*\"?|\\n(?![a-z])"
    r"|(?:(?:^|(?<=[.!?\"]))\s*|(?<=\n)[^\S\n]*)(?:(?:choice|option|answer|step)s?\s+[A-J\d][:.)]|[A-J][.):]\s|\(?\d+[.)]|[-*•]+\s)"
    r"|\b(?:choice|option|answer)\s+[A-J]\s*[:,](?=\s)|\*\*",
    re.IGNORECASE,
)
_GLUED = re.compile(r"(?<=[a-z)\]%\d][.!?])['\"’]*(?=[A-Z][a-z ])")  # "in adults.Usually"
_REST = re.compile(r" (?:gene|oncogene|proto-oncogene|protein|mellitus)\b")  # belongs to the name before it
_BREAK = re.compile(r"\n|\\n(?![a-z])|_(?:choice|thinking)\":")
LITTLE = frozenset(["a", "an", "the", "for", "with", "in", "of", "by", "to", "as"])


class Name(NamedTuple):
    """A span of the text that names something: the nodes that it may stand for, and their types."""

    start: int
    end: int
    nodes: tuple[int, ...]
    types: frozenset[str]


class Parsed(NamedTuple):
    """A text's words, the (start, end) of each in the text, and the names by the number of their word."""

    doc: "Doc"
    offsets: list[tuple[int, int]]
    names: dict[int, Name]


class Sentence(NamedTuple):
    """A sentence with its offsets and its names, each with its word in the tree."""

    start: int
    end: int
    names: list[tuple["Token", Name]]
    text: str


def names_in(kg: "KG", text: str, own: Sequence[tuple[str, int]] = (), context: str = "") -> list[Name]:
    """The names of the text, an abbreviation in the sense that the text gives it.

    ``own``: (name, node) pairs that take precedence over the dictionary's. ``context``: another text, such as the question, that may
    define abbreviations of this one.
    """
    found = [
        Name(m.start, m.end, tuple(m.nodes), frozenset(map(kg.type_of, m.nodes)))
        for m in kg.find_mentions(text, own, context)
    ]
    shorts = defined(text) if "(" in text else {}
    if not shorts:
        return found
    by_end = {name.end: name for name in found}
    sense = {short: by_end.get(end) for short, (_, end) in shorts.items()}
    whole = {short: name for short, name in sense.items() if name and abs(name.start - shorts[short][0]) < 2}
    mine = {node for _, node in own}
    kept = []
    for name in found:
        word = text[name.start : name.end]
        if word not in shorts or not mine.isdisjoint(name.nodes):
            kept.append(name)
        elif word in whole:
            kept.append(name._replace(nodes=whole[word].nodes, types=whole[word].types))
        elif (long := sense[word]) and not set(long.nodes).isdisjoint(name.nodes):
            kept.append(name)
    return kept


def prepared(text: str, names: Sequence[Name], nlp: "Language") -> Parsed:
    """The words of the text, not parsed yet, every name as one word."""
    from spacy.tokens import Doc

    words: list[str] = []
    offsets: list[tuple[int, int]] = []
    at: dict[int, Name] = {}
    apart: set[int] = set()
    position = 0
    for name in _without_repeats(text, names):
        until = name.start if name else len(text)
        for begin, end in _said(text, position, until):
            for token in nlp.make_doc(text[begin:end]):
                if not token.is_space:
                    words.append(token.text)
                    offsets.append((begin + token.idx, begin + token.idx + len(token)))
        if name:
            if name.nodes:
                at[len(words)] = name
                apart |= _set_apart(words)
                words.append(next((word for type_, word in STAND_IN.items() if type_ in name.types), "thing"))
                offsets.append((name.start, name.end))
            position = match.end() if (match := _REST.match(text, name.end)) else name.end
    spaces = [i + 1 < len(offsets) and offsets[i + 1][0] > offsets[i][1] for i in range(len(words))]
    # all at once: to set `is_sent_start` of one token, spaCy looks at every token of the text
    starts: list[bool | int | None] = [True]
    starts += [_starts(text, words[i - 1], offsets[i - 1][1], offsets[i][0]) for i in range(1, len(words))]
    doc = Doc(nlp.vocab, words=words, spaces=spaces, sent_starts=starts[: len(words)])
    doc.user_data["apart"] = apart
    return Parsed(doc, offsets, at)


def sentences(parsed: Parsed) -> Iterator[Sentence]:
    """The sentences that have two names at least and ask nothing."""
    doc, offsets, at = parsed
    for span in doc.sents:
        inside = [(doc[i], name) for i, name in at.items() if span.start <= i < span.end]
        if len(inside) > 1 and "?" not in (doc[span.end - 1].text, doc[max(span.end - 2, 0)].text):
            yield Sentence(offsets[span.start][0], offsets[span.end - 1][1], inside, span.text)


def _without_repeats(text: str, names: Sequence[Name]) -> Iterator[Name | None]:
    """The names, and without nodes those that repeat the one before in brackets; None at the end."""
    before: Name | None = None
    for name in names:
        if before and not set(before.nodes).isdisjoint(name.nodes):
            opened = re.fullmatch(r"\s*\(\s*", text[before.end : name.start])
            if opened and text[name.end : name.end + 1] == ")":
                yield Name(before.end + opened[0].index("("), name.end + 1, (), frozenset())
                continue
        yield name
        before = name
    yield None


def _said(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans from ``start`` to ``end`` that are left without asides, and parted where a space is missing."""
    for match in sorted([*_ASIDE.finditer(text, start, end), *_GLUED.finditer(text, start, end)], key=re.Match.start):
        if match.start() >= start:
            yield start, match.start()
            start = match.end()
    yield start, end


def _starts(text: str, before: str, end: int, start: int) -> bool:
    """Whether a sentence starts at ``start``; the word ``before`` it ends at ``end``."""
    if before == ";" or (before in (".", "!", "?", '"') and (text[start].isupper() or text[start].isdigit())):
        return True
    return _BREAK.search(text, end, start) is not None


def _set_apart(words: list[str]) -> set[int]:
    """The place of the "not" of ", not B", which is parsed as "and": as a "not" it breaks the list."""
    for i in range(max(1, len(words) - 2), len(words)):  # a word may stand between: "not for", "not an"
        if words[i] == "not" and words[i - 1] in (",", "but", "and") and LITTLE.issuperset(words[i + 1 :]):
            words[i] = "and"
            return {i}
    return set()
