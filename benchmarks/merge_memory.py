"""Memory and CPU seconds of merging, in the shape of `reasonmed`: the rows of `benchmarks.publish_memory`, in parts.

    python -m benchmarks.merge_memory --rows 2000,8000 --parts 4

Making the parts is not measured. The merge runs in a process of its own; its peak is read every 20 ms.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.publish_memory import make_rows, measured
from dataset_builder.configs import CONFIGS
from dataset_builder.row import as_features
from tests.support.tiny_folders import facts


def write_parts(home: Path, of: int) -> None:
    """The parts of the rows in ``home/rows.arrow``."""
    from datasets import Dataset

    from dataset_builder.publishing.folder import split_rows, write
    from dataset_builder.publishing.shards.part import Shard, choose

    rows, columns = Dataset.from_file(str(home / "rows.arrow")), CONFIGS["contamination"].columns
    ledger = Dataset.from_dict({name: [] for name in columns}, features=as_features(columns))
    for part in range(1, of + 1):
        chosen = choose([{"id": id_} for id_ in rows["id"]], Shard(part, of))
        mine = rows.select(chosen.positions)
        configs = {"contamination": ledger, **chosen.configs(mine)}
        write(home / f"part-{part}", split_rows(mine), facts("reasonmed") | chosen.facts, configs)


def merged(home: Path, rows: int, of: int) -> dict[str, Any]:
    """Peaks in MB and CPU seconds of a merge."""
    make_rows(home / "rows.arrow", rows)
    write_parts(home, of)
    os.environ["HF_DATASETS_CACHE"] = str(home / "cache")
    return {"rows": rows, "parts": of} | measured("merge", home, dict(os.environ))


def main() -> None:
    """Print a line of JSON for each number of rows."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--rows", default="2000,8000", metavar="N,N")
    command.add_argument("--parts", type=int, default=4, metavar="N")
    given = command.parse_args()
    for rows in map(int, given.rows.split(",")):
        with tempfile.TemporaryDirectory() as home:
            print(json.dumps(merged(Path(home), rows, given.parts)), flush=True)


if __name__ == "__main__":
    main()
