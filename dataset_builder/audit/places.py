"""What is audited: a file, a folder, a folder of our own, or a dataset on the Hub, and what its card says of its license."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_builder.audit.layouts import of_hub
from dataset_builder.publishing.hub.revisions import place_of
from dataset_builder.publishing.layout import CARD, MANIFEST, ROWS, SPLITS, files_by_config, question_files, rows_in
from dataset_builder.publishing.verify import read_manifest
from dataset_builder.sources.raw_files import SourceError, sha256

ENDINGS = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".parquet")
NO_ROWS = {MANIFEST, "dataset_infos.json", "dataset_dict.json", "state.json", "dataset_info.json"}


@dataclass(frozen=True)
class Audited:
    """The files to read, in order. ``license``: as its card names it, None where no card does."""

    name: str
    root: Path
    files: tuple[Path, ...]
    hub_id: str = ""
    commit: str | None = None
    license: str | None = None
    manifest: dict[str, Any] | None = field(default=None, repr=False)
    left_out: tuple[str, ...] = ()  # what of the dataset is not read, and why

    def as_dict(self) -> dict[str, Any]:
        """For the result: with the checksum of each file."""
        files = {
            path.relative_to(self.root).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in self.files
        }
        return {"name": self.name, "commit": self.commit, "files": files, "left_out": list(self.left_out)}


def audited(dataset: str, pattern: str | None = None) -> Audited:
    """The dataset of this name: a file, a folder, or ``org/name[@revision]`` on the Hub. ``pattern``: a glob of the files to read.

    Raises SourceError where it has no file with rows, HubError where the Hub does not give it, FolderError for a broken folder of ours.
    """
    path = Path(dataset)
    if path.is_file():
        if not path.name.endswith(ENDINGS):
            raise SourceError(f"found {path}; expected a file with the ending {', '.join(ENDINGS)}")
        return Audited(dataset, path.parent, (path,), license=_license(path.parent))
    place = place_of(dataset)
    if not place.folder.is_dir():
        raise SourceError(f"found no file and no folder {dataset}; expected one, or org/name[@revision] on the Hub")
    hub_id = dataset.partition("@")[0] if place.commit else ""
    if (place.folder / MANIFEST).is_file() and not pattern:
        return _own(dataset, place.folder, hub_id, place.commit)
    layout = of_hub(hub_id)
    files = _files(place.folder, pattern or (layout.files if layout else None))
    others = sorted(set(_files(place.folder, None)) - set(files)) if not pattern else []
    left_out = [
        f"{one.relative_to(place.folder).as_posix()}: not the file that is published for training; FILES={one.name} audits it"
        for one in others
    ]
    return Audited(
        dataset, place.folder, tuple(files), hub_id, place.commit, _license(place.folder), None, tuple(left_out)
    )


def _own(name: str, folder: Path, hub_id: str, commit: str | None) -> Audited:
    """A dataset folder of ours: its published rows; of rows with several rationales, the config with one a row."""
    manifest = read_manifest(folder)
    unrolled = rows_in(manifest["columns"]) != ROWS
    listed = files_by_config(manifest)["cot"]["train"] if unrolled else question_files(manifest)["train"]
    left_out = [
        f"{manifest['rows'].get(SPLITS[1], 0):,} rejected rows (split {SPLITS[1]}): they are not training data"
    ]
    if unrolled:
        left_out.append("configs reasonmed and response: the same rationales in other forms")
    files = tuple(folder / one for one in listed)
    if missing := [one for one in files if not one.is_file()]:
        raise SourceError(
            f"{folder}: {MANIFEST} lists {missing[0].relative_to(folder)}, which is not there; run `make verify OUT={folder}`"
        )
    return Audited(name, folder, files, hub_id, commit, _license(folder), manifest, tuple(left_out))


def _files(folder: Path, pattern: str | None) -> list[Path]:
    """The files with rows, by name. Raises SourceError where none fits."""
    there = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name.endswith(ENDINGS)
        and path.name not in NO_ROWS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    fitting = [path for path in there if pattern is None or path.relative_to(folder).match(pattern)]
    if not fitting:
        found = ", ".join(path.relative_to(folder).as_posix() for path in there[:20]) or "none"
        expected = f"files that fit {pattern}" if pattern else f"files with the ending {', '.join(ENDINGS)}"
        raise SourceError(f"{folder}: found the files {found}; expected {expected}")
    return fitting


def _license(folder: Path) -> str | None:
    """The license that the card beside the files names."""
    import yaml
    from huggingface_hub import metadata_load

    card = folder / CARD
    if not card.is_file():
        return None
    try:
        about = metadata_load(card) or {}
    except (ValueError, yaml.YAMLError, OSError) as why:
        raise SourceError(f"{card}: its YAML cannot be read ({why}); mend it, or audit the file alone") from why
    found = about.get("license")
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found) if found else None
