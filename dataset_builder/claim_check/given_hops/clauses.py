"""A sentence as groups of names and, between them, the cues of each clause; claims are read from these."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dataset_builder.claim_check.given_hops.cue_words import Word, pieces
from dataset_builder.claim_check.parsing import Name

_BREAKS, _COMMAS = frozenset(";:"), frozenset(",()/")
JOINS = _COMMAS | {"and", "or", "nor", "plus", "well"}
_RELATIVES = frozenset(["which", "that", "who", "whose", "whom"])
_AUXILIARIES = frozenset([
    "is", "are", "was", "were", "be", "been", "has", "have", "had", "can", "could", "may", "might", "will", "would",
    "should", "must", "does", "do", "did",
])  # fmt: skip
_EMPTY = (
    _AUXILIARIES
    | JOINS
    | _RELATIVES
    | frozenset(
        [
            "a",
            "an",
            "the",
            "this",
            "these",
            "in",
            "on",
            "of",
            "to",
            "for",
            "with",
            "by",
            "at",
            "from",
            "as",
            "than",
            "then",
            "such",
        ]
    )
)
# words that may be between the members of a list, besides a comma or a conjunction
_BETWEEN = JOINS
_BETWEEN |= frozenset([
    "as", "the", "a", "an", "both", "also", "either", "with", "in", "for", "to", "of", "by", "from", "patients",
    "people", "those", "gene", "protein", "drug", "disease",
])  # fmt: skip


class Cue(NamedTuple):
    """A word that claims a relation: its kinds (claim_cues.tsv), and whether it is denied."""

    kinds: frozenset[str]
    denied: bool


@dataclass
class Gap:
    """The words before a group of names: their cues clause by clause, and how they begin and end."""

    clauses: list[list[Cue]] = field(default_factory=lambda: [[]])
    relative: bool = False  # it contains a relative pronoun
    joined: bool = (
        False  # it begins with a comma, a conjunction or a relative pronoun: the subject may be an earlier one
    )
    stray: bool = False  # a denial without a cue in this gap
    text: str = ""  # its words
    words: int = 0
    content: int = 0  # of these, content words
    heads: list[list[str]] = field(default_factory=lambda: [[]])  # per clause the words before its first cue
    tails: list[list[str]] = field(default_factory=lambda: [[]])  # and those after its last
    ahead: bool = False  # both ends follow: "there is a link between A and B"


@dataclass
class Group:
    """Names that share their relations: one, or a list of one type ("gout and pseudogout").

    ``unlike``: names in contrast to them.
    """

    members: list[Name]
    clause: int
    unlike: list[Name] = field(default_factory=list)


class Sentence(NamedTuple):
    """Groups in their order; ``gaps[i]`` is before group i, the last gap after all groups."""

    groups: list[Group]
    gaps: list[Gap]


def read(text: str, start: int, end: int, names: Sequence[Name]) -> Sentence:
    """The sentence at these offsets. ``names``: those in it, in their order, not overlapping."""
    parts = list(pieces(text, start, end, names))
    groups, gaps, clause, run = [], [], 0, []
    opens = bool(parts) and not isinstance(parts[0], Name) and "contrast" in parts[0][1]
    for piece in parts:
        if not isinstance(piece, Name):
            run.append(piece)
            continue
        if groups and not (opens and len(groups) == 1) and _continues(groups[-1].members, piece, run):
            groups[-1].members.append(piece)
        elif groups and _is_contrasted(groups[-1].members, piece, run):
            groups[-1].unlike.append(piece)
        else:
            gap = _gap(run)
            if groups and _begins_anew(groups[-1], gaps[-1], gap):
                clause += 1
                groups.append(Group([groups[-1].members.pop()], clause))
                gaps.append(Gap([[], []], joined=True, heads=[[], []], tails=[[], []]))
            clause += len(gap.clauses) - 1
            groups.append(Group([piece], clause))
            gaps.append(gap)
        run = []
    gaps.append(_gap(run))
    return _with_unlike_first(Sentence(groups, gaps)) if opens else Sentence(groups, gaps)


def _continues(members: Sequence[Name], name: Name, run: Sequence[Word]) -> bool:
    """Whether the name continues a list, or repeats its last name in brackets."""
    words = [word for word, _ in run]
    if not set(words) <= _BETWEEN or not (JOINS - {")"}).intersection(words):
        return False
    if not members[-1].types & name.types:
        return False
    again = any(set(m.nodes) & set(name.nodes) for m in members)
    return not again or words == ["("]


def _begins_anew(group: Group, before: Gap, after: Gap) -> bool:
    """Whether the last name of a list is the subject of the next clause instead: "A treats B, and C causes D"."""
    return len(group.members) > 1 and any(before.clauses) and bool(after.clauses[0]) and not after.joined


def _is_contrasted(members: Sequence[Name], name: Name, run: Sequence[Word]) -> bool:
    """Whether the name is contrasted with the one before it: "gout rather than pseudogout", "gout, not pseudogout"."""
    words = [word for word, kinds in run if "contrast" not in kinds and word != "not"]
    told = any("contrast" in kinds for _, kinds in run) or (
        len(run) > 1 and run[-1][0] == "not" and run[0][0] in ",and"
    )
    return told and set(words) <= _BETWEEN and bool(members[-1].types & name.types)


def _with_unlike_first(sentence: Sentence) -> Sentence:
    """ "Unlike A, B treats C": A is contrasted with B."""
    groups, gaps = sentence
    if len(groups) < 2 or any(gaps[1].clauses) or not groups[0].members[0].types & groups[1].members[0].types:
        return sentence
    groups[1].unlike += groups[0].members
    return Sentence(groups[1:], [Gap(), *gaps[2:]])


def _gap(run: Sequence[Word]) -> Gap:
    """Cues by clause. A denial goes to the next cue of its clause, else to the one before it."""
    gap = Gap(joined=bool(run) and (run[0][0] in JOINS | _RELATIVES))
    gap.words = sum(word not in _COMMAS for word, _ in run)
    gap.content = sum(word not in _EMPTY and not kinds & {"no", "contrast"} for word, kinds in run)
    denials = 0
    for word, kinds in run:
        gap.tails[-1].append(word)
        if word in _BREAKS or "break" in kinds:
            gap.stray |= _settle(gap.clauses[-1], denials)
            gap.clauses.append([])
            gap.tails.append([])
            gap.heads.append([])
            denials = 0
        elif "no" in kinds:
            denials += 1
        elif kinds and not kinds & {"pseudo", "contrast"}:
            if gap.clauses[-1] and "," in gap.tails[-1]:  # "…, and": the following words are about something else
                tail = gap.tails[-1]
                gap.tails[-1] = tail[: tail.index(",") + 1]
                gap.clauses.append([])
                gap.heads.append([])
                gap.tails.append(tail[tail.index(",") + 1 :])
            gap.clauses[-1].append(Cue(kinds, denials % 2 == 1))
            if len(gap.clauses[-1]) == 1:
                gap.heads[-1] = gap.tails[-1][:-1]
            gap.tails[-1] = []
            denials = 0
        elif word == "," and denials and not gap.clauses[-1]:
            denials = 0
    gap.stray |= _settle(gap.clauses[-1], denials)
    words = [word for word, _ in run]
    gap.text = " ".join(words)
    gap.relative = not (_RELATIVES | {"what"}).isdisjoint(words)
    gap.ahead = words[-1:] == ["between"] or not {"there is", "there are"}.isdisjoint(words)
    first = next((word for word in words if word not in JOINS), "")
    of = words[-1:] in (["of"], ["between"]) and gap.joined and _AUXILIARIES.isdisjoint(gap.heads[-1])
    gap.ahead |= first == "avoid" or of
    return gap


def _settle(clause: list[Cue], denials: int) -> bool:
    """Apply the remaining denials to the last cue. True where there is no cue and they remain for the next gap."""
    if denials % 2 and clause:
        clause[-1] = Cue(clause[-1].kinds, not clause[-1].denied)
        return False
    return denials % 2 == 1
