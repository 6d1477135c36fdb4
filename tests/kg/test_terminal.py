"""What is printed controls nothing in the terminal, and lacks no character that it cannot show."""

import io
import sys

import pytest

from kg.terminal import escaped, one_line, protect

HOSTILE = {
    "\x1b[2J\x1b]0;title\x07": r"\x1b[2J\x1b]0;title\x07",
    "all wrong\rall right": r"all wrong\rall right",
    "\x08\x7f\x9b31m": r"\x08\x7f\x9b31m",
    "train\u202etxt\u2066\u200f": r"train\u202etxt\u2066\u200f",
    "a\u2028b\ufeff\U000e0041": r"a\u2028b\ufeff\U000e0041",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_controls_are_written_as_python_writes_them(text: str) -> None:
    assert escaped(text) == HOSTILE[text]


def test_text_of_any_language_stays_with_its_lines_and_tabs() -> None:
    text = "β-blocker → 5 µg\t\u041d\u0435\u0442\n\u0627\u0644\u062d\u0645\u0649 \u200d emoji 🩺\n"
    assert escaped(text) == text
    assert one_line("id\nall right") == r"id\nall right"


def written(patch: pytest.MonkeyPatch, name: str, *texts: str) -> bytes:
    """What a process with an ASCII terminal writes to this stream after `protect`."""
    raw = io.BytesIO()
    patch.setattr(sys, name, io.TextIOWrapper(raw, encoding="ascii", errors="strict"))
    protect()
    protect()  # a second time changes nothing
    stream = getattr(sys, name)
    for text in texts:
        stream.write(text)
    stream.flush()
    return raw.getvalue()


def test_both_streams_are_protected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(monkeypatch, "stdout", "é → \x1b[1m\udcff\n") == rb"\xe9 \u2192 \x1b[1m\udcff" + b"\n"
    assert written(monkeypatch, "stderr", "error: é\rfine\n") == rb"error: \xe9\rfine" + b"\n"


def test_progress_bars_move_and_nothing_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = ("\r 50% \x1b[2J", "\n", "\x1b[A\x1b[A", "\r     \r", "\r50%\rdone\r")
    assert written(monkeypatch, "stderr", *steps) == b"\r 50% \\x1b[2J\n\x1b[A\x1b[A\r     \r\\r50%\\rdone\\r"
