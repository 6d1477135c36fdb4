"""Characters that show that a text was damaged on its way: controls, replacements, UTF-8 read in another encoding."""

import re
from collections.abc import Iterator

from dataset_builder.sources.plain_text import ENTITY, TAG, UNSEEN

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
# A first and the further bytes of UTF-8, as cp1252 or Latin-1 shows them. Whether they are UTF-8 is then tried
_LATER = "\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178"
MOJIBAKE = re.compile(f"[\u00c2-\u00df][{_LATER}]|[\u00e0-\u00ef][{_LATER}]{{2}}|[\u00f0-\u00f4][{_LATER}]{{3}}")
# What texts of medicine have: Latin, Greek, punctuation, currency, arrows, mathematics. "TGF-ß–" is UTF-8 for a letter of N'Ko
MEANT = re.compile("[\u00a0-\u03ff\u1e00-\u1fff\u2000-\u22ff\ufb00-\ufb06\ufeff\U0001f300-\U0001faff]")
AROUND = 20  # characters shown on both sides


def damaged(text: str) -> Iterator[tuple[str, str]]:
    """The code of each kind of damage in a text, and where. Each code once."""
    if found := CONTROLS.search(text):
        yield "control_characters", f"U+{ord(found[0]):04X} at character {found.start()}: {_around(text, found)}"
    if ("<" in text and (found := TAG.search(text))) or ("&" in text and (found := ENTITY.search(text))):
        yield "markup", _around(text, found)
    if text.isascii():
        return
    if (at := text.find("\ufffd")) >= 0:
        yield "replacement_character", f"at character {at}: {text[max(0, at - AROUND) : at + AROUND]}"
    if found := next((one for one in MOJIBAKE.finditer(text) if _read_wrongly(one[0])), None):
        yield (
            "mojibake",
            f"{found[0]} for {_read_wrongly(found[0])} at character {found.start()}: {_around(text, found)}",
        )
    if (found := UNSEEN.search(text)) and not CONTROLS.match(found[0]):
        yield "unseen_characters", f"U+{ord(found[0]):04X} at character {found.start()}"


def _read_wrongly(shown: str) -> str | None:
    """The character that was read as these; None where they are no UTF-8, or stand for a character that no such text has."""
    try:
        meant = bytes(_byte(one) for one in shown).decode("utf-8")
    except (UnicodeError, ValueError):
        return None
    return meant if MEANT.fullmatch(meant) else None


def _byte(character: str) -> int:
    """The byte that cp1252 shows as this character, or Latin-1 where cp1252 has none."""
    return ord(character) if ord(character) < 0x100 else character.encode("cp1252")[0]


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - AROUND) : found.end() + AROUND]
