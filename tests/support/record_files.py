"""Which files of this project a stage in fact runs and reads, recorded while it is applied in a process of its own."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from dataset_builder.stage_code import PACKAGES, ROOT

T = TypeVar("T")
SUFFIXES = (".py", ".jinja", ".tsv", ".txt")  # code and word lists; a graph and the questions are inputs
_FOLDERS = tuple(f"{ROOT / package}{os.sep}" for package in PACKAGES)


def recorded(work: Callable[[], T]) -> tuple[T, set[Path]]:
    """The result of ``work``, and the files that it runs and opens. Forked, so that nothing is yet read or cached by it here."""
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_record, args=(work, there))
    child.start()
    there.close()
    result, files = here.recv()
    child.join()
    return result, {Path(file) for file in files if file.startswith(_FOLDERS) and file.endswith(SUFFIXES)}


def _record(work: Callable[[], Any], to: Connection) -> None:
    files: set[str] = set()

    def on_call(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            files.add(frame.f_code.co_filename)

    def on_event(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            files.add(os.fspath(arguments[0]))

    sys.addaudithook(on_event)
    sys.setprofile(on_call)
    try:
        result = work()
    finally:
        sys.setprofile(None)
    to.send((result, files))
