"""Texts of others in a card: the Hub renders its Markdown and HTML, so a question must not bring links, images or tables of its own.

A character that would begin one becomes an entity, which is shown as the character and begins nothing. Other characters stay.
"""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_HTML = re.compile(r"<(?=[A-Za-z/!?])")
_LINK = re.compile(r"\](?=[(\[:])")
_BLOCK = re.compile(  # at the beginning of a line: heading, quotation, fence; a line of a table, a rule, an underlined heading
    r"^([ \t]*)(?:(#)(?=#{0,5}\s)|(>)|(`)(?=``)|(~)(?=~~)|(\|)|([-=*_:])(?=[-=*_:| \t]*$))", re.MULTILINE
)


def inline(value: Any) -> Any:
    """For `finalize` of jinja: any text without HTML, links and images. ``Markup``: text of our own, as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _LINK.sub("&#93;", _HTML.sub("&lt;", value))


def block(text: str) -> Markup:
    """A text in lines of its own, which begins no heading, quotation, code, table or rule."""
    return Markup(_BLOCK.sub(_entity, inline(_lines(text))))


def prose(text: str) -> Markup:
    """A text that may have headings, lists and emphasis of its own: a rationale."""
    return fenced(inline(_lines(text)))


def cell(value: Any) -> Markup:
    """A value in a table: one line, which ends no cell."""
    return Markup(" ".join(inline(str(value)).splitlines()).replace("|", "&#124;"))


def code(value: Any) -> Markup:
    """A value between backticks, also in a table: one line, which does not end the code."""
    return cell(str(value).replace("`", "'"))


def fenced(text: str) -> Markup:
    """A text between fences, which it does not end."""
    return Markup(re.sub(r"```+|~~~+", "'''", text))


FILTERS = {"block": block, "prose": prose, "cell": cell, "code": code, "fenced": fenced, "own": Markup}


def environment(folder: Path) -> Environment:
    """The templates of a folder that make Markdown: texts of others begin nothing in it, and a missing field raises UndefinedError."""
    templates = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown
        finalize=inline,
    )
    templates.filters |= FILTERS
    return templates


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")  # a line ends with either


def _entity(found: re.Match[str]) -> str:
    character = next(group for group in found.groups()[1:] if group)
    return f"{found[1]}&#{ord(character)};"
