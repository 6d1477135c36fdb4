"""What kg_only costs per row at scale: python -m benchmarks.build_scale ROWS … [--home DIR] [--command].

The questions are MedQA's and MedMCQA's from $SHARED_DATA/hub (default ../shared/data), drawn with replacement, each made unique by a
number at its end; the graph is the real subset of PrimeKG; the claims of rationales are not read (--claims none). Every number of rows
is built in a process of its own, on an empty cache. Per phase (reading, contamination check, table on disk, each stage): CPU
milliseconds and bytes of cache per row, the peak of its memory in MB (with file pages that are mapped), and what of this is anonymous
at its end. ``--command`` runs the command `build` instead, which also
writes the folder; ``--home`` keeps the caches in DIR.
"""

import argparse
import contextlib
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.shared_data import SHARED_DATA

GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"
MEDQA, MEDMCQA = "GBaker/MedQA-USMLE-4-options", "openlifescienceai/medmcqa"
SPLITS = {MEDQA: "train", MEDMCQA: "validation"}  # of the files here; what is drawn is written as a train split


def write_sources(folder: Path, rows: int) -> None:
    """A folder of sources with this many unique train questions in all, and the evaluation splits that are here."""
    hub = SHARED_DATA / "hub"
    for file in hub.rglob("*.*"):
        if not file.name.startswith("train") and file.parent.name != "medmcqa":  # whose questions are drawn
            place = folder / file.relative_to(hub)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(file)
    pool = [
        (hub_id, json.loads(line))
        for hub_id, split in SPLITS.items()
        for line in gzip.decompress((hub / hub_id / f"{split}.jsonl.gz").read_bytes()).decode().splitlines()
    ]
    draw = random.Random(0)
    for hub_id in SPLITS:
        (folder / hub_id).mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        files = {
            hub_id: stack.enter_context((folder / hub_id / "train.jsonl").open("w", encoding="utf-8"))
            for hub_id in SPLITS
        }
        for number in range(rows):
            hub_id, row = draw.choice(pool)
            files[hub_id].write(json.dumps(row | {"question": f"{row['question']} ({number})"}) + "\n")


class Phases:
    """Prints CPU time, peak memory and cache bytes of each phase."""

    def __init__(self, rows: int, cache: Path) -> None:
        self.rows, self.cache, self.cpu, self.bytes, self.peak = rows, cache, 0.0, 0, 0.0

    def __call__(self, name: str, do: Callable[[], Any]) -> Any:
        """Do it, and print what it cost."""
        self._bytes()
        Path("/proc/self/clear_refs").write_text("5")  # the peak of memory counts from now
        before = _cpu()
        done = do()
        spent, status = _cpu() - before, Path("/proc/self/status").read_text().split()
        peak, anonymous = (int(status[status.index(f"{key}:") + 1]) / 1000 for key in ("VmHWM", "RssAnon"))
        self.cpu, self.peak = self.cpu + spent, max(self.peak, peak)
        print(
            f"{name:20} {spent / self.rows * 1e3:8.3f} ms/row {self._bytes() / self.rows:9.0f} B/row {peak:8.0f} MB {anonymous:8.0f} MB",
            flush=True,
        )
        return done

    def _bytes(self) -> int:
        """The bytes that the cache has grown by."""
        now = sum(file.stat().st_size for file in self.cache.rglob("*") if file.is_file())
        grown, self.bytes = now - self.bytes, now
        return grown

    def total(self) -> None:
        """Print the sums, the peak, and what the process itself says of its peak (which no phase resets)."""
        print(
            f"{'all':20} {self.cpu / self.rows * 1e3:8.3f} ms/row {self.bytes / self.rows:9.0f} B/row {self.peak:8.0f} MB",
            flush=True,
        )


def _cpu() -> float:
    return sum(
        use.ru_utime + use.ru_stime
        for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def build(sources: Path, rows: int) -> None:
    """Build step by step, as the command does."""
    from datasets import config

    from dataset_builder.commands.contamination import check_contamination
    from dataset_builder.pipelines import kg_only
    from dataset_builder.run import run
    from dataset_builder.sources.questions import on_disk, read_questions
    from kg import KG

    kg = KG.load(str(GRAPH))
    kg.open()
    phase = Phases(rows, Path(config.HF_DATASETS_CACHE))
    questions, origins = phase("read_questions", lambda: read_questions(["medqa", "medmcqa"], data_dir=sources))
    given = argparse.Namespace(benchmarks="all", data_dir=sources, strict=False, embedder="none")
    ledger, _, _ = phase("check_contamination", lambda: check_contamination(questions, origins, given))
    table = phase("on_disk", lambda: on_disk(questions))
    stages = kg_only(kg, None, 0, benchmarks=ledger)
    for number, stage in enumerate(stages, 1):  # those before it come from the cache, as in a build that goes on
        phase(stage.name, lambda number=number: run(table, stages[:number]))
    phase.total()


@contextlib.contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory() as home:
        yield Path(home)


def main() -> None:
    """Build each number of rows in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int, nargs="+")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--command", action="store_true")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        return build(given.inside / "sources", given.rows[0])
    for rows in given.rows:
        with _home(given.home and given.home / str(rows)) as home:
            if not (home / "sources").exists():
                write_sources(home / "sources", rows)
            print(f"{rows} rows{'CPU':>19}{'cache':>19}{'peak':>13}{'anonymous':>12}", flush=True)
            environment = os.environ | {
                "HF_HOME": f"{home}/hf",
                "HF_DATASETS_CACHE": f"{home}/datasets",
                "HF_HUB_OFFLINE": "1",
            }
            environment |= {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
            command = ["benchmarks.build_scale", str(rows), "--inside", str(home)]
            if given.command:
                command = [
                    "dataset_builder",
                    "build",
                    "kg_only",
                    "--sources",
                    "medqa,medmcqa",
                    "--data-dir",
                    f"{home}/sources",
                ]
                command += ["--kg", str(GRAPH), "--claims", "none", "--out", f"{home}/out"]
            subprocess.run([sys.executable, "-m", *command], env=environment, check=True)
            use = resource.getrusage(resource.RUSAGE_CHILDREN)  # its peak is that of the largest process so far
            print(
                f"user {use.ru_utime:.1f} s, system {use.ru_stime:.1f} s (all processes so far), peak {use.ru_maxrss / 1000:.0f} MB"
            )


if __name__ == "__main__":
    main()
