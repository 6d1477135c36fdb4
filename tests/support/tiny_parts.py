"""Parts of a tiny build, written without a build: rows with every column, some published, some rejected."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset

from dataset_builder.configs import CONFIGS
from dataset_builder.publishing import folder as publish
from dataset_builder.publishing import intermediates
from dataset_builder.publishing.shards.part import Shard, choose
from dataset_builder.row import COLUMNS, as_features, features
from tests.support.tiny_folders import MANY, cell, facts, row

NAMES = [name for name in COLUMNS if name not in MANY]


def write_part(
    folder: Path, shard: Shard | None, *, rows: int = 9, more: Mapping[str, Any] | None = None, found: str = "text"
) -> Path:
    """A part of as many rows, or all of them; ``more``: other facts of the build; ``found``: the id of a question that a benchmark asks too."""
    every = [row(number, NAMES, None if number % 3 else "no_path") for number in range(rows)]
    chosen = choose(every, shard)
    of_part = list(chosen.questions)
    written = Dataset.from_dict({name: [one[name] for one in of_part] for name in NAMES}, features=features(NAMES))
    columns = CONFIGS["contamination"].columns
    ledger = Dataset.from_list([{name: cell(one.type) for name, one in columns.items()} | {"id": found}], features=as_features(columns))  # fmt: skip
    said = facts("medreason") | chosen.facts | dict(more or {})
    manifest = publish.write(
        folder, publish.split_rows(written), said, {"contamination": ledger, **chosen.configs(written)}
    )
    intermediates.keep(folder, written, manifest, [bytes([shard.part if shard else 0]) * 16])
    return folder


def write_parts(home: Path, of: int, **more: Any) -> list[Path]:
    """All parts, in their order."""
    return [write_part(home / f"{part}-of-{of}", Shard(part, of), **more) for part in range(1, of + 1)]
