"""The report of a large build: python -m benchmarks.report [FOLDER] [--rows 30000]

Rows of a dataset folder (default: build/kg_only; better a real one) are repeated, with the words of every text shuffled so that
compression finds no text twice, and with --samples N also N long samples per question as in reasonmed. Measured: seconds and memory
of writing the page; and in headless Chromium, three times, the seconds until it is painted, until the rows are listed, until a row
is open, and until a search of all questions, and of all texts, has ended.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import Browser, sync_playwright

from dataset_builder.publishing.folder import column_types
from dataset_builder.publishing.layout import data_file
from dataset_builder.report.page import write_report
from dataset_builder.row import COLUMNS, features
from dataset_builder.sources.raw_files import sha256

ROWS_AT_ONCE = 1000
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime / 1000"
READY = "document.getElementById('list').ariaBusy === 'false'"


def main() -> None:
    """Print one line per measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("build/kg_only"))
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument(
        "--published", action="store_true", help="only published rows: those with paths and rationales"
    )
    parser.add_argument("--samples", type=int, default=0, help="samples of 500 words per question, as in reasonmed")
    parser.add_argument("--write", nargs=2, type=Path, metavar=("FOLDER", "PAGE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        return write_and_tell(*given.write)
    with tempfile.TemporaryDirectory() as place:
        large, page = Path(place) / "large", Path(place) / "large.html"
        repeat(given.folder, large, given.rows, given.samples, ["train"] if given.published else ["train", "rejected"])
        size = sum(file.stat().st_size for file in large.rglob("*.parquet")) / 1e6
        command = [sys.executable, "-m", "benchmarks.report", "--write", str(large), str(page)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        files = [*page.with_name(f"{page.stem}_rows").rglob("*.js")]
        beside = (
            f", {len(files):,} files of {sum(f.stat().st_size for f in files) / 1e6:.0f} MB beside it" if files else ""
        )
        print(f"{given.rows:,} rows, {size:.0f} MB of parquet: page of {page.stat().st_size / 1e6:.1f} MB{beside}")
        print(
            f"written in {told['seconds']:.1f} s ({told['cpu']:.1f} s of CPU), {told['megabytes']:.0f} MB of memory at most"
        )
        measure(page)


def write_and_tell(folder: Path, page: Path) -> None:
    """In a process of its own, for the sake of its memory."""
    started = time.perf_counter()
    write_report(folder, page)
    seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1e3}))


def repeat(folder: Path, large: Path, rows: int, samples: int, splits: list[str]) -> None:
    """The rows of both splits over and over, every text with its words in another order."""
    manifest = json.loads((folder / "manifest.json").read_text())
    there = {split: pq.read_table(folder / data_file(split)).to_pylist() for split in splits}
    whole, draw = sum(map(len, there.values())), random.Random(0)
    (large / "data").mkdir(parents=True)
    for split, some in there.items():
        number = round(rows * len(some) / whole)
        with pq.ParquetWriter(large / data_file(split), schema(some[0], samples)) as out:
            for start in range(0, number, ROWS_AT_ONCE):
                many = [
                    changed(some[i % len(some)], i, draw, samples)
                    for i in range(start, min(start + ROWS_AT_ONCE, number))
                ]
                out.write_table(pa.Table.from_pylist(many, schema=schema(some[0], samples)))
        manifest["rows"][split] = number
    manifest["rows"] = {split: manifest["rows"][split] for split in splits}
    files = map(data_file, splits)
    manifest |= {"files": {name: sha256(large / name) for name in files}, "configs": {}}  # the rows alone
    manifest["columns"] = column_types(schema(next(iter(there.values()))[0], samples))
    (large / "manifest.json").write_text(json.dumps(manifest))


def schema(row: dict[str, Any], samples: int) -> pa.Schema:
    """That of the folder, with the columns of several samples."""
    return features(
        [*(name for name in row if name in COLUMNS), *(("candidates", "verdicts") if samples else ())]
    ).arrow_schema


def changed(row: dict[str, Any], number: int, draw: random.Random, samples: int) -> dict[str, Any]:
    """A row with another id and shuffled texts."""
    new = row | {"id": f"{row['id']}-{number}"}
    for name in ("question", "context", "gold_text", "rationale"):
        new[name] = shuffled(row[name], draw) if row[name] else row[name]
    if samples:
        words = " ".join([row["question"], row["gold_text"] or "", row["rationale"] or ""])
        text = (words + " ") * (1 + 500 // (1 + len(words.split())))
        new["candidates"] = [
            {"model": "writer", "temperature": 0.7, "text": shuffled(text, draw), "failure": None}
            for _ in range(samples)
        ]
        new["verdicts"] = [
            {"label": "right", "by": "judge", "reason": "so", "answer": "A", "votes": []} for _ in range(samples)
        ]
    return new


def shuffled(text: str, draw: random.Random) -> str:
    """The words of a text in another order; its offsets then point anywhere, which does not matter here."""
    words = text.split(" ")
    draw.shuffle(words)
    return " ".join(words)


def measure(page: Path) -> None:
    """Medians of three openings."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        runs = [opened(browser, page) for _ in range(3)]
        browser.close()
    for what in runs[0]:
        print(
            f"{what:28} {statistics.median(run[what] for run in runs):6.2f}  ({', '.join(f'{run[what]:.2f}' for run in runs)})"
        )


def opened(browser: Browser, file: Path) -> dict[str, float]:
    """Seconds of one opening, each in a browser context of its own."""
    page = browser.new_context().new_page()
    started = time.perf_counter()
    page.goto(file.as_uri(), wait_until="commit")
    seconds = {"rows listed after": _wait(page, READY, started)}
    _wait(page, f"({PAINTED}) > 0", started)  # a small page lists its rows before it is painted
    seconds["painted after (s)"] = float(page.evaluate(PAINTED))
    started = time.perf_counter()
    page.locator("#list button").nth(20).click()
    seconds["a row open after"] = _wait(page, "!!document.querySelector('.detail .links')", started)
    for name, scope in (("questions searched in", False), ("all texts searched in", True)):
        if scope:
            page.evaluate("document.getElementById('everywhere').click()")
            page.wait_for_timeout(100)
            _wait(page, READY, started)
        started = time.perf_counter()
        page.evaluate(f"choose({{q: 'pain {'daily' if scope else 'fever'}'}})")
        seconds[name] = _wait(page, READY, started)
    page.context.close()
    return seconds


def _wait(page: Any, condition: str, started: float) -> float:
    while not page.evaluate(f"document.getElementById('list') && ({condition})"):
        page.wait_for_timeout(5)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
