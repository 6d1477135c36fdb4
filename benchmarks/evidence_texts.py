"""Verdicts of check_hops on texts not written for it: python -m benchmarks.evidence_texts writers|explanations [N].

writers: N rationales (default 200) of the scripted writer in a build of medreason on MedQA's train split and the real graph.
explanations: those of MedBullets and MedMCQA, written by people; flagged claims are printed, to be read.
"""

import gzip
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from datasets import load_dataset

from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.stages.check_hops import check_hops
from kg import KG
from tests.support.shared_data import SHARED_DATA

DATA = SHARED_DATA
READER = claim_reader("spacy")
GRAPH = DATA / "primekg" / "kg_subset.csv.gz"
TEXTS = {"hub/medbullets/op5/test.jsonl.gz": "reason", "hub/openlifescienceai/medmcqa/validation.jsonl.gz": "exp"}


def writers(wanted: int) -> list[dict[str, Any]]:
    """The rows of a build that have a rationale, also those that another check rejects."""
    from tests.support.llm_server.running import (
        running,  # the server's graph is read from the environment when it is imported
    )

    with tempfile.TemporaryDirectory() as folder, running() as server:
        os.environ |= {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "none-is-needed", "SCRIPTED_KG": str(GRAPH)}
        os.environ |= {"HF_DATASETS_CACHE": f"{folder}/datasets"}
        from dataset_builder.__main__ import main

        words = [
            "build",
            "medreason",
            "--writer",
            "scripted",
            "--judge",
            "scripted",
            "--sources",
            "medqa",
            "--kg",
            str(GRAPH),
        ]
        words += ["--data-dir", str(DATA / "hub"), "--rows", str(wanted * 4)]
        assert main([*words, "--store", f"{folder}/answers.sqlite", "--out", f"{folder}/out"]) == 0
        rows = [row for split in load_dataset(f"{folder}/out").values() for row in split]
        return [row for row in rows if row["rationale"]][:wanted]


def explanations() -> Iterator[str]:
    """Every explanation that is not empty."""
    for file, column in TEXTS.items():
        with gzip.open(DATA / file, "rt", encoding="utf-8") as lines:
            yield from (text for line in lines if (text := json.loads(line).get(column)))


def report(texts: Sequence[str], checks: Sequence[list[dict[str, Any]]]) -> None:
    """Claims by verdict, texts with a contradiction, and each of these in words."""
    verdicts = Counter(check["verdict"] for found in checks for check in found)
    print(f"{len(texts)} texts, {sum(map(bool, checks))} with claims: {dict(verdicts)}")
    claims = [(text, check) for text, found in zip(texts, checks, strict=True) for check in found]
    wrong = [(text, check) for text, check in claims if check["verdict"] == "contradicted"]
    print(f"texts with a contradicted claim: {len({text for text, _ in wrong})}")
    for text, c in [*wrong, *((text, check) for text, check in claims if check["verdict"] == "off_path")][:60]:
        stated = f"{c['from_name']} / {c['to_name']}: {'not ' * c['negated']}{c['stated']}"
        print(
            f"- {c['verdict']}: {stated}; the graph: {c['graph']}; {' '.join(text[c['start'] : c['end']].split())[:300]}"
        )


def main(kind: str, wanted: int) -> None:
    """Print what is said of these texts."""
    if kind == "writers":
        rows = writers(wanted)
        batch = {column: [row[column] for row in rows] for column in ("rationale", "paths", "mentions", "nodes")}
        found = check_hops.fn(batch, kg=KG.load(GRAPH), reader=READER, reject_contradicted=False)
        print(
            f"rejected by other checks: {dict(Counter(row['rejected_because'] for row in rows if row['rejected_because']))}"
        )
        report(batch["rationale"], found["hop_checks"])
        said = [(s["hops"], s["of"]) for support in found["support"] for s in support]
        print(f"hops of given paths that are stated: {sum(h for h, _ in said)} of {sum(of for _, of in said)}")
        return
    texts = list(explanations())
    nothing = [[] for _ in texts]
    batch = {"rationale": texts, "paths": nothing, "mentions": nothing, "nodes": nothing}
    report(texts, check_hops.fn(batch, kg=KG.load(GRAPH), reader=READER, reject_contradicted=False)["hop_checks"])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200)
