"""Which option does a text commit to? Used by the stages that judge and by evaluation.

The last commitment to the given question counts, and no commitment is a valid result: there is no text similarity, no default
letter, no best of several rules. A declared answer (`declared_answers`) takes precedence over one that the text only implies
(below). Reason: the rule published by both papers always finds a letter, also where a text gives no answer
(tests/answer_extraction/test_extraction.py shows how).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from dataset_builder.answer_extraction.declared_answers import Commitment, commitments, final, strongest
from dataset_builder.answer_extraction.named_options import (
    NamedOption,
    Options,
    denied,
    fold,
    letters_at_start,
    read_answer,
)
from dataset_builder.answer_extraction.read_once import ReadOnce
from dataset_builder.answer_extraction.thoughts import split_thoughts

ERROR = re.compile(  # whole phrases: prose about errors, filters and limits can begin in the same way
    r"\s*(?:error communicating with (?:the )?(?:openai|server|api|model|endpoint)|the response was filtered(?:\W*$| due| because| by)|openai error"
    r"|rate limit (?:reached|exceeded|error))",
    re.IGNORECASE,
)
# full-width brackets, signs, letters and digits of Chinese and Japanese text
WIDE = str.maketrans("\uff08\uff09\uff3b\uff3d\u3010\u3011\uff1a\uff0e\uff0c\uff0a\uff5c", "()[][]:.,*|")
WIDE |= {
    0xFEE0 + code: code
    for code in (*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1), *range(ord("0"), ord("9") + 1))
}
# to search takes a sixth of the time of `translate`
IS_WIDE = re.compile(f"[{''.join(map(chr, WIDE))}]")
# LaTeX that only sets the type: \text{B}, {\rm B}
TYPE = re.compile(
    r"\\(?:text(?:bf|rm|sf|tt|it|sl|sc|normal|up)?|math(?:rm|bf|sf|tt|it|cal|bb|normal)|operatorname|boldsymbol|bm|emph|mbox)\s?\{([^{}\n]{0,300})\}"
)
SWITCH = re.compile(
    r"\\(?:rm|bf|sf|tt|it|displaystyle|textstyle|[lL]arge|LARGE|huge|Huge|bfseries|rmfamily)\b ?|\\[ ,;:!](?=[A-Za-z(])"
)
BLANKS = re.compile(r"[^\S\n](?:(?<! )|[^\S\n])[^\S\n]*")  # all but a single space
# each match of it has one; to look for them takes a tenth of the time
OF_BLANKS = ("  ", *(sign for sign in map(chr, range(0x3001)) if sign.isspace() and sign not in " \n"))
ESCAPED_BREAK = re.compile(r"\\n(?![a-z])")  # within JSON; not \nu of LaTeX
NEXT_QUESTION = re.compile(
    r"\n ?(?:#{1,6} ?)?(?:\*\*)?(?:(?:medical )?question|q|problem|example|user|human|instructions?|options|passage) ?\d* ?(?:\*\*)? ?(?:[:.]|\n)"
    r"|\n ?(?:an?|the) \d{1,3}[- ](?:year|month|week|day)s?[- ]old\b"
    r"|<\|(?:im_end|im_start|eot_id|end|user|endoftext)\|>|</s>|\[INST\]",
    re.IGNORECASE,
)
LISTED = re.compile(r"(?m)^\W{0,12}(?:[Oo]ption )?([A-Z])[).:]")
SENTENCE_END = re.compile(r"(?<=[\w)\]*\"'%][\w)\]*\"'%][.!?])\s+|(?<=[a-z] [A-Z][.!?])\s+(?=[A-Z])|\n+")
CUE = re.compile(
    r"\b(?:therefore|thus|hence|conclusion|in summary|overall|so(?=,)|based on|given th\w+|considering|as a result|"
    r"most (?:likely|appropriate|accurate|suitable|effective|common|direct|probable|plausible)|greatest|highest|best|correct|"
    r"leaves us|this leaves|closest)\b",
    re.IGNORECASE,
)
DOUBT = re.compile(
    r"\b(?:neither|unlikely|incorrect|wrong|inappropriate|less likely|not (?:the |a )?(?:most|correct|best|likely|indicated|appropriate)|"
    r"rul(?:e|es|ed|ing) out|eliminat\w*|exclude[sd]?|avoid(?:ed)?|contraindicated|(?:should|would) not|than)\b",
    re.IGNORECASE,
)
DENIED = re.compile(
    rf"{DOUBT.pattern}|\b(?:not|unlike|without|no longer|isn't|doesn't|cannot|can't|unable|unclear|sorry|depends|insufficient)\b",
    re.IGNORECASE,
)
POINTED = re.compile(r"\(([A-Z])\)|\b(?:options?|choice|statement) \(?([A-Z])\b", re.IGNORECASE)
GOOD_VERDICT = re.compile(
    r"(?m)^\W{0,12}(?:option )?([A-Z])[).:]{1,3}[^\n]{0,600}?(?:(?:\bis|[-–:]|\bconsidered) (?:the )?(?:most |only |best )?"
    r"(?:correct|accurate)\b(?! the)|\b(?:correct|best|most likely|most appropriate) answer)",
    re.IGNORECASE,
)


class Extraction(NamedTuple):
    """The label of the option, or None; and the rule that found it, or found that there is none."""

    label: str | None
    rule: str


_READ: ReadOnce[Extraction] = ReadOnce()


def extract(text: str, options: Mapping[str, str]) -> Extraction:
    """The option that the text finally commits to. Pure. ``options``: label (a letter) to text, up to 26 of them."""
    return _READ.of((text, *chain.from_iterable(options.items())), lambda: _extract_of(text, options))


def _extract_of(text: str, options: Mapping[str, str]) -> Extraction:
    known, given = Options(options), {label.upper(): label for label in options}
    label, rule = _extract(text, known)
    return Extraction(given[label] if label else None, rule)


def _extract(text: str, options: Options) -> Extraction:
    answer = after_thinking(text)
    if answer is None:
        return Extraction(None, "unfinished_thinking")
    if not re.search(r"\w", answer):
        return Extraction(None, "empty")
    if ERROR.match(answer):
        return Extraction(None, "api_error")
    found = commitments(answer, options)
    if end := next_question(answer, found, options):
        answer = answer[:end]
        found = commitments(answer, options)
    if found:
        last = final(found)
        return Extraction(last.named.label, f"{last.rule}_{last.named.how}")
    for rule in UNDECLARED:
        if named := rule(answer, options):
            return Extraction(named.label, f"{rule.__name__}_{named.how}")
    return Extraction(None, "no_commitment")


def declared_labels(text: str, options: Mapping[str, str]) -> frozenset[str]:
    """The labels of all options that the text, after its thoughts, declares to be its answer, by rules as strong as the one that decides."""
    known, answer = Options(options), after_thinking(text)
    given = {label.upper(): label for label in options}
    found = commitments(answer, known) if answer else []
    return frozenset(given[one.named.label] for one in strongest(found) if one.named.label)


def after_thinking(text: str) -> str | None:
    """The text after the last closed thought, without runs of blanks; None where a thought is not closed."""
    answer, unfinished = split_thoughts(text)
    if unfinished:
        return None
    lines = answer if answer.isascii() else IS_WIDE.sub(lambda sign: sign[0].translate(WIDE), answer)
    lines = ESCAPED_BREAK.sub("\n", lines)
    if "<|begin_of_box|>" in lines:  # GLM
        lines = lines.replace("<|begin_of_box|>", "\\boxed{").replace("<|end_of_box|>", "}")
    if "\\" in lines:
        lines = SWITCH.sub("", TYPE.sub(r"\1", TYPE.sub(r"\1", lines)))
    if any(blank in lines for blank in OF_BLANKS):
        lines = BLANKS.sub(" ", lines)
    return re.sub(r"\n(?: ?\n)+", "\n\n", lines)


def next_question(text: str, found: Sequence[Commitment], options: Options) -> int | None:
    """The position where a text, after its answer, continues with a question of its own; None where it does not."""
    first = 1 if leading_letter(text, options) else found[0].at if found else None
    if first is None:
        return None
    return next((match.start() for match in NEXT_QUESTION.finditer(text, first - 1)), None)


# Answers that are not declared; the first rule that finds one decides.


def leading_letter(text: str, options: Options) -> NamedOption | None:
    """B. gout ...; a text that begins with a list of all options has not answered."""
    start = text.lstrip()
    letters, rest = letters_at_start(start, options)
    if not letters or (_lists_options(text, options) and re.match(r"[).:]", rest)):
        return None
    alone = re.match(r"[\s*\"'`)\]]*(?:[).:,<]|\n|$)| (?:because|since|as|is the|[-–—]) ?", rest)
    return read_answer(start, options) if alone else None


def leading_option(text: str, options: Options) -> NamedOption | None:
    """Gout. It ...: the text begins with an option's words alone, or with a number or letter and then its words."""
    if _lists_options(text, options):
        return None
    start = text.strip()
    if label := options.at_start(start):
        words = r"\W+".join(map(re.escape, re.findall(r"\w+", options[label])))
        alone = rf"\W*(?:(?:the|an?) )?{words}[\s*\"')]*(?:$|[.,:;(\n–—-]|because\b)"
        return NamedOption(label, "text") if re.match(alone, start, re.IGNORECASE) else None
    numbered = re.match(r"\W*(?:\d+|[A-Z])[\s.):]+", start)
    label = options.at_start(start[numbered.end() :]) if numbered else None
    return NamedOption(label, "text") if label else None


def bare_line(text: str, options: Options) -> NamedOption | None:
    """A line that is a letter, the last such one; or a last line that is an option's words."""
    if LISTED.search(text):
        return None
    lines = _sentences(text)
    letters = [re.sub(r"\W", "", line) for line in lines if re.fullmatch(r"\W*[A-Z]\W*", line)]
    if letters and letters[-1] in options:
        return NamedOption(letters[-1], "letter")
    same = [label for label, words in options.words.items() if words == fold(lines[-1])]
    return NamedOption(same[0], "text") if len(same) == 1 else None


def conclusion(text: str, options: Options) -> NamedOption | None:
    """The last sentence that concludes and names exactly one option, by letter or by words."""
    listing = _lists_options(text, options)
    for sentence in reversed(_sentences(text)):
        if not CUE.search(sentence) or (listing and LISTED.match(sentence)):
            continue
        if "combination of" in sentence:
            return NamedOption(None, "multiple")
        pointed = _pointed(sentence, options)
        tail = re.split(r"\b(?:is|are|be|with|of|to)\b", sentence)[-1]
        by_words = options.named(tail) or options.named(sentence)
        named = pointed or {label for label in by_words if not denied(sentence, options[label])}
        if len(named) == 1 and not DOUBT.search(sentence):
            return NamedOption(min(named), "letter" if pointed else "text")
    return None


def last_sentence(text: str, options: Options) -> NamedOption | None:
    """... the drug of such an attack (B).: a last, finished sentence that points to one option by its letter."""
    sentence = _sentences(text)[-1]
    pointed = _pointed(sentence, options)
    finished = not sentence[-1].isalnum() and not DENIED.search(sentence)
    listed = _lists_options(text, options) and LISTED.match(sentence)
    return NamedOption(min(pointed), "letter") if len(pointed) == 1 and finished and not listed else None


def subject(text: str, options: Options) -> NamedOption | None:
    """Gout is caused by ...: a first, finished sentence about one option, where nothing else is concluded."""
    label = None if _lists_options(text, options) else options.at_start(text.strip())
    sentence = re.match(r"[^\n]*?[a-z0-9)][.!](?=\s|$)", text.strip())
    return NamedOption(label, "text") if label and sentence and not DENIED.search(sentence.group()) else None


def inline_option(text: str, options: Options) -> NamedOption | None:
    """... which points to C. gout in the end: one option, letter and words, within a sentence."""
    if _lists_options(text, options):
        return None
    found = [
        label
        for label, words in options.items()
        if re.search(rf"[a-z,:] \(?{label}[.):]+\s+{re.escape(words.strip().rstrip('. '))}", text, re.IGNORECASE)
    ]
    return NamedOption(found[0], "text") if len(found) == 1 else None


def only_verdict(text: str, options: Options) -> NamedOption | None:
    """A verdict on every option, exactly one of them good."""
    found = set(GOOD_VERDICT.findall(text)) & set(options)
    return NamedOption(min(found), "letter") if len(found) == 1 and _lists_options(text, options) else None


def only_option_named(text: str, options: Options) -> NamedOption | None:
    """This fits gout.: a short, finished answer that names one option, and only that one."""
    short = len(text) <= 300 and re.search(r"[.!][\s*\"']*$", text) and not DENIED.search(text)
    named = options.named(text, every=True) if short else []
    return NamedOption(named[0], "text") if len(named) == 1 else None


UNDECLARED: tuple[Callable[[str, Options], NamedOption | None], ...] = (
    leading_letter,
    leading_option,
    bare_line,
    conclusion,
    last_sentence,
    subject,
    inline_option,
    only_verdict,
    only_option_named,
)


def _pointed(sentence: str, options: Options) -> set[str]:
    """The letters of options that a sentence points to: "(B)", "option B"; an (I) beside (II) is a number."""
    letters = {letter for pair in POINTED.findall(sentence) for letter in pair if letter in options}
    return letters - {"I"} if "(II" in sentence or "(IV)" in sentence else letters


def _lists_options(text: str, options: Options) -> bool:
    return len(set(LISTED.findall(text)) & set(options)) >= min(3, len(options))


def _sentences(text: str) -> list[str]:
    """The last 400 sentences or lines that have words."""
    return [sentence for sentence in SENTENCE_END.split(text.strip()) if re.search(r"\w", sentence)][-400:]
