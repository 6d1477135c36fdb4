"""The blocks of a large report as files beside its page.

A page that was opened from the disk may read no file, but it may run a script: so each block is a script that hands its packed content
to the page. The files of one writing are in a folder that is named after their content, so that a page never meets the rows of another.
"""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

ROWS_IN_PAGE = (
    50_000  # with more rows the blocks are files: a browser would read hundreds of megabytes before it shows the page
)
_OURS = re.compile(r"[0-9a-f]{12}")


def folder_beside(page: Path) -> Path:
    """The folder that contains the files of a page."""
    return page.with_name(f"{page.stem}_rows")


class BlockFiles:
    """Writes blocks into a draft folder; `place` gives it its name. ``around``: the folder beside the page that contains it."""

    def __init__(self, page: Path) -> None:
        self.around = folder_beside(page)
        self._draft = page.with_name(f".{page.name}.{os.getpid()}.rows")
        self._digest = hashlib.sha256()

    def put(self, name: str, content: bytes) -> None:
        """Write a block: the call that hands it to the page."""
        self._draft.mkdir(exist_ok=True)
        text = b'keep("%b","%b")\n' % (name.encode(), content)
        self._digest.update(text)
        (self._draft / f"{name}.js").write_bytes(text)

    @property
    def folder(self) -> Path:
        """Where the files will be."""
        return self.around / self._digest.hexdigest()[:12]

    def place(self) -> None:
        """Give the files their place, beside those of an earlier page."""
        self.around.mkdir(exist_ok=True)
        if self.folder.exists():  # the same content
            shutil.rmtree(self.folder)
        self._draft.rename(self.folder)

    def remove_draft(self) -> None:
        """Remove what has not got its place."""
        shutil.rmtree(self._draft, ignore_errors=True)


def remove_others(page: Path, kept: Path | None) -> None:
    """Remove the files of earlier pages of this name, but for those ``kept``; and nothing else that is beside the page."""
    around = folder_beside(page)
    for folder in _ours(around):
        if folder != kept:
            shutil.rmtree(folder)
    with contextlib.suppress(OSError):  # it is missing, or not empty
        around.rmdir()


def _ours(around: Path) -> Iterator[Path]:
    for folder in sorted(around.iterdir()) if around.is_dir() else ():
        if _OURS.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            yield folder
