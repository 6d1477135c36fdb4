"""Where a text declares an answer: a JSON field, \\boxed, "Answer:", "the answer is", "option B is correct".

Each rule finds its places, and `read_answer` reads the text there. All repetitions in the patterns are bounded.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dataset_builder.answer_extraction.named_options import AHEAD, NamedOption, Options, read_answer
from dataset_builder.answer_extraction.near_words import Near, NearMark, NearWords, after, in_small_letters

LETTER = r"(?-i:[A-Z])"
LETTER_ALONE = rf"(?=\W{{0,4}}(?:option )?\(?{LETTER}\)?\**(?:[.,:;]|\s*$))"

FIELD = re.compile(
    r"[\"'](?:(?:final|correct|best|selected|chosen|predicted)[_ ]?)?"
    r"(?:answer[\"']\s?:\s?\{\s?[\"'](?:label|letter|option|choice)|answer(?:[_ ]?(?:choice|letter|option|label|idx|index))?|"
    r"choice|letter|prediction|(?<=[_ ])option)[\"']\s?:\s?"
    r"(\[[^\]\n]{0,300}\]|\"(?:[^\"\\]|\\.){0,3000}\"|'[^'\n]{0,3000}'|[^,\n}\"']{1,300})",
    re.IGNORECASE,
)
TEMPLATES = (
    "X",
    "yes/no/maybe",
    "A/B/C/D",
    "...",
    "<letter>",
)  # values of a field that only repeats the requested form

BOXED = re.compile(r"(?:\\(?:boxed|box|fbox|framebox)|(?<![A-Za-z\\])boxed)\s?\{")

TABLE = re.compile(
    r"(?:^|\n)( ?\|[^\n]{3,200})\n ?\|[-: |]{3,200}\n( ?\|[^\n]{2,200})(?=\n(?! ?\|)|\n?$)"
)  # a title, a line, one row
ANSWER_TITLE = re.compile(r"(?:(?:final|correct|best|selected|your|my) )?(?:answer|choice|option)", re.IGNORECASE)

LABELLED = re.compile(
    r"(?:^|\n)[#*\s]{0,12}(?:final |correct |best )?(?:answer|response|choice) ?(?:\(?letter\)?)? ?[*_]* ?(?::|\n)"
    r"|(?:^|\n)[#*\s]{0,12}option ?[*_]* ?:"
    r"|\b(?:correct|best|right|final|chosen|selected|my) (?:option|choice|response|selection|decision) ?[*_]* ?:"
    r"|(?:\b|_)(?:answer|ans\.?)[ _]?(?:choice|option|letter|here|to (?:this|the) question)? ?[*_]* ?"
    rf"(?::|[=–—-] (?=\W{{0,4}}{LETTER}\b))"
    rf"|(?:^|\n)\W{{0,6}}(?:final )?answer (?=\(?{LETTER}\)?\W*(?:\n|$))"
    rf"|\bconclusion ?[*_]* ?:(?=\W{{0,6}}(?:option )?\(?{LETTER}[).:])"
    r"|<(?:final_?)?answer>",
    re.IGNORECASE,
)
# for each pattern that is tried near words (`NearWords`): these, with the characters that may precede them in a match
NEAR_LABELLED = NearWords(
    LABELLED,
    {
        "answer": 21,
        "response": 21,
        "choice": 21,
        "option": 13,
        "selection": 9,
        "decision": 9,
        "ans": 1,
        "conclusion": 0,
    },
)
DECISION = re.compile(
    rf"(?:^|\n)[#*\s]{{0,12}}(?:final )?decision ?[*_]* ?:(?=\W{{0,6}}(?:(?:yes|no|maybe)\b|{LETTER}\b))",
    re.IGNORECASE,
)
OTHER_LANGUAGE = re.compile(r"(?:^|\n)[#*\s]{0,12}(?:antwort|respuesta|risposta|resposta) ?[*_]* ?:", re.IGNORECASE)
CELL = re.compile(  # in a text with a table
    rf"(?:^|\n)[|\s*]{{0,8}}(?:final |correct |best )?(?:answer|choice)[\s*]{{0,6}}\|(?=[\s*]{{0,6}}\(?{LETTER}\)?[\s*]{{0,6}}\|)",
    re.IGNORECASE,
)
RARE = (
    (CELL, ("|",)),
    (DECISION, ("ecision",)),
    (OTHER_LANGUAGE, ("ntwort", "espuesta", "isposta", "esposta")),
)  # with words that they need

IN_CHINESE = r"(?:\[答案\]|答案)(?:应该|應該|應|应)?(?:是|为|為|选|選|:|(?<=\])\s?)\s?:?"
IN_CHINESE += (
    r"|(?:故|应|應|应该|應該|本题|本題|所以|因此|因而|综上|我|(?:^|\n)\W{0,6})[,:]?\s?(?:应|應)?[选選](?:择|擇|项|項)?:?\s?"
    rf"(?=\(?{LETTER}(?:\b|[^A-Za-z]))"
)
NOT_ASCII = re.compile(  # Chinese, Japanese, Korean, French, Russian
    rf"{IN_CHINESE}|(?:正解|答え)(?:は|:)\s?|(?:정답|답)(?:은|:)\s?|(?:^|\n)\W{{0,6}}옵션 (?={LETTER}\b)|(?:^|\n)[#*\s]{{0,12}}(?:réponse|ответ) ?[*_]* ?:",
    re.IGNORECASE,
)
# each match has one of them; not "ponse", which is in every "response"
OF_OTHERS = ("答", "选", "選", "正解", "답", "옵션", "éponse", "Éponse", "ответ")

ADVERB = r"(?:,? ?(?:therefore|thus|hence|then|likely|probably|most likely|clearly|indeed|still|actually|definitely|obviously),?)?"
ANSWER_IS = re.compile(
    r"\b(answers?|options?|choices?|responses?|statements?|explanation|choice letter|final decision)"
    r"(?: (?:here|left|for this \w+|to (?:this|the|your) \w+|choice|in this (?:case|scenario)|among (?:these|the options)|that [^.\n]{1,160}?))?"
    rf"{ADVERB} (?:is|are|was|(?:would|should|must|will|has to|appears to|seems to){ADVERB} be)\b{ADVERB}",
    re.IGNORECASE,
)
NEAR_ANSWER_IS = NearWords(
    ANSWER_IS,
    after(0, "answer", "option", "choice", "response", "statement", "explanation", "final decision"),
)
QUALIFIED = re.compile(
    r"\b(?:correct|right|best|true|accurate|appropriate|likely|suitable|plausible|final|only) $", re.IGNORECASE
)
PLURAL = (
    "options",
    "choices",
    "statements",
    "explanation",
)  # these are the answer only where the text calls them right
OTHERS = re.compile(  # "the incorrect answer is", "most answers are", "whether the answer is"
    r"\b(?:(?:incorrect|wrong|not|n't|other|remaining|these|all|both|some|of the|if|whether|which)"
    r" (?:(?:the|an?|single|most|best|correct|right|likely|accurate|suitable|appropriate) )*|most )$",
    re.IGNORECASE,
)

CONDITION = re.compile(r"(?:^|[.!?\n] ?)if\b[^.!?\n]*$", re.IGNORECASE)  # "If it fails, the answer would be"

CHOOSING = re.compile(
    r"\b(?:I|we)(?:'d| would| will|'ll)?(?: therefore)? (?:choose|chose|select|selected|pick|picked|go with|opt for)\b"
    rf"|\b(?:therefore|thus|hence|so|choose|select|pick|it's|it is|must be|I'd say|I think|I guess|I believe|probably)[,:]?{LETTER_ALONE}",
    re.IGNORECASE,
)
NEAR_CHOOSING = NearWords(
    CHOOSING,
    after(19, "choose", "chose", "select", "pick", "go with", "opt for")
    | after(0, "therefore", "thus", "hence", "so", "it's", "it is", "must be", "probably")
    | after(0, "i'd say", "i think", "i guess", "i believe"),
)

SO_IT_IS = re.compile(
    rf"\b(?:is|are|be|with)\b ?:?\s?(?=\*{{0,4}}\(?{LETTER}[).:]{{1,3}}\**(?:\s|$))"
    rf"|\b(?:is|are|be|option|answer) ?: ?\*{{0,4}}\n{{1,2}}(?=\W{{0,6}}(?:option )?\(?{LETTER}(?:\)[.:]?|[.:]))",
    re.IGNORECASE,
)
# the mark is the letter; the longest way to it is "answer", " : ", four asterisks, two line breaks, six signs, "option ("
NEAR_SO_IT_IS = NearMark(SO_IT_IS, re.compile(r"[A-Z][).:]"), 29)
SO = re.compile(
    r"\b(?:most|best|correct|main|next|true|false|statement|explanation|option|pairing|complication|condition|diagnosis|cause|"
    r"therefore|thus|so|based on|would)\b",
    re.IGNORECASE,
)

THE_ANSWER = r"the (?:only |single )?(?:answer\b|(?:correct|right|best|most \w+) (?:answer|option|choice|diagnosis)\b)"
IS_THE_ANSWER = re.compile(
    rf"(?:^|[.\n:,] ?|\b(?:therefore|thus|so|hence|that|option|choice|answer) )\(?({LETTER})\)?(?:[.):] [^.\n]{{1,80}}?)? is {THE_ANSWER}"
    rf"|\b(?:actually|wait|no|correction|instead)[,:.]? (?:option )?\(?({LETTER})\)? is (?:correct|right)\b",
    re.IGNORECASE,
)
NEAR_IS_THE_ANSWER = NearWords(
    IS_THE_ANSWER,
    {f" is the {word}": 95 for word in ("answer", "only ", "single ", "correct ", "right ", "best ", "most ")}
    | {" is correct": 22, " is right": 22},
)
IS_RIGHT = re.compile(
    r"\b(?:option|choice|answer|statement) ?\(?([A-Z])\)?(?: \([^)\n]{1,80}\))?(?:[,:] [^.\n]{1,80}?,)? (?:is|seems to be|appears to be) "
    r"(?:therefore )?(?:the )?(?:most |only |best )?(?:correct|right|answer|likely|appropriate|accurate|best|suitable|plausible|definitive)\b"
    rf"|(?:^|[.\n:,] ?|\b(?:therefore|thus|so|hence|that) )\(?({LETTER})\)? is (?:correct|right)(?:[.!\n]|$)",
    re.IGNORECASE,
)
NEAR_IS_RIGHT = NearWords(
    IS_RIGHT,
    after(0, "option", "choice", "answer", "statement") | {" is correct": 13, " is right": 13},
)
UNLESS = re.compile(r"\b(?:neither|nor|not|if|whether) ?$", re.IGNORECASE)


class Commitment(NamedTuple):
    """Where a text declares an answer, what it declares, and by which rule."""

    at: int
    named: NamedOption
    rule: str


def json_field(text: str, options: Options) -> Iterator[Commitment]:
    """{"answer_choice": "B"}; a field that only repeats the template does not count."""
    for match in FIELD.finditer(text):
        value = match.group(1).strip("\"' ")
        if value not in TEMPLATES and (named := read_answer(value, options, field=True)):
            yield Commitment(match.end(), named, "json_field")


def boxed(text: str, options: Options) -> Iterator[Commitment]:
    r"""\boxed{B}"""
    for match in BOXED.finditer(text) if "box" in text else ():
        content = _in_braces(text, match.end())
        at_end = match.end() + len(content) >= len(text.rstrip())
        cut = len(content) <= 2 and at_end  # \\boxed{B without an end: of what?
        if not cut and (named := read_answer(content, options)):
            yield Commitment(match.end(), named, "boxed")


def _in_braces(text: str, start: int) -> str:
    """The text from here to the brace that closes, without inner braces and boxes; to the end of the line where none closes."""
    depth = 1
    for brace in re.finditer(r"[{}\n]", text[start : start + AHEAD]):
        depth += {"{": 1, "}": -1, "\n": -9}[brace.group()]
        if depth <= 0:
            text, start = text[start : start + brace.start()], 0
            break
    return re.sub(r"\\?[{}~]|\\boxed", " ", text[start : start + AHEAD]).strip()


def table_cell(text: str, options: Options) -> Iterator[Commitment]:
    """| question | answer | above a single row | 1 | B |: the cell below the title."""
    for match in TABLE.finditer(text) if "|" in text else ():
        titles, cells = (
            [cell.strip(" *") for cell in line.strip().strip("|").split("|")] for line in match.group(1, 2)
        )
        column = next((i for i, title in enumerate(titles) if ANSWER_TITLE.fullmatch(title)), None)
        if column is not None and column < len(cells) and (named := read_answer(cells[column], options)):
            yield Commitment(match.end(), named, "table_cell")


def labelled(text: str, options: Options) -> Iterator[Commitment]:
    """Answer: B; **Correct option:** B; ## Final Answer; ## Final Response; <answer>B</answer>; | Answer | B |; 答案:B."""
    yield from _after("labelled", NEAR_LABELLED, text, options)
    for pattern, words in RARE:
        if any(word in text for word in words):
            yield from _after("labelled", pattern, text, options)
    if not text.isascii() and any(word in (in_small_letters(text) or text) for word in OF_OTHERS):
        yield from _after("labelled", NOT_ASCII, text, options)


def answer_is(text: str, options: Options) -> Iterator[Commitment]:
    """The answer is B; the best option would therefore be B."""
    yield from _after("answer_is", NEAR_ANSWER_IS, text, options)


def choosing(text: str, options: Options) -> Iterator[Commitment]:
    """I would choose B. Therefore, B."""
    yield from _after("choosing", NEAR_CHOOSING, text, options)


def _after(rule: str, anchor: re.Pattern[str] | Near, text: str, options: Options) -> Iterator[Commitment]:
    for match in anchor.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        subject = match.group(1).lower() if match.re.groups else ""
        if OTHERS.search(before) or (subject in PLURAL and not QUALIFIED.search(before)):
            continue
        if "would" in match.group() and CONDITION.search(text[max(0, match.start() - 300) : match.start()]):
            continue
        rest = text[match.end() : match.end() + AHEAD]
        if match.group().endswith(">"):  # the content of a tag
            rest = rest.partition("</")[0]
        if named := read_answer(rest, options):
            yield Commitment(match.end(), named, rule)


def so_it_is(text: str, options: Options) -> Iterator[Commitment]:
    """The most likely diagnosis is (B) gout: a letter straight after the verb of a sentence that concludes."""
    for match in NEAR_SO_IT_IS.finditer(text):
        sentence = re.split(r"[.!?]\s|\n", text[max(0, match.start() - 200) : match.start()])[-1]
        if SO.search(sentence) and (named := read_answer(text[match.end() : match.end() + AHEAD], options)):
            yield Commitment(match.end(), named, "so_it_is")


def is_the_answer(text: str, options: Options) -> Iterator[Commitment]:
    """B is the correct answer. Actually, option B is correct."""
    yield from _before("is_the_answer", NEAR_IS_THE_ANSWER, text, options)


def is_right(text: str, options: Options) -> Iterator[Commitment]:
    """Option B is correct: weaker, since an explanation may also say it about other options."""
    yield from _before("is_right", NEAR_IS_RIGHT, text, options)


def _before(rule: str, verdict: NearWords, text: str, options: Options) -> Iterator[Commitment]:
    for match in verdict.finditer(text):
        letter = (match.group(1) or match.group(2)).upper()
        if letter in options and not UNLESS.search(text[max(0, match.start() - 10) : match.start()]):
            yield Commitment(match.end(), NamedOption(letter, "letter"), rule)


# by descending weight; the last commitment of the highest weight is final
BY_WEIGHT = ((json_field,), (so_it_is, boxed, table_cell, labelled, answer_is, choosing, is_the_answer), (is_right,))


def commitments(text: str, options: Options) -> list[Commitment]:
    """Every declared answer, in the order of the text."""
    found = [one for rules in BY_WEIGHT for rule in rules for one in rule(text, options)]
    return sorted(found, key=lambda one: one.at)


def strongest(found: Sequence[Commitment]) -> list[Commitment]:
    """Those of the highest weight: the answer fields; without one the declarations; without one the options that are called right."""
    for rules in BY_WEIGHT:
        names = {rule.__name__ for rule in rules}
        if chosen := [one for one in found if one.rule in names]:
            return chosen
    return []


def final(found: Sequence[Commitment]) -> Commitment:
    """The last one of the highest weight. Raises ValueError where there is none."""
    if chosen := strongest(found):
        return chosen[-1]
    raise ValueError("found no commitment to choose from; expected at least one")
