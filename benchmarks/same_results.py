"""Do two versions of this project give the same results for the same input? For changes that must not change a result.

    python -m benchmarks.same_results BEFORE [AFTER]       a git revision or a folder each; AFTER: this checkout

Builds with both versions, in turn: `kg_only` on the sample; on MedQA and PubMedQA over the real subset of PrimeKG
($SHARED_DATA); `medreason` and `reasonmed` (plain and grounded) on the sample with the scripted model server, with one answer store.
Compares rows and rejected rows, the keys of all requests, and the fields of the manifest; the second version must ask nothing. Of rows, the
columns that both versions have; a field that is null equals one that is absent, as in `diff`. Fields of one version alone are printed.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from dataset_builder.publishing.diff import fields_in, without_nulls
from tests.support.shared_data import SHARED_DATA

ROOT = Path(__file__).parent.parent
REAL = [
    "--sources",
    "medqa,pubmedqa_labeled",
    "--kg",
    f"{SHARED_DATA}/primekg/kg_subset.csv.gz",
    "--data-dir",
    f"{SHARED_DATA}/hub",
]
NO_PRICE = [word for name in ("weak", "fair", "strong", "judge", "editor") for word in ("--price", f"{name}=1/2")]
REASONMED = ["--writers", "weak,fair,strong", "--judge", "judge", "--editor", "editor", *NO_PRICE]
BUILDS = {
    "kg_only, sample": ["kg_only"],
    "kg_only, real": ["kg_only", *REAL],
    "medreason, sample": ["medreason", "--writer", "fair", "--judge", "judge", *NO_PRICE],
    "reasonmed, sample": ["reasonmed", *REASONMED],
    "reasonmed grounded, sample": ["reasonmed", *REASONMED, "--grounded"],
}
SKILL = ["error=weak:0.6,fair:0.4,strong:0.2,editor:0.3", "hard=0.3", "flaw=0.1", "judge_error=0.03"]


@contextlib.contextmanager
def checkout(version: str, folder: Path) -> Iterator[Path]:
    """The files of a version: a folder as it is, or a git revision in a worktree of its own."""
    if Path(version).is_dir():
        yield Path(version).resolve()
        return
    git = ["git", "-C", str(ROOT), "worktree"]
    subprocess.run([*git, "add", "--detach", "--quiet", str(folder), version], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@contextlib.contextmanager
def server(code: Path) -> Iterator[str]:
    """The scripted model server of this version; gives its URL."""
    command = [sys.executable, "-m", "tests.llm_server", "--set", *SKILL]
    process = subprocess.Popen(command, cwd=code, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def build(code: Path, words: list[str], out: Path, home: Path, url: str) -> dict[str, Any]:
    """Build with a version, on caches of its own, and read what came of it."""
    environment = os.environ | {
        "HF_HOME": str(home), "HF_DATASETS_CACHE": str(home / "datasets"), "HF_HUB_OFFLINE": "1",
        "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "scripted",
    }  # fmt: skip
    command = [sys.executable, "-m", "dataset_builder", "build", *words, "--out", str(out)]
    done = subprocess.run(command, cwd=code, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{code}: {' '.join(words)} failed:\n{done.stderr}")
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    calls = [stage["calls"]["sent"] for stage in manifest["run"]["stages"] if "calls" in stage]
    return {
        "rows": {
            file.relative_to(out).as_posix(): pyarrow.parquet.read_table(file)
            for file in sorted(out.rglob("*.parquet"))
        },
        "keys": (out.with_name(f"{out.name}.intermediates") / "answers.keys").read_bytes(),
        "fields": sorted(fields_of(manifest)),
        "calls": sum(calls),
    }


def rows_of(table: pa.Table, columns: set[str]) -> list[str]:
    """The rows of a table with these columns as canonical JSON without nulls, sorted."""
    rows = table.select(sorted(columns)).to_pylist()
    return sorted(json.dumps(without_nulls(row), sort_keys=True, ensure_ascii=False) for row in rows)


def same_rows(before: pa.Table | None, after: pa.Table | None) -> bool:
    """Whether two files have the same rows, as far as both have the columns."""
    if before is None or after is None:
        return False
    both = set(before.column_names) & set(after.column_names)
    return rows_of(before, both) == rows_of(after, both)


def fields_of(value: Any, path: str = "") -> Iterator[str]:
    """The path of every field of the manifest; names of sources, files and the like are fields too."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from fields_of(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for inner in {json.dumps(sorted(fields_of(one))) for one in value}:
            yield from (f"{path}[]{field}" for field in json.loads(inner))
    else:
        yield path


def compare(name: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Print what both came to; False where they differ."""
    files = {file: (before["rows"].get(file), after["rows"].get(file)) for file in {**before["rows"], **after["rows"]}}
    other = [file for file, tables in files.items() if not same_rows(*tables)]
    names = [{field for table in one["rows"].values() for field in fields_in(table.schema)} for one in (before, after)]
    gone, new = (sorted(set(a["fields"]) - set(b["fields"])) for a, b in ((before, after), (after, before)))
    counts = ", ".join(
        f"{file.removesuffix('-00000-of-00001.parquet')} {rows.num_rows}" for file, rows in before["rows"].items()
    )
    keys = "equal" if before["keys"] == after["keys"] else "NOT EQUAL"
    print(f"{name}: rows ({counts}) {'NOT EQUAL: ' + ', '.join(other) if other else 'equal'}; ")
    if names[0] != names[1]:
        print(f"    fields of rows: gone {sorted(names[0] - names[1])}, new {sorted(names[1] - names[0])}")
    print(
        f"    {len(before['keys']) // 16} request keys {keys}; requests sent: {before['calls']}, then {after['calls']}; ",
        end="",
    )
    print(
        f"{len(before['fields'])} manifest fields, {'NOT EQUAL: gone ' + str(gone) + ', new ' + str(new) if gone or new else 'equal'}"
    )
    return not other and keys == "equal" and not gone and not new and after["calls"] == 0


def main(versions: list[str]) -> int:
    """Exit status 0 where nothing differs, 1 where something does."""
    temporary = Path(tempfile.mkdtemp(prefix="same-results-"))
    store, found = ["--store", str(temporary / "answers.sqlite")], []
    try:
        for number, version in enumerate(versions):
            with checkout(version, temporary / f"code{number}") as code, server(code) as url:
                place = temporary / f"out{number}"
                found.append({
                    name: build(code, [*words, *store], place / str(i), temporary / f"home{number}", url)
                    for i, (name, words) in enumerate(BUILDS.items())
                })  # fmt: skip
        return 0 if all([compare(name, *(one[name] for one in found)) for name in BUILDS]) else 1
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    sys.exit(main([sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else str(ROOT)]))
