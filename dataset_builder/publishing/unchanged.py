"""Recognise a build that would change nothing: everything that it depends on is as it was when its folder was written.

A build leaves a note with its folder's intermediates. It lists what the build has read and written, by path, size, time of change and
inode, as `make` and `git` do: an edit that keeps all four is not noticed. There is a note only where the same build, run again, would
send nothing and read nothing from the network that can change. Without a note, or where anything differs, the build runs.
This module imports nothing that takes long.
"""

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataset_builder.publishing.layout import intermediates_folder
from dataset_builder.sources.table import SOURCES
from dataset_builder.stage_code import ROOT, code_hash

NOTE = "unchanged.json"
Note = dict[str, Any]


def unchanged(folder: Path, options: Mapping[str, Any], store: Path) -> Note | None:
    """The note of the build that wrote this folder, where the same build would write it again; else None.

    ``options``: all arguments of the command line, by name. ``store``: the answer store, which counts where models are asked.
    """
    try:
        note = json.loads((intermediates_folder(folder) / NOTE).read_text("utf-8"))
    except (OSError, ValueError):  # none was kept, or it was cut
        return None
    if not isinstance(note, dict) or not {"graph", "asks", "lines", "state"} <= note.keys():
        return None  # not written by this version
    now = state(options, note["graph"], store if note["asks"] else None) | {"out": _written(folder)}
    return note if note["state"] == now else None


def state(options: Mapping[str, Any], graph: str, store: Path | None) -> dict[str, Any]:
    """What a build depends on: options, code, packages, checkout, and every file that it may read. ``store``: None: no model is asked."""
    folders = [source.folder for source in SOURCES.values() if source.folder]
    folders += [Path(options["data_dir"])] if options["data_dir"] else []
    return {
        "options": {
            name: str(value) for name, value in options.items() if not callable(value)
        },  # not the command's function
        "from": str(Path.cwd()),
        "code": code_hash(),
        "packages": [sys.version, *_files([Path(sysconfig.get_path("purelib"))]).values()],
        "git": git_state(),
        "in": _files([Path(graph), *([store] if store else []), *_below(folders)]),
    }


def keep_note(folder: Path, before: Mapping[str, Any], graph: str, lines: Sequence[str], *, asks: bool) -> None:
    """Leave the note.

    ``before``: the state before the build read anything. ``lines``: what is to be printed where nothing has changed. ``asks``: whether
    models are asked.
    """
    note = {"graph": graph, "asks": asks, "lines": list(lines), "state": {**before, "out": _written(folder)}}
    (intermediates_folder(folder) / NOTE).write_text(json.dumps(note), "utf-8")


def git_state() -> dict[str, Any]:
    """The commit of this checkout, and whether it has no other changes; both None outside a checkout, or without git."""
    commit, status = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    return {"commit": commit, "clean": None if status is None else not status}


def _git(*words: str) -> str | None:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _written(folder: Path) -> dict[str, list[int]]:
    """The files of a dataset folder, and those beside it, but for the note."""
    return _files(path for path in _below([folder, intermediates_folder(folder)]) if path.name != NOTE)


def _below(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*"))]


def _files(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Size, time of change and inode of these files and folders, by path; of a missing one, nothing."""
    found = {str(path): path.stat() for path in paths if path.exists()}
    return {path: [stat.st_size, stat.st_mtime_ns, stat.st_ino] for path, stat in found.items()}
