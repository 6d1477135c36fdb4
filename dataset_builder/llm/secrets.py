"""Which values of the environment are secret: in no file, message, store or card may one of them be."""

import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

ENDINGS = ("_KEY", "_TOKEN")
URL_ENDINGS = ("_BASE_URL", "_ENDPOINT", "_PROXY", "_proxy")
MIN_LENGTH = 7  # a shorter value (`none`, `x`) is what servers get that want no key, and is in many texts by chance
_ESCAPED = re.compile(r"\\u00([2-7][0-9a-fA-F])|\\(/)")  # a character within JSON


def secrets(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Name and value of every key and token in the environment (default: of this process, as it is now), and of passwords in its URLs."""
    environment = os.environ if environment is None else environment
    found = {name: value for name, value in environment.items() if name.endswith(ENDINGS)}
    for name, value in environment.items():
        if name.endswith(URL_ENDINGS) and (password := _password(value)):
            found |= {
                f"the password in {name}": unquote(password),
                f"the password in {name}, as it is written there": password,
            }
    return {name: value for name, value in found.items() if len(value) >= MIN_LENGTH}


def redacted(text: str, values: Iterable[str]) -> str:
    """The text with ``[key]`` for each of these secrets in it, such as one that an endpoint repeats in its refusal.

    Also where JSON writes some of its characters as escapes.
    """
    values = list(values)
    plain = _ESCAPED.sub(_unescape, text) if "\\u00" in text or "\\/" in text else text
    if plain is not text and any(value in plain for value in values):
        text = plain
    for value in values:
        text = text.replace(value, "[key]")
    return text


def without_userinfo(url: str) -> str:
    """The URL without user and password, for files and messages."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def _unescape(match: re.Match[str]) -> str:
    character = match[2] or chr(int(match[1], 16))
    return match[0] if character in '"\\\x7f' else character


def _password(url: str) -> str | None:
    try:
        userinfo = urlsplit(url).netloc.rpartition("@")[0]
    except ValueError:  # no URL
        return None
    return userinfo.partition(":")[2] or None
