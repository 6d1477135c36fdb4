"""The answer rule that HuatuoGPT-o1, MedReason and ReasonMed publish, for comparison only: nothing of ours reads an answer with it.

Written from its description (paper figures were made with it): a text is cut after the last heading of a final answer; then all
letters after "answer is", else all letters that stand between signs, else options named in the text, else the most similar
option. It gives a first and a last letter, and a benchmark's score is the better of the two. It always gives one.
"""

import difflib
import re
from collections.abc import Mapping

HEADINGS = ("## Final Response\n\n", "## Final Answer\n\n")


def published_rule(text: str, options: Mapping[str, str]) -> tuple[str, str]:
    """The first and the last letter that the rule finds; a letter may be none of the options."""
    for heading in HEADINGS:
        if heading in text:
            text = text.rpartition(heading)[2]
            break
    strict = re.findall(r"answer is\s*?([A-N])", text)
    if strict:
        return strict[0], strict[-1]
    letters = "ABCDEFGHIJKLMN"[: len(options)]
    loose = re.findall(rf"(?:[\u4e00-\u9fff]|is |\W|^)(?![aA] )([{letters}])(?:\W|[\u4e00-\u9fff]|$)", text)
    if loose:
        return loose[0], loose[-1]
    low = text.lower()
    named = {label: option.lower() for label, option in options.items() if option.lower() in low}
    if named:
        return max(named, key=lambda a: low.index(named[a])), max(named, key=lambda a: low.rindex(named[a]))
    ratio = {label: difflib.SequenceMatcher(None, option, text).ratio() for label, option in options.items()}
    label = max(reversed(list(ratio)), key=ratio.__getitem__)
    return label, label
