"""A dataset folder of a given size with meaningless rows: something to push without a build."""

import base64
import random
from pathlib import Path

from datasets import Dataset

from dataset_builder.publishing import folder as publish
from dataset_builder.row import QUESTION, features, row_id
from dataset_builder.stage_code import code_hash

TEXT = 10_000  # bytes of a row's rationale, which no compression makes smaller
COLUMNS = [*QUESTION, "rationale"]


def write_folder(folder: Path, megabytes: float, seed: int) -> None:
    """Another seed gives other rows, so that all of it has to be sent."""
    draw = random.Random(seed)
    count = max(2, int(megabytes * 1e6 / TEXT))
    rows = [_row(number, draw) for number in range(count)]
    train = Dataset.from_list(rows, features=features(COLUMNS))
    rejected = Dataset.from_list([_row(count, draw) | {"rejected_because": "no_path"}], features=features(COLUMNS))
    publish.write(folder, {"train": train, "rejected": rejected}, _facts(seed))


def _row(number: int, draw: random.Random) -> dict:
    row = dict.fromkeys(COLUMNS) | {"source": "sample", "split": "train", "source_row": number, "license": "mit"}
    row |= {"question": f"What is {number}?", "options": [], "answer": str(number), "answer_type": "open"}
    text = base64.b64encode(draw.randbytes(TEXT * 3 // 4)).decode()
    return row | {"id": row_id("sample", None, row), "gold_text": str(number), "rationale": text}


def _facts(seed: int) -> dict:
    origin = {"source": "sample", "split": "train", "trial": False, "hub_id": "sample", "configs": (), "revision": "1"}
    origin |= {"pinned": True, "license": "mit", "terms": "", "may_be_pushed": True, "url": "nowhere", "files": {}}
    run = {"stages": [], "seconds": 0.0, "python": "3.11", "versions": {}}
    return {
        "pipeline": "kg_only",
        "trial": False,
        "origins": [origin | {"rows_in_split": 1, "rows": 1}],
        "graph": {"name": "sample", "sha256": "0", "nodes": 0, "edges": 0},
        "inputs": {"graph": "0", "embedder": {"model": None, "revision": None}, "seed": seed},
        "code": code_hash(),
        "about": "Rows that say nothing.",
        "stages": "",
        "command": "python -m benchmarks.push",
        "folder": "none",
        "run": run | {"git": {"commit": "0" * 40, "clean": True}},
    }
