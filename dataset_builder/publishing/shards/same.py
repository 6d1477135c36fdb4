"""Whether folders are all parts of one and the same build, each of them once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dataset_builder.publishing.layout import FolderError, files_by_config, read_rows
from dataset_builder.publishing.schema.manifest import SHORT, listed
from dataset_builder.publishing.streams.digests import RowDigests

Manifests = Mapping[Path, Mapping[str, Any]]  # of parts, by folder
LEDGER = "contamination"

# what must be equal in all parts: in words, and where it is in the manifest
_WHOLE = {
    "pipeline": ("pipeline",),
    "code": ("code",),
    "number of parts": ("shard", "of"),
    "number of rows of the whole": ("shard", "rows"),
    "ids of the whole": ("shard", "ids"),
    "sources": ("origins",),
    "sources that are left out": ("left_out",),
    "graph": ("graph", "sha256"),
    "contamination": ("contamination",),
    "columns": ("columns",),
    "stages": ("card", "stages"),
    "calibrations of the judges": ("run", "passports"),
}


def expect_one_whole(parts: Manifests) -> None:
    """Raise FolderError, with all reasons, unless these are all parts of one build. Their files are not read, but for the ledger."""
    if strangers := [folder for folder, manifest in parts.items() if "shard" not in manifest]:
        raise FolderError(
            "\n".join(
                f"{folder} is no part of a build: its manifest has no `shard`; expected a folder that `build --shard K/N` wrote"
                for folder in strangers
            )
        )
    if wrong := [*_foreign(parts)] or [*_not_once(parts)]:
        raise FolderError(f"the folders cannot be merged:\n{listed(wrong)}")


def _foreign(parts: Manifests) -> Iterator[str]:
    """Parts of another build than the first one."""
    first, *others = parts
    ledger = _ledger(first, parts[first])
    for folder in others:
        for words, path in {**_WHOLE, **_inputs(parts[first], parts[folder])}.items():
            here, there = _at(parts[first], path), _at(parts[folder], path)
            if here != there:
                yield (
                    f"{folder} is a part of another build than {first}, with another value of {words}: found {SHORT.repr(there)}, "
                    f"expected {SHORT.repr(here)}; build it again as the others were built"
                )
        if _ledger(folder, parts[folder]) != ledger:
            yield f"{folder}: its config {LEDGER} has other rows than that of {first}; build both again"


def _inputs(first: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    names = dict.fromkeys([*first["inputs"], *other["inputs"]])
    return {f"inputs.{name}": ("inputs", name) for name in names}


def _at(manifest: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = manifest
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _ledger(folder: Path, manifest: Mapping[str, Any]) -> RowDigests:
    if LEDGER not in manifest.get("configs", {}):
        return RowDigests()
    return RowDigests(read_rows(*(folder / name for name in files_by_config(manifest)[LEDGER]["train"])))


def _not_once(parts: Manifests) -> Iterator[str]:
    """Parts that are missing, or given twice."""
    of = next(iter(parts.values()))["shard"]["of"]
    by_part: dict[int, list[Path]] = {}
    for folder, manifest in parts.items():
        by_part.setdefault(manifest["shard"]["part"], []).append(folder)
    for part, folders in sorted(by_part.items()):
        if len(folders) > 1:
            yield f"part {part} of {of} is given {len(folders)} times: {', '.join(map(str, folders))}; give each part once"
    if missing := [part for part in range(1, of + 1) if part not in by_part]:
        some = f"{', '.join(map(str, missing[:20]))}{' …' if len(missing) > 20 else ''}"
        yield f"found {len(by_part)} of {of} parts; missing: {some}. Build them (--shard K/{of}), or give their folders too"
