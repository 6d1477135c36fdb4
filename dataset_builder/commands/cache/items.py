"""What lies in the caches of this project, in items that are kept or deleted as a whole."""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

IN_USE_S = 3600  # what was used since is not deleted: a build may be running
RESULT = re.compile(
    r"(cache|content|heard)-([0-9a-f]+)"
)  # the key of a stage's result or of what it heard, in its file's name
HEARD = "what stages heard"  # digests of models' answers (llm/heard.py)
KINDS = {  # folders of $HF_HOME/medreason, and what each of their entries is
    "graphs": "prepared graphs",
    "names": "indexes of names",
    "embeddings": "embeddings of names",
    "primekg": "PrimeKG as downloaded",
    "digests": "checksums of graph files",
    "ledgers": "contamination ledgers",
    "verified": "marks of verified folders",
}


@dataclass(frozen=True)
class Item:
    """What is kept or deleted as a whole: its kind, its files or folder, its size in bytes, when it was last used (seconds since 1970)."""

    kind: str
    paths: tuple[Path, ...]
    bytes: int
    used: float


def items(stages: Path, others: Path) -> Iterator[Item]:
    """Everything in the folder of the stages' results and in that of graphs. A model's answers are never among them."""
    for folder in sorted(path for path in stages.glob("*") if path.is_dir()):
        results: dict[tuple[str, str], list[Path]] = {}
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            key = RESULT.match(file.name)
            if key:
                kind = HEARD if key[1] == "heard" else "results of stages"
            else:
                kind = "questions" if file.name == "questions.arrow" else "unfinished files"
            results.setdefault((kind, key[2] if key else file.name), []).append(file)
        for (kind, _), files in results.items():
            yield from _item(kind, files)
    for name, kind in KINDS.items():
        for path in sorted((others / name).glob("*")):
            yield from _item("unfinished files" if path.name.startswith(".draft-") else kind, [path])


def _item(kind: str, paths: Sequence[Path]) -> Iterator[Item]:
    """These paths as one item; none where a store of answers was put among them, or they are links."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    if any(path.is_symlink() for path in [*paths, *files]) or any(".sqlite" in file.name for file in files):
        return
    facts = [path.stat() for path in (files or paths)]
    yield Item(kind, tuple(paths), sum(s.st_size for s in facts), max(max(s.st_atime, s.st_mtime) for s in facts))


def beyond(found: Sequence[Item], now: float, older: float | None, larger: float | None) -> list[Item]:
    """What was not used for ``older`` seconds and has more than ``larger`` bytes (None: any); nothing that was used in the last hour."""
    age = max(older or 0, IN_USE_S)
    return [item for item in found if now - item.used >= age and item.bytes > (larger if larger is not None else -1)]


def delete(item: Item) -> None:
    """Delete its files, or its folder."""
    for path in item.paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
