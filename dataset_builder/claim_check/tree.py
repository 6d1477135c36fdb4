"""The way between two names in a sentence's dependency tree, and what the tree says of its words."""

from typing import TYPE_CHECKING, NamedTuple

from dataset_builder.claim_check.parsing import DRUG, GENE, Name
from dataset_builder.claim_check.words import CLAUSES, MODIFIERS, OFF_PATH, SUBJECTS, among

if TYPE_CHECKING:
    from spacy.tokens import Token


class End(NamedTuple):
    """A name in the tree: its own word, and the first of the list that it stands in, which has the list's place in the sentence."""

    word: "Token"
    first: "Token"
    name: Name


class Way(NamedTuple):
    """The way between two names in the tree."""

    ends: tuple[End, End]
    left: list["Token"]  # from the first name up to where the two meet
    right: list["Token"]
    meet: "Token"
    on: list["Token"]  # the words of the way that say something of the two
    near: list["Token"]  # what hangs directly off these
    above: list["Token"]  # the verb whose subject the whole way is: "the use of A in B is avoided"


def way_between(a: End, b: End, named: set[int]) -> Way | None:
    """The way between the two; None where it leads through another name, another clause, or only joins what is listed."""
    ups, downs = [a.first, *a.first.ancestors], [b.first, *b.first.ancestors]
    meet = next((token for token in ups if token in downs), None)
    if meet is None:
        return None
    left, right = ups[1 : ups.index(meet)], downs[1 : downs.index(meet)]
    on = [token for token in (*left, meet, *right) if token not in (a.first, b.first, a.word, b.word)]
    if any(among(token.lower_, "beside") for token in on) or _is_part(a, b, named) or _is_part(b, a, named):
        return None
    modified = [end.first.head for end in (a, b) if end.first.dep_ in MODIFIERS]  # "migraine headaches"
    between = [token for token in on if token.i in named and token.dep_ != "attr" and token not in modified]
    drug = DRUG in a.name.types | b.name.types
    bare = (drug and between) or any(all(c.dep_ != "relcl" for c in token.children) for token in between)
    if bare or any(_opens_clause(token) for token in on if token is not meet):
        return None
    for way in (left, right):  # of two verbs with one subject the first says nothing of the second's object
        for k, token in enumerate(way):
            joined = token.dep_ == "conj" and token.head.dep_ in CLAUSES and not among(token.lower_, "small")
            if joined or (token.dep_ == "advcl" and among(subject_of(token), "pronouns")):
                on = [other for other in on if other not in way[k + 1 :] and other is not meet]
    if not drug and _are_both_objects(a, left, b, right, meet):
        return None
    above = [meet.head] if meet.dep_ in ("nsubj", "nsubjpass") and meet not in (a.first, b.first) else []
    near = [c for token in on for c in token.children if c.dep_ in OFF_PATH and c.i not in named and c not in on]
    return Way((a, b), left, right, meet, on, near, above)


def first_of(token: "Token") -> "Token":
    """The first member of the list in which the token stands, or what the token is another name of."""
    while token.head.i != token.i:
        if token.dep_ in ("pobj", "oprd") and (other := _renamed(token)) is not None:
            token = other
        elif token.dep_ in ("conj", "appos"):
            token = token.head
        else:
            break
    return token


def _renamed(token: "Token") -> "Token | None":
    """What is "also known as" the token."""
    verb = token.head.head if token.head.lower_ == "as" else token.head
    return verb.head if verb.dep_ == "acl" and verb.lower_ in ("known", "called", "termed", "named") else None


def _is_part(a: End, b: End, named: set[int]) -> bool:
    """Whether the name is only a part of another term: "renin-angiotensin system", "cancer-associated thrombosis"."""
    end, other = a.word, b.word
    after = end.nbor(1) if end.i + 1 < len(end.doc) else None
    if after is not None and after.text[0] in "-–" and not after.whitespace_ and not end.whitespace_:
        return other not in (end.head, end.head.head)
    if end.dep_ not in MODIFIERS or end.head is other or end.head.i < end.i:
        return False
    if end.head.i in named or end.head.dep_ in CLAUSES:
        return False
    return not among(end.head.lower_, "part_of") if a.name.types == {GENE} else among(end.head.lower_, "other_term")


def _are_both_objects(a: End, left: list["Token"], b: End, right: list["Token"], meet: "Token") -> bool:
    """Whether both names stand behind one verb, which then relates neither to the other: "it causes A and may lead to B"."""
    if meet in (a.first, b.first) or subject_of(meet) is None or min(a.first.i, b.first.i) < meet.i:
        return False
    if any(token.dep_ in ("relcl", "acl") for token in (*left, *right)):
        return False
    return all((way[-1] if way else end.first).dep_ not in SUBJECTS for end, way in ((a, left), (b, right)))


def _opens_clause(verb: "Token") -> bool:
    """Whether a clause with a subject of its own begins: "…, when lactulose fails"."""
    if verb.dep_ == "ccomp" and verb.i < verb.head.i:  # "A is C, B is D"
        return subject_of(verb) is not None
    joined = verb.dep_ == "advcl" and any(among(c.lower_, "conjunctions") for c in verb.children)
    return not among(subject_of(verb), "pronouns") and (
        joined or (verb.dep_ == "conj" and subject_of(verb) is not None)
    )


def subject_of(verb: "Token") -> str | None:
    return next((c.lower_ for c in verb.children if c.dep_ in SUBJECTS), None)


def side_of(end: "Token", way: list["Token"], meet: "Token", hit: "Token") -> str:
    """Of the word where the two ways meet. A noun before "presents" is often taken for a part of a compound."""
    top = (way[-1] if way else end).dep_
    return "subject" if end is meet or top in SUBJECTS or (top == "compound" and meet is hit) else "object"


def doers_of(verb: "Token") -> list["Token"]:
    """The subjects of a verb, also of one that shares them or has them in a relative pronoun. Empty where none is to be seen."""
    own = [c for c in verb.children if c.dep_ in ("nsubj", "nsubjpass")]
    if any(not among(subject.lower_, "pronouns") for subject in own):
        return own
    if verb.dep_ in ("relcl", "acl"):
        return [] if any(subject.lower_ == "it" for subject in own) else [verb.head]
    if verb.dep_ in ("conj", "xcomp", "advcl") and verb.head.dep_ in CLAUSES | {"conj"}:
        return doers_of(verb.head)
    return []


def tied(end: End, doer: "Token") -> bool:
    """Whether the name is the subject, part of it, or what it is said to be: "A is a drug that causes B"."""
    for name in (end.word, end.first):
        if name == doer or doer in (name.head, name.head.head, name.head.head.head) or doer.is_ancestor(name):
            return True
        if doer.dep_ == "conj" and name.is_ancestor(doer):
            return True
    if doer.dep_ == "appos" and first_of(doer) in (end.word, end.first):
        return True
    if doer.dep_ in ("attr", "conj"):
        subjects = [c for c in first_of(doer).head.children if c.dep_ in ("nsubj", "nsubjpass")]
        return any(c in (end.word, end.first) or c.is_ancestor(end.word) for c in subjects)
    return False
