"""Results of the style checks on real texts, which have no such defects, or hardly any: python -m benchmarks.style.

The texts are people's explanations of MedMCQA and MedBullets, and outputs of models (../shared/data), each with its question.
"""

import gzip
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

from dataset_builder.sources.questions import read_questions
from dataset_builder.text_checks.style import defect, flags
from tests.support.shared_data import SHARED_DATA

EXPLAINED = {"medmcqa": "validation", "medbullets_op5": "test"}


def explanations() -> Iterator[tuple[str, str, str]]:
    """Set, question with its options, and a person's explanation."""
    for source, split in EXPLAINED.items():
        rows, _ = read_questions([source], {source: split}, data_dir=SHARED_DATA / "hub")
        for row in rows:
            text = row["reference_rationale"] or row["gold_text"].removeprefix(row["answer"] or "").strip()
            if len(text.split()) > 10:
                yield source, "\n".join([row["question"], *(option["text"] for option in row["options"])]), text


def outputs() -> Iterator[tuple[str, str, str]]:
    """Set, what the model was given as far as the file has it, and its output."""
    for file in sorted((SHARED_DATA / "model_outputs").glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if text := row.get("output") or row.get("model_outputs"):
                    yield f"outputs, {file.name.split('.')[0]}", f"{row.get('question', '')} {row['options']}", text


def main() -> None:
    """Print defects and flags per set, and every kind of defect with one text."""
    texts, found, flagged, shown = Counter(), defaultdict(Counter), defaultdict(Counter), {}
    started = time.process_time()
    for name, given, text in [*explanations(), *outputs()]:
        texts[name] += 1
        if fault := defect(text, given):
            found[name][fault[0]] += 1
            shown.setdefault((name, fault[0]), fault[1])
        flagged[name].update({flag.split(":")[0] for flag in flags(text, given)})
    seconds = time.process_time() - started
    for name, number in texts.items():
        print(f"{name}: {number} texts; defects {dict(found[name])}; flags {dict(flagged[name])}")
    for (name, code), detail in shown.items():
        print(f"  {name} {code}: {detail[:160]}")
    print(f"{sum(texts.values()) / seconds:,.0f} texts per second of processor time, reading included")


if __name__ == "__main__":
    main()
