"""The scopes of cue words in a text: what is negated, and what is told of a relative and not of the patient.

Cues are phrases of reviewed lists, kg/words/negation.tsv, which MentionFinder finds together with the names, and family.tsv.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from re import Match as Token

from kg import fold
from kg.matches import Match, key_of

RELATIVE, TELLS, SKIPPED, OPENS, CLOSES, ASKED = "relative", "tells", "skipped", "opens", "closes", "asked"
# what a parent has is also the cause of a newborn's disease, and in obstetrics the mother is the patient
PARENTS = frozenset(["mother", "parent"])
NEWBORN = frozenset(
    ["newborn", "neonate", "neonatal", "infant", "delivered", "gestation", "pregnancy", "breastfed", "breastfeeding"]
)
OF_PATIENT = frozenset(
    ["his", "her", "whose", "my", "their", "patient", "boy", "girl", "child", "biological", "adoptive"]
)
INFORMANT = frozenset(["by", "to", "from", "accompanied"])
ENDS = frozenset([".", "!", "?", "\n"])
FARTHEST = 6  # words between a relative and what is told
Cues = Mapping[int, tuple[int, str]]  # by the first token of each cue its last one and its kind


def negated(tokens: Sequence[Token[str]], cues: Sequence[Match]) -> set[int]:
    """Tokens in the scope of a cue: after it ("no"), or before it ("is absent"), up to the next terminator or end."""
    found: set[int] = set()
    if not any(match.phrase.cue in ("before", "after") for match in cues):
        return found
    starts = {match.first: match for match in cues}
    clause, open_ = 0, False
    for i, token in enumerate(tokens):
        cue = starts[i].phrase.cue if i in starts else ""
        if cue == "stop" or token.lastgroup == "end" or token[0] == ";":
            clause, open_ = i + 1, False
        elif cue == "before":
            open_ = True
        elif cue == "after":
            found.update(range(clause, i))
        if open_:
            found.add(i)
    return found


def of_family(words: Sequence[str]) -> set[int]:
    """Tokens that tell of a relative: "family history of gout", "her mother has gout", up to the next word about the patient.

    None where the last sentence, which asks, is about relatives, heredity or risk: then the family is the case. ``words``: the folded
    words of the text's tokens.
    """
    triggers, phrases = _family()
    found: set[int] = set()
    if triggers.isdisjoint(words):
        return found
    sentences = list(_sentences(words))
    if any(kind in (RELATIVE, ASKED, OPENS) for _, kind in _cues_in(words, sentences[-1], phrases).values()):
        return found
    for sentence in sentences[:-1]:
        if not triggers.isdisjoint(words[sentence.start : sentence.stop]):
            found.update(_told_in(sentence, words, _cues_in(words, sentence, phrases)))
    return found


def _sentences(words: Sequence[str]) -> Iterator[range]:
    begin = 0
    for end in [i for i, word in enumerate(words) if word in ENDS]:
        if end > begin:
            yield range(begin, end)
        begin = end + 1
    if begin < len(words):
        yield range(begin, len(words))


def _told_in(sentence: range, words: Sequence[str], cues: Cues) -> Iterator[int]:
    """The tokens of a sentence that tell of a relative."""
    opened = sentence.stop
    for i in sentence:
        end, kind = cues.get(i, (i, ""))
        if kind == CLOSES or words[i] == ";":
            opened = sentence.stop
        elif kind == OPENS:
            opened = end + 1
        elif kind == RELATIVE:
            opened = min(opened, _told_from(i, words, cues))
        if i >= opened:
            yield i


@cache
def _family() -> tuple[frozenset[str], dict[str, list[tuple[tuple[str, ...], str]]]]:
    """First words of the cues by which something of a relative may begin; by first word all cues, the longest first."""
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for cue, kind in sorted(fold.read_words("family.tsv"), key=lambda row: -len(row[0].split())):
        phrases.setdefault(key_of(cue)[0], []).append((key_of(cue), kind))
    triggers = [word for word, cues in phrases.items() if any(kind in (RELATIVE, OPENS) for _, kind in cues)]
    return frozenset(triggers), phrases


def _cues_in(words: Sequence[str], sentence: range, phrases: Mapping[str, list[tuple[tuple[str, ...], str]]]) -> Cues:
    cues = {}
    for i in sentence:
        for key, kind in phrases.get(words[i], ()):
            if tuple(words[i : i + len(key)]) == key:
                cues[i] = i + len(key) - 1, kind
                break
    return cues


def _told_from(i: int, words: Sequence[str], cues: Cues) -> int:
    """Where it begins what the text tells of the relative at token i; behind the text where it tells nothing."""
    at, nowhere = i + 1, len(words)
    patient = OF_PATIENT.intersection(words[max(0, i - 2) : i])
    if words[i] in PARENTS and not (patient and NEWBORN.isdisjoint(words)):
        return nowhere
    while at < min(nowhere, i + FARTHEST):
        end, kind = cues.get(at, (at, ""))
        if kind not in (RELATIVE, SKIPPED) and words[at] != ",":
            break
        at = end + 1
    end, kind = cues.get(at, (at, ""))
    informs = INFORMANT.intersection(words[max(0, i - 3) : i]) and "who" not in words[i:at]
    return nowhere if kind != TELLS or informs else end + 1
