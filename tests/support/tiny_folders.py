"""Tiny dataset folders with every column and every field of a manifest, written without a build, and everything that reads one."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from datasets import Dataset

from dataset_builder.configs import CONFIGS
from dataset_builder.publishing import folder as publish
from dataset_builder.publishing import verified
from dataset_builder.publishing.diff import lines
from dataset_builder.publishing.evidence_diff.build_rows import Build
from dataset_builder.publishing.evidence_diff.comparison import compare
from dataset_builder.publishing.evidence_diff.comparison import lines as summary
from dataset_builder.publishing.evidence_diff.details import markdown as details
from dataset_builder.publishing.hub.loaded import refusal
from dataset_builder.publishing.hub.revisions import Place
from dataset_builder.publishing.layout import CROISSANT, FolderError
from dataset_builder.publishing.metadata.croissant import croissant
from dataset_builder.publishing.push import staged
from dataset_builder.publishing.pushable import PushError, pushable
from dataset_builder.publishing.streams.parquet_files import write_file
from dataset_builder.publishing.verify import read_manifest, verify
from dataset_builder.report.page import write_report
from dataset_builder.row import COLUMNS, as_features, features, row_id
from dataset_builder.sources.raw_files import SourceError, sha256
from dataset_builder.stage_code import code_hash
from lighteval_tasks.ledger import read_ledger

ANSWERS = Path(__file__).parents[1] / "fixtures" / "format_1" / "answers.parquet"
EVIDENCE = ("id", "mentions", "nodes", "restated", "candidate_paths")
MANY = ("rationales", "responses", "scores")
REFUSALS = (FolderError, PushError, SourceError)
CELLS = {"string": "text", "int64": 1, "float64": 0.5, "bool": True, "binary": b"x"}


def cell(kind: Any) -> Any:
    """A value of a column's type."""
    if isinstance(kind, str):
        return CELLS[kind]
    return [cell(kind[0])] if isinstance(kind, list) else {name: cell(part) for name, part in kind.items()}


def row(number: int, columns: Sequence[str], why: str | None = None) -> dict[str, Any]:
    """A row with a value in every column."""
    found = {name: cell(COLUMNS[name].type) for name in columns} | {"source": "sample", "config": None}
    found |= {"question": f"Which is {number}?", "rejected_because": why, "rejected_detail": why}
    options = [{"label": "A", "text": "text"}, {"label": "B", "text": "another"}]
    return found | {"id": row_id("sample", None, found | {"options": options}), "options": options}


def run_facts() -> dict[str, Any]:
    """What a build says of its run: stages, costs, judge, tiers."""
    spend = {"prompt_tokens": 3, "completion_tokens": 2, "usd": 0.1}
    calls = {"hits": 1, "sent": 1, "good": 1, "bad": 0, "now": spend, "before": spend | {"usd": None}}
    calls |= {"lost_usd": 0.1, "faults": {"429": 1}, "adapted": ["no schema"]}
    rate = {"errors": 0, "of": 2, "share": 0.0, "interval": [0.0, 0.5]}
    passport = {
        "judge": "judge",
        "stage": "check_answer",
        "votes": 1,
        "false_positives": rate,
        "false_negatives": rate,
    }
    passport |= {"faults": [], "kinds": [{"kind": "right", "expected": "right", "right": 2}]}
    tier = {"questions": 1, "published": 1, "rationales": 1, "answers": 2, **spend, "usd_per_rationale": None}
    score = {"questions": 1, "mean": 8.0, "low": None, "high": None}
    return {
            "started": "2026-11-28T00:00:00+00:00",
            "seconds": 0.5,
            "stages": [{"stage": "check_style", "seconds": 0.5, "cached": False, "rejected": {"no_path": 1}, "calls": calls}],
            "git": {"commit": "0" * 40, "clean": True},
            "python": "3.11",
            "versions": {"datasets": "5"},
            "passports": [passport],
            "tiers": {"easy": tier},
            "scores": {"all": score, "refined, after": score | {"low": 7.5, "high": 8.5}},
        }  # fmt: skip


def contamination_facts() -> dict[str, Any]:
    """What a build says of the benchmarks."""
    matches = {"sample": {"medqa": {"rows": 1, "benchmark_rows": 1, "rules": {"exact": 1}}}}
    return {
        "strict": False,
        "embedder": "none",
        "checked": {"medqa": {"split": "test", "revision": "1", "files": {}, "rows": 5}},
        "not_checked": {"medmcqa": {"why": "no network", "public": True}},
        "matches": matches,
    }


def facts(name: str) -> dict[str, Any]:
    """Everything that a build says of itself."""
    origin = {
        "source": "sample",
        "split": "train",
        "trial": False,
        "hub_id": "sample",
        "configs": ["x"],
        "revision": "1",
    }
    origin |= {
        "pinned": True,
        "license": "mit",
        "terms": "",
        "may_be_pushed": True,
        "url": "nowhere",
        "files": {"f": "0"},
    }
    return {
        "pipeline": name,
        "trial": False,
        "origins": [origin | {"rows_in_split": 3, "rows": 3}],
        "graph": {"name": "tiny", "sha256": "0", "nodes": 2, "edges": 1},
        "inputs": {
            "graph": "0",
            "seed": 0,
            "embedder": {"name": "none", "model": "", "revision": "", "accept": 0.9, "accept_by": "text"},
            "models": {"writer": "w"},
            "min_relevance": 0.75,
            "relevance": {"calibrated_on": "tiny", "graph_sha256": "0"},
            "claims": {"name": "spacy", "version": "2", "model_sha256": "0"},
            "grounded": False,
        },
        "code": code_hash(),
        "left_out": {"medqa": "mit"},
        "contamination": contamination_facts(),
        "about": "Rows that say nothing.",
        "stages": "",
        "command": "python -m tests.fuzz",
        "folder": "none",
        "run": run_facts(),
    }  # fmt: skip


def write_folders(home: Path) -> dict[str, Path]:
    """Three folders: questions with paths, questions with several rationales each, and the first as it is when it was pushed."""
    folders = {name: home / name for name in ("paths", "many", "pushed")}
    columns = [name for name in COLUMNS if name not in MANY and name != "candidate_paths"]
    _write(folders["paths"], "medreason", columns)
    _write(folders["many"], "reasonmed", [name for name in COLUMNS if name != "candidate_paths"])
    _push(folders["paths"], folders["pushed"])
    return folders


def _write(folder: Path, name: str, columns: Sequence[str]) -> None:
    split = {"train": [row(1, columns), row(2, columns)], "rejected": [row(3, columns, "no_path")]}
    ledger = [{part: cell(column.type) for part, column in CONFIGS["contamination"].columns.items()}]
    rows = {part: Dataset.from_list(found, features=features(columns)) for part, found in split.items()}
    found = {"contamination": Dataset.from_list(ledger, features=as_features(CONFIGS["contamination"].columns))}
    publish.write(folder, rows, facts(name), found)


def _push(folder: Path, there: Path) -> None:
    with TemporaryDirectory() as draft:
        file = Path(draft) / "evidence.parquet"
        found = [row(n, ["question", "context", "rejected_because", "rejected_detail", "config", "source", "options", *EVIDENCE]) for n in (1, 2, 3)]  # fmt: skip
        searched = [{name: one[name] for name in EVIDENCE} for one in found]
        for one in searched:
            one["candidate_paths"] = [one["candidate_paths"][0] | {"paths": [[1]]}]
        write_file(file, Dataset.from_list(searched, features=features(EVIDENCE)))
        types = publish.column_types(pq.read_schema(file))
        rows = pq.read_table(file).to_pylist()
        said = {"columns": types, "rows": 3, "content_hash": publish.config_hash(types, rows)}
        answers = {
            "columns": publish.column_types(pq.read_schema(ANSWERS)),
            "rows": pq.read_metadata(ANSWERS).num_rows,
        }
        more = {"evidence": (file, said), "answers": (ANSWERS, answers)}
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        _, files = staged(folder, manifest, more, Path(draft), "org/tiny", "v1")
        for name, source in files.items():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            (there / name).write_bytes(source.read_bytes())


def mend(folder: Path, *, types: bool) -> None:
    """Write the checksums of the files into the manifest, as somebody does who wants them to be read; ``types``: columns, rows and croissant.json too."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"] = {name: sha256(folder / name) for name in manifest["files"]}
    if types:
        for name in manifest["files"]:
            if name.endswith(".parquet"):
                _say(manifest, name, folder / name)
        if CROISSANT in manifest["files"]:
            _describe(manifest, folder)
    publish.write_manifest(folder, manifest)


def _say(manifest: dict[str, Any], name: str, file: Path) -> None:
    config, split = name.split("/")[0], name.split("/")[1].partition("-")[0]
    try:
        columns, rows = publish.column_types(pq.read_schema(file)), pq.read_metadata(file).num_rows
    except Exception:  # the file was mutated: nothing can be said of it
        return
    beside = manifest.get("configs", {}) | manifest.get("intermediates", {})
    if config in beside:
        beside[config] |= {"columns": columns, "rows": rows}
    else:
        manifest["rows"][split] = rows
        manifest["columns"] = columns if split == "train" else manifest["columns"]


def _describe(manifest: dict[str, Any], folder: Path) -> None:
    try:
        text = croissant({name: folder / name for name in manifest["files"]}, manifest)
    except Exception:  # a data file was mutated: nothing can be said of it
        return
    (folder / CROISSANT).write_text(text, "utf-8")
    manifest["files"][CROISSANT] = sha256(folder / CROISSANT)


def _verify(folder: Path, whole: Path, scratch: Path) -> None:
    found = verify(folder)
    if found.wrong:
        raise FolderError("\n".join(found.wrong))


def _report(folder: Path, whole: Path, scratch: Path) -> None:
    write_report(folder, scratch / "page.html")


def _diff(folder: Path, whole: Path, scratch: Path) -> None:
    for pair in ((folder, whole), (whole, folder)):
        "\n".join(lines(*(Place(one, one.name) for one in pair), shown=5)).encode()
        builds = [Build(one, read_manifest(one)) for one in pair]
        if all(build.has_paths for build in builds):
            found = compare(*builds)
            "\n".join([*summary(found), *details(found, ("a", "b"), found.differing)]).encode()


def _push_check(folder: Path, whole: Path, scratch: Path) -> None:
    try:
        manifest = pushable(folder, allow_dirty=True, allow_unchecked=True)
        verified._mark(folder).unlink(missing_ok=True)
        staged(folder, manifest, {}, scratch, "org/tiny", "v1")
    except PushError as why:
        raise FolderError(str(why)) from why


def _ledger(folder: Path, whole: Path, scratch: Path) -> None:
    read_ledger(str(folder))


def _refusal(folder: Path, whole: Path, scratch: Path) -> None:
    if why := refusal(folder):
        raise FolderError(why)


Reader = Callable[[Path, Path, Path], None]
READERS: dict[str, Reader] = {
    "verify": _verify,
    "report": _report,
    "diff": _diff,
    "push": _push_check,
    "ledger": _ledger,
    "refusal": _refusal,
}


def read(folder: Path, whole: Path, data: bytes) -> None:
    """Read the folder in two of the six ways, drawn by the mutated content; raises what the last of them refuses."""
    draw = int(hashlib.sha256(data).hexdigest()[:8], 16)
    names = list(READERS)
    first, second = names[draw % 6], names[(draw + 1 + draw // 6 % 5) % 6]
    refused: Exception | None = None
    for name in (first, second):
        try:
            READERS[name](folder, whole, whole.parent)
        except REFUSALS as why:
            refused = why
    if refused:
        raise refused
