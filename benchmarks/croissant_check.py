"""Read croissant.json with `mlcroissant`, MLCommons' own library: ``python -m benchmarks.croissant_check FOLDER …``.

For each folder: what its validation says, and whether each record set gives every value of the parquet files. `mlcroissant` brings stubs that
change this project's types, so it is installed in an environment of its own (build/mlcroissant, 550 MB) and is in no lock.
"""

import importlib.util
import json
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HOME, PACKAGES = Path("build/mlcroissant"), ("mlcroissant==1.1.1", "pyarrow==25.0.1")


def main(folders: list[str]) -> int:
    """Check the folders, here where `mlcroissant` is installed, else in its environment. Returns the exit status."""
    if importlib.util.find_spec("mlcroissant"):
        return max(check(Path(folder)) for folder in folders)
    python = HOME / "bin" / "python"
    if not python.exists():
        start = time.time()
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        print(f"installed {', '.join(PACKAGES)} in {time.time() - start:.0f} s")
    return subprocess.run([python, __file__, *folders], check=False).returncode


def check(folder: Path) -> int:
    """Print what validation and loading say of a folder; 1 where a value differs."""
    import mlcroissant  # pyright: ignore[reportMissingImports]

    start, file = time.time(), folder / "croissant.json"
    dataset = mlcroissant.Dataset(jsonld=str(file))  # raises where it is not valid
    print(f"{folder}: valid; {len(dataset.metadata.ctx.issues.warnings)} warnings")
    print("\n".join(f"  {one}" for one in sorted(dataset.metadata.ctx.issues.warnings)))
    wrong = 0
    for record_set in json.loads(file.read_text("utf-8"))["recordSet"]:
        found = compare(folder, record_set, dataset.records(record_set["@id"]))
        wrong += found.total() - found["records"] - found["values"] - found["no source"]
        print(f"  {record_set['@id']}: {', '.join(f'{number:,} {what}' for what, number in found.items() if number)}")
    print(f"  {time.time() - start:.1f} s")
    return int(wrong > 0)


def compare(folder: Path, record_set: Mapping[str, Any], records: Any) -> Counter[str]:
    """How many records and values were read, how many are others than in the files, and how many fields have no source."""
    import pyarrow.parquet as pq

    config = record_set["@id"]
    files = sorted((folder / ("data" if config == "default" else config)).glob("*.parquet"))
    rows = ((file.name.partition("-")[0], row) for file in files for row in pq.read_table(file).to_pylist())
    fields = list(leaves(record_set["field"], None))
    counts = Counter({"no source": n} if (n := sum("source" not in field for field, _ in fields)) else {})
    for (split, row), record in zip(rows, records, strict=True):
        counts["records"] += 1
        counts["other split"] += plain(record.get(f"{config}/in_split", split)) != split
        for field, parent in fields:
            if "column" not in field.get("source", {}).get("extract", {}):
                continue
            expected, found = value_of(row, field["@id"].split("/")[1:]), found_in(record, field["@id"], parent)
            counts["values"] += 1
            if plain(found) != plain(expected) and not (expected is None and plain(found) == [None]):
                counts[f"other: {field['@id']}"] += 1
    return counts


def leaves(fields: list[dict[str, Any]], parent: str | None) -> Iterator[tuple[dict[str, Any], str | None]]:
    """The fields without fields in them, with the id of the field in which each lies."""
    for field in fields:
        yield from leaves(field["subField"], field["@id"]) if "subField" in field else [(field, parent)]


def value_of(row: Mapping[str, Any], place: list[str]) -> Any:
    """What a row of the file has there. ``place``: the column, then the names inside it; of a list, those of every item."""
    value = row[place[0]]
    for name in place[1:]:
        value = [one and one[name] for one in value] if isinstance(value, list) else value and value[name]
    return value


def found_in(record: Mapping[str, Any], id_: str, parent: str | None) -> Any:
    """What `mlcroissant` gives for the field."""
    if parent is None:
        return record[id_]
    of = record[parent]
    return [one[id_] for one in of] if isinstance(of, list) else of[id_]


def plain(value: Any) -> Any:
    """The value as JSON has it: bytes are text, arrays are lists, NaN is null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
