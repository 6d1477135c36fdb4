"""Raw rows of our own writing, in the Hub's layout, for the benchmarks that have no shared data."""

import shutil
from pathlib import Path

ROWS = Path(__file__).parents[1] / "fixtures" / "scoring"
WRITTEN = {"hle_medical": "cais/hle", "medbullets_op4": "medbullets/op4"}  # source to its Hub id


def write_items(folder: Path) -> Path:
    """Put these rows into a folder, which may hold others."""
    for name, hub_id in WRITTEN.items():
        (folder / hub_id).mkdir(parents=True)
        shutil.copy(ROWS / f"{name}.jsonl", folder / hub_id / "test.jsonl")
    return folder
