"""A text as a reader sees it: without markup, and without characters that nobody sees. Only for comparisons.

One soft hyphen or ``<b>`` in a copied question makes other words of it, and hid the copy from a check for repeats. What is published
stays as the source has it.
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from html.entities import html5
from typing import Any

from dataset_builder.row import repeat_key

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), which are shown as nothing, and the control characters that are
# no white space
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]"
)
# The final semicolon is needed: "R&D" and "A&E" are no entities, though HTML knows "&para" without one
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# The names of HTML's tags for text, never just any text between < and >: "p < 0.05 and x > 3", "if a<b and c>d". A tag ends words
# or not, as a browser shows it: "H<sub>2</sub>O" is one word, "fever<br>cough" are two.
WITHIN = "a|abbr|b|big|cite|code|em|font|i|ins|kbd|mark|s|small|span|strike|strong|sub|sup|tt|u|wbr"
BETWEEN = "blockquote|body|br|center|dd|div|dl|dt|figure|h[1-6]|head|hr|html|img|li|ol|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul"
ATTRIBUTE = r"\s+[A-Za-z_:][\w:.-]*\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'=<>`]+)"
TAG = re.compile(
    rf"</?(?:(?P<within>{WITHIN})|{BETWEEN})(?:{ATTRIBUTE}){{0,8}}\s*/?>|<!--[^<>]*-->", re.ASCII | re.IGNORECASE
)
TWICE = 3  # "&amp;lt;b&amp;gt;": what was escaped once more by every tool on its way


def plain(text: str) -> str:
    """The text without tags, entities and unseen characters; the text itself where it has none of these."""
    for _ in range(TWICE):
        before = text
        if "&" in text:
            text = ENTITY.sub(_character, text)
        text = UNSEEN.sub("", text)
        if "<" in text:
            text = TAG.sub(lambda tag: "" if tag["within"] else " ", text)
        if text == before:
            break
    return text


def _character(entity: re.Match[str]) -> str:
    """What an entity stands for; itself where its name is none of HTML's, of which `html.unescape` would read a part."""
    name = entity[0][1:]
    return html.unescape(entity[0]) if name.startswith("#") else html5.get(name, entity[0])


def seen_key(row: Mapping[str, Any]) -> str:
    """`row.repeat_key` of a question as a reader sees it: equal for copies that differ in markup and in what nobody sees alone.

    White space does not count either, since ``<br>`` and line breaks get into words.
    """
    options = [{"text": _closed_up(option["text"])} for option in row["options"]]
    stem, context = _closed_up(row["question"]), _closed_up(row["context"] or "")
    return repeat_key({"question": stem, "context": context, "options": options})


def shown(text: str) -> str:
    """The text as it is shown in a list of options. Case counts: "Bb" and "BB" are two genotypes."""
    return " ".join(unicodedata.normalize("NFKC", plain(text)).split()).rstrip(" .,;:")


def _closed_up(text: str) -> str:
    return "".join(plain(text).split())
