"""The borders, each in processes of its own."""

import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.border import Border
from tests.fuzz.driver import Tally, run

NOT_BORDERS = {"__init__", "__main__", "border", "driver", "mutations", "processes", "test_borders"}
BATCH = 500  # contents per call: Hypothesis remembers all that it drew


def borders() -> list[str]:
    """The names of the borders: the modules of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_BORDERS)


def border(name: str) -> Border:
    """The border of this name."""
    return import_module(f"tests.fuzz.{name}").BORDER


def over_processes(name: str, examples: int | None, seconds: float, seed: int) -> Tally:
    """One border, in as many processes as there are processors, for so many contents or seconds."""
    tally, until, at = Tally(), time.monotonic() + seconds, seed
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        while tally.number < examples if examples else time.monotonic() < until:
            size = BATCH if not examples else min(BATCH, examples - tally.number)
            tasks = [pool.submit(batch, name, size, at + n * BATCH) for n in range(os.cpu_count() or 1)]
            at += len(tasks) * BATCH
            before = tally.number
            for task in tasks:
                tally.add(task.result())
            if tally.number == before:
                break
    return tally


_folders: dict[str, tempfile.TemporaryDirectory[str]] = {}


def batch(name: str, number: int, seed: int) -> Tally:
    """Some contents of one border, in a folder of this process."""
    if name not in _folders:
        _folders[name] = tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-")
    return run(border(name), number, seed, Path(_folders[name].name))
