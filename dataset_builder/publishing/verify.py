"""Check a dataset folder against its manifest; also against code and graph, where these are available."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet

from dataset_builder.configs import REVIEWS
from dataset_builder.publishing.folder import column_types, content_hash
from dataset_builder.publishing.funnel import Tally, relevance_of
from dataset_builder.publishing.hub.loaded import damages_rows, manifest_text, wrong_files
from dataset_builder.publishing.layout import (
    MANIFEST,
    FolderError,
    code_of,
    files_by_config,
    question_files,
    read_rows,
)
from dataset_builder.publishing.learning.configs import LEARNING, learning_of, learning_rows
from dataset_builder.publishing.metadata.croissant import wrong_croissant
from dataset_builder.publishing.reviews.check import wrong_reviews
from dataset_builder.publishing.reviews.section import wrong_section
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.schema.manifest import OF_A_BUILD, parsed_manifest
from dataset_builder.publishing.shards.check import wrong_part
from dataset_builder.publishing.streams.digests import RowDigests
from dataset_builder.publishing.unroll import FORMS, ids_of, unrolls
from dataset_builder.publishing.verify_intermediates import wrong_intermediates
from dataset_builder.publishing.verify_paths import wrong_paths
from dataset_builder.row import row_id
from dataset_builder.stage_code import code_hash
from kg import KG


@dataclass(frozen=True)
class Verification:
    """The mismatches with the manifest (none where all is well), and notes on code, graph and unchecked parts."""

    wrong: list[str]
    notes: list[str]


def verify(folder: Path, kg: KG | None = None, oracle: bool = False) -> Verification:
    """Compare the files with what `load_dataset` reads; recompute their sha256, row ids, funnel, relevance and content hash; compare code and graph with the local ones.

    ``oracle``: graph-tool proves every published path too, which takes the graph of the build.
    Raises FolderError where there is no valid manifest, or that graph was not given.
    """
    manifest = read_manifest(folder)
    if kg is None and manifest["graph"]["name"] == "sample":
        kg = KG.load("sample")
    if oracle and (kg is None or kg.digest != manifest["graph"]["sha256"]):
        raise FolderError(f"{_graph_note(manifest, kg)}. --oracle proves paths in the graph of the build")
    wrong = wrong_files(folder, manifest)
    if damages_rows(wrong, manifest):
        notes = [
            "row ids, funnel, relevance and content hash were not checked: the data files are not those of the build"
        ]
    elif broken := wrong_rows(folder, manifest):
        wrong += broken
        notes = ["row ids, funnel, relevance, content hash and paths were not checked, as a data file cannot be read"]
    else:
        wrong += wrong_content(folder, manifest)
        if not wrong and _is_ours(manifest):
            wrong += wrong_croissant(folder, manifest)
        notes = []
        if oracle and kg is not None:
            broken, note = wrong_paths(folder, manifest, kg)
            wrong, notes = wrong + broken, [note]
    return Verification(wrong, [*notes, _code_note(manifest), _graph_note(manifest, kg)])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a dataset folder. Raises FolderError where there is none, or a field is missing or has another type."""
    try:
        text = manifest_text(folder)
    except OSError as why:
        raise FolderError(
            f"{folder} is no dataset folder: {MANIFEST} cannot be read ({why}); expected a folder written by `build`"
        ) from why
    return parsed_manifest(text, folder, OF_A_BUILD)


def wrong_content(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Mismatches of row ids, funnel, relevance, configs and content hash, in one pass over the rows, with one batch in memory.

    For a folder of which `wrong_rows` found nothing.
    """
    by_config = files_by_config(manifest)
    configs = {name: said for name, said in manifest.get("configs", {}).items() if name != REVIEWS}
    splits = {split: [folder / file for file in files] for split, files in question_files(manifest).items()}
    beside = {name: [folder / file for file in by_config[name]["train"]] for name in configs}
    types = {**dict.fromkeys(splits, manifest["columns"]), **{name: c["columns"] for name, c in configs.items()}}
    seen = _RowCheck(made_again(manifest))
    if wrong := _wrong_columns(splits | beside, types):
        return wrong
    computed = content_hash(
        {split: seen.questions(split, read_rows(*files)) for split, files in splits.items()},
        manifest["columns"],
        manifest["inputs"],
        {name: (types[name], seen.others(name, read_rows(*files))) for name, files in beside.items()},
    )
    relevance = relevance_of(folder, manifest)
    wrong = seen.compared(manifest)
    if relevance != (said := manifest.get("relevance", {})):
        wrong.append(f"relevance: counted {relevance or 'none'}, the manifest says {said or 'none'}")
    if computed != manifest["content_hash"]:
        wrong.append(f"content_hash: computed {computed}, the manifest says {manifest['content_hash']}")
    wrong += wrong_part(folder, manifest) + wrong_intermediates(folder, manifest)
    if not (reviews := wrong_reviews(folder, manifest)) and _is_ours(
        manifest
    ):  # other code may write the section in other words
        reviews = wrong_section(folder, manifest)
    return wrong + reviews


def _wrong_columns(files: Mapping[str, Iterable[Path]], types: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The columns of every file are those of its rows in the manifest; each finding is said once per split or config."""
    found = [(name, column_types(pyarrow.parquet.read_schema(file))) for name, some in files.items() for file in some]
    wrong = [
        f"{name}: its columns are {columns}, the manifest says {types[name]}"
        for name, columns in found
        if columns != types[name]
    ]
    return list(dict.fromkeys(wrong))


class _RowCheck:
    """Counts and errors of the rows read so far."""

    def __init__(self, learning: Sequence[str]) -> None:
        self._learning = learning
        self.made: dict[str, RowDigests] = {name: RowDigests() for name in learning}  # rows that the questions give
        self.found: dict[str, RowDigests] = {name: RowDigests() for name in learning}  # rows that are there
        self.wrong: list[str] = []
        self.rows = Counter[str]()
        self.tally = Tally()
        self.kept = RowDigests()  # of the ids of the rationales that the published questions keep
        self.ids: dict[str, RowDigests] = {}  # of the ids of the rows of the unrolled configs

    def questions(self, split: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Yield the same rows, and check each."""
        for row in rows:
            self.rows[split] += 1
            self.tally.add(row)
            if row["id"] != (expected := row_id(row["source"], row["config"], row)):
                self.wrong.append(f"{split}: row {row['id']} should have the id {expected}")
            if (row["rejected_because"] is None) != (split == "train"):
                self.wrong.append(f"{split}: row {row['id']} has rejected_because={row['rejected_because']!r}")
            if split == "train" and unrolls(list(row)):
                for id_ in ids_of(row):
                    self.kept.add(id_)
            if split == "train":
                for name, made in learning_rows([row], self._learning).items():
                    for one in made:
                        self.made[name].add(one)
            yield row

    def others(self, name: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Yield the same rows of a further config, and count them."""
        for row in rows:
            self.rows[name] += 1
            if name in FORMS:
                self.ids.setdefault(name, RowDigests()).add(row["id"])
            if name in self.found:
                self.found[name].add(row)
            yield row

    def compared(self, manifest: Mapping[str, Any]) -> list[str]:
        """The mismatches. The rows of each unrolled config must be exactly the rationales that the questions keep."""
        configs, nothing = manifest.get("configs", {}), RowDigests()
        expected = manifest["rows"] | {name: config["rows"] for name, config in configs.items() if name != REVIEWS}
        wrong = [
            f"{name}: {self.rows[name]} rows, the manifest says {number}"
            for name, number in expected.items()
            if self.rows[name] != number
        ]
        wrong += self.wrong
        if (counted := self.tally.funnel()) != manifest["funnel"]:
            wrong.append(f"funnel: counted {counted}, the manifest says {manifest['funnel']}")
        wrong += [
            f"{name}: its rows are not those that the published questions give ({len(self.found[name])} rows, {len(made)} expected)"
            for name, made in self.made.items()
            if made != self.found[name]
        ]
        return wrong + [
            f"{name}: its rows are not the rationales that the questions keep ({len(self.ids.get(name, nothing))} rows, "
            f"{len(self.kept)} rationales)"
            for name in FORMS
            if name in configs and self.ids.get(name, nothing) != self.kept
        ]


def made_again(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The configs for trainers whose rows this code makes again to compare them: those of the folder, if this code has made them."""
    listed = manifest.get("configs", {})
    return tuple(name for name in learning_of(tuple(manifest["columns"])) if name in listed and _is_ours(manifest))


def _is_ours(manifest: Mapping[str, Any]) -> bool:
    return code_of(manifest) == code_hash()


def _code_note(manifest: Mapping[str, Any]) -> str:
    if _is_ours(manifest):
        return "code: the same as here"
    commit = manifest["run"].get("git", {}).get("commit")
    made = ", ".join(name for name in LEARNING if name in manifest.get("configs", {}))
    unmade = (
        f"; the rows of {made} were not made again from the questions, as this code may make others" if made else ""
    )
    return (
        f"code: not that of this checkout, so not checked; the build was made at commit {commit or 'unknown'}{unmade}"
    )


def _graph_note(manifest: Mapping[str, Any], kg: KG | None) -> str:
    graph = manifest["graph"]
    if kg is None:
        return f"graph: {graph['name']} was not given, so not checked; give it by --kg FILE"
    if kg.digest == graph["sha256"]:
        return f"graph: {graph['name']}, the same as here"
    return f"graph: {kg.name} here has sha256 {kg.digest}, that of the build {graph['sha256']}: another graph, so not checked"
