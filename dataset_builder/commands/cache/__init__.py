"""``cache``: what lies in the caches of this project, and what of it to delete. Nothing is deleted without a limit."""

import argparse
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table

from dataset_builder.commands import OUT
from dataset_builder.commands.cache.items import Item, beyond, delete, items
from kg.prepared import cache_folder

AGES = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
SIZES = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `cache` and its options."""
    age, size = _limit(AGES, "an age such as 12h, 30d or 4w"), _limit(SIZES, "a size such as 500MB or 10GB")
    command.add_argument("--older", type=age, metavar="AGE", help="delete what was not used for so long, such as 30d")
    command.add_argument(
        "--larger", type=size, metavar="SIZE", help="delete what is larger, such as 1GB; with --older: only of that"
    )
    command.set_defaults(command=handle_cache)


def _limit(units: dict[str, float], expected: str) -> Callable[[str], float]:
    def read(text: str) -> float:
        found = re.fullmatch(rf"([0-9]+(?:\.[0-9]+)?) ?({'|'.join(units)})", text.strip(), re.IGNORECASE)
        if not found:
            raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
        return float(found[1]) * next(size for unit, size in units.items() if unit.lower() == found[2].lower())

    return read


def handle_cache(given: argparse.Namespace) -> int:
    """Print what lies in the caches; with a limit, delete what is beyond it and print that."""
    from datasets import config  # takes a second

    stages, now = Path(config.HF_DATASETS_CACHE) / "medreason", time.time()
    found = list(items(stages, cache_folder()))
    OUT.print(table(found, now))
    OUT.print(
        f"Stages: {stages}. The others: {cache_folder()}. A build makes again what it needs of these.", markup=False
    )
    if given.older is None and given.larger is None:
        OUT.print(
            "To delete: --older AGE, --larger SIZE, or both (make: OLDER=30d LARGER=1GB). Models' answers are not among these.",
            markup=False,
        )
        return 0
    chosen = beyond(found, now, given.older, given.larger)
    for item in chosen:
        delete(item)
        OUT.print(
            f"deleted: {item.kind}, {_size(item.bytes)}, last used {_age(now - item.used)} ago: {item.paths[0]}",
            markup=False,
        )
    OUT.print(
        f"{len(chosen)} of {len(found)} deleted: {_size(sum(item.bytes for item in chosen))} are free again.",
        markup=False,
    )
    return 0


def table(found: Sequence[Item], now: float) -> Table:
    """Per kind: how many, their size, when the first and the last of them were used last."""
    shown = Table(title="caches", title_justify="left")
    for name in ("kind", "number", "size", "last used"):
        shown.add_column(name, justify="left" if name == "kind" else "right")
    for kind in dict.fromkeys(item.kind for item in found):
        of = [item for item in found if item.kind == kind]
        ages = dict.fromkeys(_age(now - used) for used in (min(i.used for i in of), max(i.used for i in of)))
        shown.add_row(kind, f"{len(of):,}", _size(sum(item.bytes for item in of)), f"{' to '.join(ages)} ago")
    shown.add_row("all", f"{len(found):,}", _size(sum(item.bytes for item in found)), "")
    return shown


def _size(size: float) -> str:
    unit = next((unit for unit in reversed(SIZES) if size >= SIZES[unit]), "KB")
    return f"{size / SIZES[unit]:.1f} {unit}"


def _age(seconds: float) -> str:
    return f"{seconds / 86400:.0f} days" if seconds >= 2 * 86400 else f"{max(seconds, 0) / 3600:.0f} hours"
