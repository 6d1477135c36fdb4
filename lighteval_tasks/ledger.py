"""The items of benchmarks that a dataset's questions match, from the contamination ledger that every build writes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from huggingface_hub import hf_hub_download

from dataset_builder.publishing.hub.errors import explained
from dataset_builder.publishing.hub.loaded import config_files, refusal
from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.schema.manifest import parsed_manifest
from dataset_builder.sources.raw_files import SourceError, sha256
from lighteval_tasks.outcomes import Outcome

CONFIG = "contamination"


@dataclass(frozen=True)
class PublishedLedger:
    """The ledger of a dataset. ``matched``: benchmark to ids of its questions that a question of the dataset matches."""

    place: str
    matched: dict[str, set[str]]
    checked: frozenset[str]

    def clean(self, source: str, outcomes: Sequence[Outcome]) -> list[Outcome] | None:
        """The outcomes of items that the dataset does not match; None where it was not compared with this benchmark."""
        if source not in self.checked:
            return None
        return [outcome for outcome in outcomes if outcome.question not in self.matched[source]]


def read_ledger(place: str) -> PublishedLedger:
    """The ledger of a dataset folder, or of a Hub dataset ``org/name@tag``. Raises SourceError where there is none."""
    name, _, revision = place.partition("@")
    folder = Path(place)
    if folder.is_dir():
        path = folder / "manifest.json"
    elif revision:
        with explained(place, SourceError):
            path = Path(hf_hub_download(name, "manifest.json", repo_type="dataset", revision=revision))
    else:
        raise SourceError(
            f"{place}: found no such folder; expected a dataset folder, or org/name@tag of one on the Hub"
        )
    manifest = _manifest(path, place) if path.is_file() else {}
    if CONFIG not in manifest:
        raise SourceError(
            f"{path}: found no ledger of contamination; expected a dataset that was built with drop_contaminated. Build it again"
        )
    if folder.is_dir() and (why := refusal(folder)):
        raise SourceError(why)
    matched: dict[str, set[str]] = defaultdict(set)
    if manifest[CONFIG].get("matches", 1):
        names = config_files(manifest, CONFIG)
        files = [
            folder / file if folder.is_dir() else _fetched(name, revision, file, manifest.get("files", {}))
            for file in names
        ]
        for file in files:
            for row in pq.read_table(file, columns=["benchmark", "benchmark_id"]).to_pylist():
                matched[row["benchmark"]].add(row["benchmark_id"])
    return PublishedLedger(place, matched, frozenset(manifest[CONFIG]["checked"]))


def _manifest(path: Path, place: str) -> dict[str, Any]:
    try:
        return parsed_manifest(path.read_bytes(), place, ())
    except (FolderError, OSError) as why:
        raise SourceError(str(why)) from why


def _fetched(name: str, revision: str, file: str, listed: Mapping[str, str]) -> Path:
    """A file of the ledger on the Hub, found by the manifest and not by the card. Raises SourceError where it is another."""
    with explained(f"{name}@{revision}", SourceError):
        fetched = Path(hf_hub_download(name, file, repo_type="dataset", revision=revision))
    if (found := sha256(fetched)) != listed.get(file):
        raise SourceError(
            f"{name}@{revision}, {file}: found sha256 {found}, the manifest says {listed.get(file)}; run `verify {name}@{revision}`"
        )
    return fetched
