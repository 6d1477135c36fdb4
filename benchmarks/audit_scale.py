"""What an audit costs per row: python -m benchmarks.audit_scale ROWS … [--kg].

Rows are in ReasonMed's columns, with two rationales per question, as one JSON list. A question is a real one of $SHARED_DATA/hub (default ../shared/data)
of whose sentences half are drawn from others, with one word in seven replaced, so that the distinct questions are half as many as the rows, and few are
near repeats. A rationale is made of real sentences of the explanations of MedBullets and MedMCQA and of model outputs, 250 to 450 words, and declares an answer.
Each number of rows is audited in a process of its own, as users run it: wall and CPU seconds, and the peak of its memory. ``--kg``: with the claims of
1,000 rationales against the real subset of PrimeKG.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.shared_data import SHARED_DATA, lines_of, raw_outputs

LEAD_IN = "Please answer the following multiple-choice question:\n"
SENTENCE = re.compile(r"(?<=[.?!])\s+")


def questions() -> Iterator[tuple[str, list[str]]]:
    """The real questions with their options."""
    hub = SHARED_DATA / "hub"
    for split in ("train", "test"):
        for row in lines_of(hub / f"GBaker/MedQA-USMLE-4-options/{split}.jsonl.gz"):
            yield row["question"], list(row["options"].values())
    for row in lines_of(hub / "openlifescienceai/medmcqa/validation.jsonl.gz"):
        yield row["question"], [row[name] for name in ("opa", "opb", "opc", "opd")]


def sentences() -> list[str]:
    """Real sentences of explanations and of model outputs."""
    hub = SHARED_DATA / "hub"
    texts = [row["reason"] for row in lines_of(hub / "medbullets/op5/test.jsonl.gz")]
    texts += [row["exp"] or "" for row in lines_of(hub / "openlifescienceai/medmcqa/validation.jsonl.gz")]
    texts += [row.get("model_outputs") or "" for _, rows in raw_outputs(SHARED_DATA, "mmlu_pro*") for row in rows]
    return [
        one for text in texts for one in SENTENCE.split(text) if 5 <= len(one.split()) <= 60 and "answer is" not in one
    ]


def rows(number: int) -> Iterator[dict[str, Any]]:
    """So many rows, always the same."""
    draw, pool, said = random.Random(0), list(questions()), sentences()
    parts = [SENTENCE.split(stem) for stem, _ in pool]
    words = [word for stem, _ in pool for word in stem.split()]
    instruction, options = "", list[str]()
    for at in range(number):
        if at % 2 == 0:
            stem, options = draw.choice(pool)
            mixed = [draw.choice(draw.choice(parts)) if draw.random() < 0.5 else one for one in SENTENCE.split(stem)]
            spelled = [draw.choice(words) if draw.random() < 1 / 7 else word for word in " ".join(mixed).split()]
            listed = "\n".join(f"{label}. {text}" for label, text in zip("ABCDE", options, strict=False))
            instruction = f"{LEAD_IN}{' '.join(spelled)}\n{listed}"
        wanted, text, length = draw.randint(250, 450), list[str](), 0
        while length < wanted:
            text.append(draw.choice(said))
            length += text[-1].count(" ") + 1
        output = " ".join(text) + f"\n\nThe answer is {draw.choice('ABCD')}."
        yield {"instruction": instruction, "input": "", "output": output}


def write(path: Path, number: int) -> None:
    """Write the rows as one JSON list, as ReasonMed is published."""
    with path.open("w", encoding="utf-8") as file:
        for at, row in enumerate(rows(number)):
            file.write(f"{',' if at else '['}\n{json.dumps(row, ensure_ascii=False)}")
        file.write("\n]\n")


def main() -> None:
    """Write, audit and print, for each number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="+")
    parser.add_argument("--kg", action="store_true")
    parser.add_argument("--at", type=Path, help="keep the file and the result in this folder")
    given = parser.parse_args()
    print("rows     MB  wall s  CPU s  peak MB")
    for number in given.rows:
        with tempfile.TemporaryDirectory() as own:
            folder = given.at or Path(own)
            write(folder / "ReasonMed.json", number)
            command = [
                sys.executable,
                "-m",
                "dataset_builder",
                "audit",
                str(folder / "ReasonMed.json"),
                "--out",
                str(folder / "out"),
            ]
            command += ["--data-dir", str(SHARED_DATA / "hub")]
            command += ["--kg", str(SHARED_DATA / "primekg" / "kg_subset.csv.gz")] if given.kg else []
            started = time.monotonic()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"HF_HUB_OFFLINE": "1"})
            _, status, used = os.wait4(process.pid, 0)
            wall, size = time.monotonic() - started, (folder / "ReasonMed.json").stat().st_size
            if status:
                raise SystemExit(f"the audit of {number} rows failed: {status}")
            cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000
            print(f"{number:7,} {size / 1e6:6,.0f} {wall:7,.0f} {cpu:6,.0f} {peak:8,.0f}", flush=True)


if __name__ == "__main__":
    main()
