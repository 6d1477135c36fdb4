"""What reaches a terminal: text that controls nothing in it, in characters that it can show.

Names of files, ids, columns, models and the errors of servers are written by others, and are printed. So the streams themselves
escape: every command calls `protect` before anything else.
"""

import io
import re
import sys

# All that moves the cursor, starts an escape sequence, or changes the order of what is shown; \n and \t are ours. Beside ASCII's and
# Latin-1's controls: marks of direction, line separators, the byte order mark, tags; and half characters, which no encoding has.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_BAR = re.compile(r"(\r?)([^\r]*)(\r?)", re.DOTALL)  # one state of a progress bar, as tqdm writes it
_MOVES = re.compile(r"(?:\n|\x1b\[A)+")  # tqdm's steps between bars


def escaped(text: str) -> str:
    """The text with every control character but line break and tab as Python writes it: ``\\x1b``, ``\\u202e``."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """As `escaped`, and line breaks too, so that no name can look like a line of its own."""
    return escaped(text).replace("\n", "\\n")


def protect() -> None:
    """Make stdout and stderr of this process escape control characters, and characters that their encoding lacks."""
    for name, kind in (("stdout", _Escaping), ("stderr", _EscapingBars)):
        stream = getattr(sys, name)
        if type(stream) is io.TextIOWrapper:  # not one that is protected already, or that a test has put there
            stream.flush()
            protected = kind(
                stream.buffer,
                encoding=stream.encoding,
                errors="backslashreplace",
                line_buffering=stream.line_buffering,
                write_through=stream.write_through,
            )
            protected.replaced = stream
            setattr(sys, name, protected)


class _Escaping(io.TextIOWrapper):
    replaced: io.TextIOWrapper  # kept, since at its end it would close the file that both write to

    def write(self, text: str, /) -> int:
        super().write(self.shown(text))
        return len(text)

    def shown(self, text: str) -> str:
        return escaped(text)


class _EscapingBars(_Escaping):
    """Lets the steps of progress bars pass, and nothing within their texts."""

    def shown(self, text: str) -> str:
        if _MOVES.fullmatch(text):
            return text
        bar = _BAR.fullmatch(text)
        return f"{bar[1]}{escaped(bar[2])}{bar[3]}" if bar else escaped(text)
