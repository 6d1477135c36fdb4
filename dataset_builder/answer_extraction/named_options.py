"""Which option does a short text name: by its letter, by a list of letters, or by its words?

`extraction` finds the place where a model answers; this module reads the text there. Everything is literal: a letter counts
where it is alone, an option's words count where all of them are there in order. No similarity is used.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

# quotes, brackets, Markdown and LaTeX before a letter: all bounded, so that 20,000 brackets cost no time
OPEN = r"[\s*_`\"'\u201c\u2018(\[{$:~#>-]{0,12}(?:\\(?:boxed|text|textbf|mathbf|mathrm)\s?\{{1,2}\s?){0,2}[*_`\"'(\[{]{0,4}"
KIND = r"(?:(?i:both|either|all of|letters?|options?|choices?|answers?)\b[\s:]{0,4})?"
END = r"(?=$|[^A-Za-z0-9'’-]|['’](?![A-Za-z])|-\s)"  # no letter where a word continues: B-cell, C-peptide, Option A's
CAPITALS = re.compile(rf"{OPEN}{KIND}{OPEN}([A-Z]{{1,10}}){END}")
SMALL = re.compile(
    rf"{OPEN}{KIND}{OPEN}(?<![A-Za-z])([a-z])(?=[)\]}}.:,\"'*\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\s*$)"
)
ARTICLE_FIRST = re.compile(r"^\W*(?:[Tt]he|an|An|a)\s")  # a capital A may be the answer
AHEAD = 400  # characters after "the answer is" that can belong to the answer
YES_NO = ("yes", "no", "maybe")
NEXT = re.compile(
    r"[\s*`\"')\]]{0,6}(?:[,、]\s?(?:and|or|&)?|/|&|\+|\band\b|\bor\b|[和与與及或])\s*(?:also\s|either\s)?(?:options?\s|choices?\s)?"
    r"[\s*`\"'(\[]{0,6}([A-Z])(?=$|[^A-Za-z0-9'’-])"
)
ARTICLE = re.compile(r"\s+(?!(?:is|are|and|or|because|as|since|for|with|which|if|due|in|on)\b)[a-z]")
NEW_CLAUSE = re.compile(r"[)\]*\"']{0,4}\s+(?:is|are|was|would|can|may|does|refers|could)\b")
ALTERNATIVES = re.compile(
    r"[\s)\]*]{0,4}(?:if|when|assuming)\b[^.\n]{0,150}\b(?:and|or|but|while)\b[^.\n]{0,20}\(?[A-Z]\)? (?:if|when|assuming)\b"
)
AGAINST = re.compile(
    r"[\s)*\]\"'.]{0,6}(?:is|are)\s(?:incorrect|wrong|false|not (?:the |a |an )?(?:correct|true|right|valid|best|answer|most|option))"
)
NOT = re.compile(
    r"\W*(?:(?:definitely|certainly|most|very|likely|probably) )?(?:not|unlikely|never|anything but|other than)\b"
)
BUT = re.compile(r"[^.\n]{1,120}?(?:,? but(?: rather)?\b|[,;] (?:rather|instead)\b|[,;]? it(?:'s| is)\b)(?! not)")
DENYING = r"not|rather than|instead of|as opposed to|unlike"
CONTRAST = re.compile(rf"\b(?:because|since|although|though|but|however|while|whereas|{DENYING}|which|due to)\b")
DENIAL = re.compile(rf"\b(?:{DENYING})\b", re.IGNORECASE)
BEFORE_DENIED = re.compile(
    rf"{DENIAL.pattern}\s+[\"'(*]{{0,3}}(?:(?:a|an|the|by|due to|because of)\s+)?[\"'(*]{{0,3}}$", re.IGNORECASE
)
BEFORE = 80  # characters before an option that can hold a denial: at least as many as BEFORE_DENIED can match
COMBINATION = re.compile(r"\W*(?:(?:a|the|most likely) )*combinations? of\b[^.\n]*")
REFUSAL = re.compile(
    r"none of|\bnone\b|no (?:correct|suitable|single|answer|option|choice)\b|not (?:provided|mentioned|listed|applicable|available|"
    r"possible|given|a single|clear|enough|sufficient|among)|(?:cannot|can't|can not|could not|unable to) (?:be )?(?:accurately |definitively )?"
    r"(?:determin|answer|cho+se|select|provid|giv|sa[iy]|identif|conclu|decid|made|draw)|undetermin|indetermin|insufficient (?:information|data|evidence|detail)|"
    r"\W*(?:unknown|unclear|uncertain)\b|information not|\bn/?a\b|neither|(?:all|both|multiple|several) (?:of|options|answers)",
    re.IGNORECASE,
)
MARKED = re.compile(r"(?:\(|\b[Oo]ption |\b[Cc]hoice |\*\*)([A-Z])\b(?:\)|\*\*)?")
SENTENCE = re.compile(r"(?<=[a-z0-9)*\"])[.;]\s|\n\s?\n")
NOTHING_NAMED = re.compile(
    r"\W*(?:none|neither)(?: of (?:these|them|the (?:above|options?|choices?)))?\b", re.IGNORECASE
)
NEUTRAL = re.compile(r"\W|\b(?:both|and|or|only|options?|choices?|answers?)\b", re.IGNORECASE)


class NamedOption(NamedTuple):
    """An option's label, or None where the text names no single one, and how it was read."""

    label: str | None
    how: str


def fold(text: str) -> str:
    """Words and numbers in small letters: "3.5" stays one, "10,000" becomes one, all other signs are removed."""
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text.lower())
    return re.sub(r"(?:(?<!\d)\.|\.(?!\d)|[^\w.])+", " ", text).strip()


class Options(dict[str, str]):
    """The options, by capital letter, with what is needed to find their words in a text."""

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__({label.upper(): text for label, text in options.items()})
        self.words = {label: fold(text) for label, text in self.items()}
        self.by_length = sorted(
            (words for words in self.words.items() if len(words[1]) > 1), key=lambda item: -len(item[1])
        )

    def named(self, text: str, *, every: bool = False) -> list[str]:
        """The options whose words are all in the text; one within the words of another named one does not count.

        Options of one or two letters ("no", "O") count only in a short text, or with ``every``, which includes short ones.
        """
        folded = f" {fold(text)} "
        short = len(folded) < 40
        found = {
            label: f" {words} "
            for label, words in self.words.items()
            if f" {words} " in folded
            and (every or len(words) > 2 or (short and len(words) == 2) or folded == f" {words} ")
            and (words not in YES_NO or (short and _ends_clause(text, words)))
        }
        within = {a for a, words in found.items() for longer in found.values() if words != longer and words in longer}
        return [label for label in found if label not in within]

    def at_start(self, text: str) -> str | None:
        """The option whose words the text begins with, the longest first.

        A yes or no must be alone or before a reason.
        """
        folded = f"{fold(ARTICLE_FIRST.sub('', text[:400]))} "
        for label, words in self.by_length:
            if folded.startswith(f"{words} ") and (words not in YES_NO or _stands_alone(text, words)):
                same = [other for other in self if self.words[other] == words]
                return label if len(same) == 1 else None
        return None

    def as_list(self, letters: list[str]) -> str | None:
        """The option that is itself this list of letters ("Both A and B"), where one is."""
        bare = {label: NEUTRAL.sub("", text) for label, text in self.items()}
        own = [a for a, text in self.items() if bare[a] != text and sorted(bare[a]) == sorted(set(letters))]
        return own[0] if len(own) == 1 else None


def _ends_clause(text: str, word: str) -> bool:
    return bool(re.search(rf"(?:^|[\s\"'*(]){word}[\"'*)\s]*(?:$|[.,;:])", text, re.IGNORECASE))


def _stands_alone(text: str, word: str) -> bool:
    return bool(re.match(rf"\W*{word}\b(?:\W*$|\s*[^\w\s]|\s+(?:because|since|as|based)\b)", text, re.IGNORECASE))


def letters_at_start(text: str, options: Options) -> tuple[list[str], str]:
    """The letters that the text begins with ("(A)", "B and C", "ACG"), offered or not, and what follows them."""
    if match := CAPITALS.match(text):
        run = match.group(1)
        known = len(run) == 1 or (set(run) <= set(options) and len(set(run)) == len(run))
        opened = match.group()[: -len(run)].rstrip()[-1:] in tuple("([*\"'{`")
        if not known or (run in ("A", "I") and not opened and ARTICLE.match(text, match.end())):
            return [], text
        return _more_letters(list(run), text[match.end() :], options)
    match = SMALL.match(text)
    if match and match.group(1).upper() in options and (match.group(1) not in "ai" or text[match.end() :].strip()):
        return [match.group(1).upper()], text[match.end() :]
    return [], text


def _more_letters(letters: list[str], rest: str, options: Options) -> tuple[list[str], str]:
    """Further letters that are joined to these; an option's own text may be between two of them ("B. x or C. y")."""
    while True:
        own = options.get(letters[-1])
        start = _after_own(rest, own) if own else 0
        match = NEXT.match(rest, start)
        if not match or match.group(1) not in options:
            return letters, rest
        article = match.group(1) in "AI" and re.match(r"\s+[a-z]", rest[match.end() :])
        if article or ("," in match.group() and "and" not in match.group() and NEW_CLAUSE.match(rest, match.end())):
            return letters, rest
        letters, rest = [*letters, match.group(1)], rest[match.end() :]


def _after_own(rest: str, own: str) -> int:
    """The position after an option's own text at the start, which a few signs may precede and a full stop follow; 0 where it is not there.

    Not a pattern: compiling one for every option would take longer than all the rest.
    """
    signs = re.match(r"[\s.):,*–-]{0,6}", rest)
    for start in range(signs.end() if signs else 0, -1, -1):
        end = start + len(own)
        if rest[start:end].lower() == own.lower():
            return end + (rest[end : end + 1] == ".")
    return 0


def read_answer(text: str, options: Options, *, field: bool = False) -> NamedOption | None:
    """The option that the text after "the answer is" commits to; None where nothing can be read.

    ``field``: the text is a whole answer field, so a field that names no option is a result of its own.
    """
    text = text.strip() if field else text
    if field and not re.search(r"\w", text):
        return None
    if match := COMBINATION.match(text):
        return _combined(match.group(), options)
    if label := options.at_start(text):
        return _alone(text, label, options)
    letters, rest = letters_at_start(text, options)
    if letters:
        return _by_letters(letters, rest, options, field=field)
    head = text if field else SENTENCE.split(text.lstrip(" \n*:"), maxsplit=1)[0][:250]
    if NOT.match(head) and not REFUSAL.match(head.strip(" (*\"'")):
        turn = BUT.match(head)
        return read_answer(head[turn.end() :], options) if turn else None
    return _by_words(head, options, field=field)


def _combined(text: str, options: Options) -> NamedOption:
    """A combination is several options, unless the text says which single one it is."""
    letters = {letter for letter in re.findall(r"\b([A-Z])\b(?!-)", text) if letter in options}
    named = list(letters) or options.named(text)
    return NamedOption(named[0], "letter" if letters else "text") if len(named) == 1 else NamedOption(None, "multiple")


def _alone(text: str, label: str, options: Options) -> NamedOption:
    """The option that the text begins with, unless another one is joined to it."""
    joined = re.search(
        rf"{_words(options[label])}[\s\"')*]*(?:,|/|\band\b|\bor\b)(?: ?(?:and|or)\b)?", text[:600], re.IGNORECASE
    )
    other = options.at_start(text[joined.end() : joined.end() + AHEAD]) if joined else None
    if not joined or not other or other == label:
        return NamedOption(label, "text")
    clause = re.match(
        rf"\s*(?:the )?{_words(options[other])}(?={NEW_CLAUSE.pattern})", text[joined.end() :], re.IGNORECASE
    )
    return NamedOption(label, "text") if clause else NamedOption(None, "multiple")


def _words(text: str) -> str:
    """A pattern for these words, with any other signs between them."""
    return r"\W+".join(map(re.escape, re.findall(r"\w+", text)))


def _by_letters(letters: list[str], rest: str, options: Options, *, field: bool) -> NamedOption | None:
    if AGAINST.match(rest) or re.match(r"[)\]*]{0,4}\?", rest):
        return None
    if len(set(letters)) > 1:
        own = options.as_list(letters)
        return NamedOption(own, "text") if own else NamedOption(None, "multiple")
    if ALTERNATIVES.match(rest):
        return NamedOption(None, "multiple")
    if letters[0] in options:
        return NamedOption(letters[0], "letter")
    named = options.named(rest.split("\n")[0])
    if len(named) == 1:
        return NamedOption(named[0], "text")
    alone = field or re.match(r"[\s).*:,\"'}\]$]|$", rest)
    return NamedOption(None, "out_of_range") if alone else None


def denied(text: str, own: str) -> bool:
    """Whether an option is named only to deny it: "migraine, not gastritis"."""
    if not DENIAL.search(text):
        return False
    at = [match.start() for match in re.finditer(rf"\b{_words(own)}\b", text, re.IGNORECASE)]
    return bool(at) and all(BEFORE_DENIED.search(text, max(0, start - BEFORE), start) for start in at)


def _by_words(head: str, options: Options, *, field: bool) -> NamedOption | None:
    named = [label for label in options.named(head) if not denied(head, options[label])]
    if len(named) > 1:
        named = options.named(CONTRAST.split(head, maxsplit=1)[0]) or named
    if len(named) == 1:
        return NamedOption(named[0], "text")
    if named:
        return NamedOption(None, "multiple") if field else None
    nothing = [label for label, words in options.words.items() if words.startswith("none of")]
    if NOTHING_NAMED.match(head) and len(nothing) == 1:
        return NamedOption(nothing[0], "text")
    marked = {letter for letter in MARKED.findall(CONTRAST.split(head, maxsplit=1)[0]) if letter in options}
    if REFUSAL.search(head[:90]) and not marked:
        return NamedOption(None, "refusal")
    if len(marked) == 1:
        return NamedOption(marked.pop(), "letter")
    return NamedOption(None, "multiple" if marked else "unreadable") if field or marked else None
