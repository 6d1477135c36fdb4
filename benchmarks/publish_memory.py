"""Memory and CPU time of publishing many rows: python -m benchmarks.publish_memory --rows 2000,10000 [--steps write,verify] [--at DIR]

Rows are made that are shaped like those of `reasonmed`: all of its columns, nine samples of 6 kB with their verdicts, and two kept rationales
of 6 kB; every fifth row is rejected. They are written in batches to an Arrow file, as the stages leave it. Each step then runs in a
process of its own: write, verify, diff (with itself), report, push (to the Hub of tests/hub, from an empty cache: it reads every row first). Printed per step: the peak of
its memory, all of it and without mapped files, which the system takes back when it needs the room; its CPU seconds; bytes on the disk.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from dataset_builder.configs import CONFIGS
from dataset_builder.row import QUESTION, as_features, features, row_id
from tests.support.hub.running import ROOT, Process
from tests.support.tiny_folders import facts

STEPS = ("write", "verify", "diff", "report", "push")
AT_ONCE = 100  # rows in memory while they are made
SAMPLES, KEPT, SENTENCES = 9, 2, 50  # a text of 50 sentences has 6 kB
REJECTED = 5  # one row of so many
MODELS = ("weak", "fair", "strong")
ADDED = ("candidates", "verdicts", "tier", "pass_rate", "ranking", "refined", "rationales", "flags", "hop_checks", "support", "support_share", "responses", "scores")  # fmt: skip
COLUMNS = (*QUESTION, *ADDED)


def texts(draw: random.Random) -> Iterator[str]:
    """Texts of 6 kB without end; a sentence of 120 characters comes back after some 20,000 others."""
    words = ["".join(draw.choices("abcdefghijklmnoprstuvy", k=draw.randint(3, 11))) for _ in range(400)]
    pool = [" ".join(draw.choices(words, k=15)).capitalize() + "." for _ in range(20_000)]
    while True:
        yield " ".join(draw.choices(pool, k=SENTENCES))


def row(number: int, draw: random.Random, text: Iterator[str]) -> dict[str, Any]:
    """A row of `reasonmed`."""
    options = [{"label": label, "text": f"option {label} of {number}"} for label in "ABCDE"]
    found: dict[str, Any] = dict.fromkeys(COLUMNS) | {"source": "sample", "split": "train", "source_row": number}
    found |= {"question": next(text)[:900] + f" ({number})", "options": options, "answer": options[0]["text"]}
    found |= {"answer_label": "A", "answer_type": "choice", "gold_text": options[0]["text"], "license": "mit"}
    found["id"] = row_id("sample", None, found)
    labels = draw.choices(("right", "wrong"), k=SAMPLES)
    found["candidates"] = [
        {"model": MODELS[n % 3], "temperature": (0.7, 0.9, 1.0)[n // 3], "text": next(text), "failure": None}
        for n in range(SAMPLES)
    ]
    found["verdicts"] = [verdict(label) for label in labels]
    found["pass_rate"] = [{"model": name, "right": 2, "judged": 3, "rate": 2 / 3} for name in MODELS]
    found |= {"tier": "easy"}
    if number % REJECTED == 0:
        return found | {"rejected_because": "unjudged", "rejected_detail": "4 of 9"}
    return found | kept(text)


def kept(text: Iterator[str]) -> dict[str, Any]:
    """What the later stages add to a row that is published."""
    support = {"claims": 3, "supported": 1, "contradicted": 0, "off_path": 0, "unknown": 2, "hops": 0, "of": 0, "share": 1 / 3, "kept": True}  # fmt: skip
    grades = dict.fromkeys(("clinical_accuracy", "logic", "factual_correctness", "completeness"), 8)
    claim: dict[str, Any] = {"rationale": 0, "start": 5, "end": 60, "stated": "treats", "negated": False, "mode": "stated", "verdict": "unknown"}  # fmt: skip
    claim |= {f"{end}{what}": value for end in ("from", "to") for what, value in (("", 17), ("_name", "a node"), ("_start", 5), ("_end", 9))}  # fmt: skip
    return {
        "ranking": [{"candidate": n, "score": 90.0 - n, "kept": n < KEPT, "reason": "clear " * 20} for n in range(5)],
        "refined": [],
        "rationales": [{"candidate": n, "model": MODELS[n], "text": next(text), "rounds": 0, "verdict": verdict("right")} for n in range(KEPT)],
        "flags": ["#1 unsupported_number: 40%"],
        "hop_checks": [claim | {"by": None, "graph": None} for _ in range(6)],
        "support": [support for _ in range(KEPT)],
        "support_share": 1 / 3,
        "responses": [next(text)[:600] for _ in range(KEPT)],
        "scores": [{"score": 8.0, "before": None, **grades, "justification": next(text)[:300]} for _ in range(KEPT)],
    }  # fmt: skip


def verdict(label: str) -> dict[str, Any]:
    """A judge's verdict, with its reason."""
    return {
        "label": label,
        "by": "judge",
        "reason": "It follows from the findings. " * 5,
        "answer": "A",
        "votes": ["A"],
    }


def make_rows(file: Path, rows: int) -> None:
    """Write the rows to an Arrow file."""
    schema, draw = features(COLUMNS).arrow_schema, random.Random(0)
    text = texts(draw)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as out:
        for start in range(0, rows, AT_ONCE):
            some = [row(number, draw, text) for number in range(start, min(start + AT_ONCE, rows))]
            out.write_table(pa.Table.from_pylist(some, schema=schema))


def write_folder(file: Path, folder: Path) -> None:
    """As `build` does after its last stage."""
    from datasets import Dataset

    from dataset_builder.publishing.folder import split_rows, write
    from dataset_builder.publishing.tiers import scores_of

    rows = Dataset.from_file(str(file))
    columns = CONFIGS["contamination"].columns
    scores_of(rows)
    ledger = Dataset.from_dict({name: [] for name in columns}, features=as_features(columns))
    write(folder, split_rows(rows), facts("reasonmed"), {"contamination": ledger})


def take(step: str, at: Path) -> None:
    """Take one step, in this process, and print its CPU seconds."""
    from dataset_builder.__main__ import main

    folder = at / "folder"
    words = {
        "verify": ["verify", str(folder)],
        "diff": ["diff", str(folder), str(folder)],
        "report": ["report", str(folder), "--out", str(at / "page.html")],
        "merge": ["merge", *map(str, sorted(at.glob("part-*"))), "--out", str(folder)],
        "push": ["push", str(folder), "--repo", "org/many", "--tag", "v1", "--allow-unchecked"],
    }
    status = main(words[step]) if step in words else write_folder(at / "rows.arrow", folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"step": step, "status": status or 0, "cpu_s": round(used.ru_utime + used.ru_stime, 1)}))


def measured(step: str, at: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Take one step in a process of its own; its peaks in MB, read every 20 ms."""
    command = [sys.executable, "-m", "benchmarks.publish_memory", "--take", step, "--at", str(at)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    peaks = {"VmHWM": 0, "RssAnon": 0}
    while process.poll() is None:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in peaks:
                peaks[name] = max(peaks[name], int(value.split()[0]))
        time.sleep(0.02)
    assert process.stdout is not None
    told = process.stdout.read().strip().splitlines()
    if process.returncode:
        sys.exit(f"{step} ended with {process.returncode}")
    return json.loads(told[-1]) | {"peak_mb": peaks["VmHWM"] // 1000, "anonymous_mb": peaks["RssAnon"] // 1000}


def size_of(at: Path) -> float:
    """Gigabytes of a file, or of the files below a folder."""
    files = [at] if at.is_file() else [file for file in at.rglob("*") if file.is_file()]
    return round(sum(file.stat().st_size for file in files) / 1e9, 3)


def measure(rows: int, steps: list[str], at: Path) -> None:
    """Print a line of JSON per step."""
    at.mkdir(parents=True, exist_ok=True)
    home = {"HF_HOME": str(at / "home"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    if "write" in steps and not (at / "rows.arrow").exists():
        make_rows(at / "rows.arrow", rows)
    for step in steps:
        if step == "push":
            (at / "rows.arrow").unlink(missing_ok=True)  # there is room for either, not both
            with Process(at / "hub") as process:
                found = measured(step, at, process.start().env(home=at / "home") | home)
        else:
            found = measured(step, at, {**os.environ, **home})
        on_disk = {name: size_of(at / name) for name in ("rows.arrow", "folder", "page.html") if (at / name).exists()}
        print(json.dumps({"rows": rows, **found, "gb": on_disk}), flush=True)


def main() -> None:
    """Measure every number of rows, or take one step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="2000", help="numbers of rows, with commas between them")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--at", type=Path, help="a folder that is kept (default: a temporary one)")
    parser.add_argument("--take", choices=(*STEPS, "merge"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.take:
        take(given.take, given.at)
        return
    for rows in map(int, given.rows.split(",")):
        at = given.at or Path(tempfile.mkdtemp(prefix="publish-memory-"))
        try:
            measure(rows, given.steps.split(","), at)
        finally:
            if not given.at:
                shutil.rmtree(at)


if __name__ == "__main__":
    main()
