"""What `load_dataset` would read of a dataset folder, compared with what its manifest lists.

`verify` reads the manifest, and `load_dataset` the card: without this check a card could send every reader to other rows.
"""

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from datasets import Features
from datasets.data_files import DataFilesDict, get_data_patterns
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCard, DatasetCardData

from dataset_builder.configs import REVIEWS
from dataset_builder.publishing.layout import (
    CARD,
    CROISSANT,
    MANIFEST,
    FolderError,
    card_configs,
    data_files,
    files_by_config,
)
from dataset_builder.publishing.schema.card_text import expect_plain
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.schema.json_text import MAX_BYTES
from dataset_builder.publishing.schema.manifest import (
    SHORT,
    WITH_CROISSANT,
    listed,
    parsed_manifest,
    told_fields,
    unreadable,
    wrong_fields,
)
from dataset_builder.sources.raw_files import sha256
from kg.terminal import one_line

OWN = (
    ".gitattributes",
    ".cache/huggingface/",
)  # the Hub writes the first, its client the second; no loader reads them
KINDS = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a symbolic link"}
# The parsers of datasets and huggingface_hub do not check what they are given: any of these says that it is not what they wrote.
_NOT_PARSED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


def refusal(folder: Path) -> str | None:
    """Why nothing must be read from this folder; None where it matches its manifest, or has none."""
    try:
        manifest = parsed_manifest(manifest_text(folder), folder)
    except FileNotFoundError:
        return None  # rows of somebody else, of which nothing was said
    except OSError as why:
        return told_fields(folder, [unreadable(why)])
    except FolderError as why:
        return str(why)
    wrong = wrong_files(folder, manifest) or wrong_rows(folder, manifest, built=False)
    return told(folder, wrong) if wrong else None


def manifest_text(folder: Path) -> bytes:
    """The text of the manifest. Raises OSError where there is none, or it is no regular file: a FIFO would be waited for."""
    file = folder / MANIFEST
    kind = stat.S_IFMT(file.lstat().st_mode)
    if kind != stat.S_IFREG and not (kind == stat.S_IFLNK and _in_clients_cache(folder, file)):
        raise OSError(f"it is {KINDS.get(kind, 'no file')}; expected a regular file")
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)  # one more, by which its parser sees that it is too long


def config_files(manifest: Mapping[str, Any], config: str) -> list[str]:
    """The files of a further config, by name. After `refusal` found nothing, a loader reads the same."""
    return data_files(manifest.get("files", ()), "train", config)


def published_files(manifest: Mapping[str, Any]) -> set[str]:
    """The files of published rows and of further configs, by a manifest in which `refusal` found nothing; not the rejected rows."""
    return {file for splits in files_by_config(manifest).values() for file in splits.get("train", ())}


def told(folder: object, wrong: list[str]) -> str:
    """The mismatches of a folder, as one message."""
    return f"{folder} does not match its manifest; build or download it again:\n{listed(wrong)}"


def damages_rows(wrong: Iterable[str], manifest: Mapping[str, Any]) -> bool:
    """Whether one of these mismatches is in the manifest's own fields or in a data file, so that no row can be compared."""
    names = {line.partition(":")[0] for line in wrong}
    return MANIFEST in names or not names.isdisjoint(_files(files_by_config(manifest)))


def _files(by_config: Mapping[str, Mapping[str, Iterable[str]]]) -> Iterator[str]:
    return (file for splits in by_config.values() for files in splits.values() for file in files)


def wrong_files(folder: Path, manifest: Any) -> list[str]:
    """All of `wrong_loaded`, and files that were changed since the build."""
    wrong = wrong_loaded(folder, manifest)
    if any(line.startswith(f"{MANIFEST}:") for line in wrong):
        return wrong  # its list of files cannot be used
    listed, (there, _) = manifest["files"], _entries(folder)
    changed = [name for name in sorted(there & listed.keys()) if sha256(folder / name) != listed[name]]
    return wrong + [f"{name}: its content is not that of the {_last(name)} (sha256 differs)" for name in changed]


def _last(name: str) -> str:
    return "last import of reviews" if name.startswith(f"{REVIEWS}/") else "build"


def wrong_loaded(folder: Path, manifest: Any) -> list[str]:
    """Where a loader would read something else than the manifest lists: its names, the files that are there, the card."""
    if wrong := wrong_fields(manifest):
        return [f"{MANIFEST}: {line}" for line in wrong]
    files, listed = files_by_config(manifest), manifest["files"]
    texts = {CARD, CROISSANT} if manifest.get("format", 1) >= WITH_CROISSANT else {CARD}
    read = {*texts, *_files(files)}
    there, irregular = _entries(folder)
    seen = there | irregular.keys()
    wrong = [f"{name}: is {what}; expected a regular file" for name, what in irregular.items()]
    wrong += [f"{name}: in the manifest, not in the folder" for name in sorted(listed.keys() - seen)]
    wrong += [f"{name}: in the folder, not in the manifest" for name in sorted(seen - listed.keys()) if not _own(name)]
    wrong += [
        f"{name}: is listed, but belongs to no config; expected only {', '.join(sorted(read))}"
        if _inside(name)
        else f"{name}: is listed; expected a relative name inside the folder"
        for name in sorted(listed.keys() - read)
    ]
    wrong += [f"{name}: is a file of a config, but not listed" for name in sorted(read - listed.keys() - texts - seen)]
    if CROISSANT in texts - listed.keys() - seen:
        wrong.append(
            f"{CROISSANT}: is neither in the folder nor in the manifest; expected it since format {WITH_CROISSANT}"
        )
    return wrong + [f"{CARD}: {line}" for line in _wrong_card(folder, files)]


def _entries(folder: Path) -> tuple[set[str], dict[str, str]]:
    """The names of the regular files, and what the other entries are that are no folders; without the manifest."""
    there, irregular = set(), {}
    for path in sorted(folder.rglob("*")):
        name, kind = path.relative_to(folder).as_posix(), stat.S_IFMT(path.lstat().st_mode)
        if kind == stat.S_IFREG or (kind == stat.S_IFLNK and _in_clients_cache(folder, path)):
            there.add(name)
        elif kind != stat.S_IFDIR:
            irregular[name] = KINDS.get(kind, "a device")
    return there - {MANIFEST}, irregular


def _in_clients_cache(folder: Path, link: Path) -> bool:
    """Whether a link is one of those that the Hub's client makes, from snapshots/COMMIT/NAME to its file blobs/SHA."""
    snapshots, target = folder.resolve().parent, link.resolve()
    return snapshots.name == "snapshots" and target.parent == snapshots.parent / "blobs" and target.is_file()


def _own(name: str) -> bool:
    return any(name.startswith(own) if own.endswith("/") else name == own for own in OWN)


def _inside(name: str) -> bool:
    windows, path = PureWindowsPath(name), PurePosixPath(name)
    return bool(name) and "\\" not in name and not windows.anchor and not path.is_absolute() and ".." not in path.parts


def _wrong_card(folder: Path, files: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[str]:
    """The faults of the card's YAML, parsed by the class that `load_dataset` uses."""
    file = folder / CARD
    try:
        data: Any = DatasetCardData()
        if file.is_file():
            expect_plain(file)
            data = DatasetCard.load(file).data
        infos = DatasetInfosDict.from_dataset_card_data(data)
    except (yaml.YAMLError, OSError, *_NOT_PARSED) as why:
        yield f"its YAML cannot be read ({type(why).__name__}: {one_line(' '.join(str(why).split())[:200])}); expected that of `build`"
        return
    configs = vars(data).get("configs")  # not data.get: a key of the YAML may have that name
    yield from _wrong_configs(configs, card_configs(files)) if configs else _wrong_inferred(folder, files)
    yield from _wrong_features(folder, infos, files)


def _wrong_configs(found: Any, expected: list[dict[str, Any]]) -> Iterator[str]:
    """Where configs are not, field by field, those that the manifest's files give."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        yield f"configs: found {SHORT.repr(found)}; expected a list of objects"
        return
    names = [one["config_name"] for one in expected]
    yield from (
        f"configs: found {SHORT.repr(one)}; expected only the configs {', '.join(names)}"
        for one in found
        if one.get("config_name") not in names
    )
    for right in expected:
        same = [one for one in found if one.get("config_name") == right["config_name"]]
        if len(same) != 1:
            yield f"configs: found {right['config_name']} {len(same)} times; expected it once"
        for one in same:
            yield from (
                f"configs, {right['config_name']}, {key}: found {SHORT.repr(one.get(key))}; expected {right.get(key)}"
                for key in {**right, **one}
                if one.get(key) != right.get(key)
            )


def _wrong_inferred(folder: Path, files: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[str]:
    """For a card without configs: where the files that the loader would choose by their names are not the manifest's."""
    base = folder.resolve()
    try:
        chosen = DataFilesDict.from_patterns(get_data_patterns(str(base)), base_path=str(base))
    except FileNotFoundError:
        chosen = {}
    found = {split: [Path(file).relative_to(base).as_posix() for file in chosen[split]] for split in chosen}
    if {"default": found} != files:
        yield f"has no configs, so a loader reads {SHORT.repr({'default': found})}; expected {files}"


def _wrong_features(
    folder: Path, infos: DatasetInfosDict, files: Mapping[str, Mapping[str, Sequence[str]]]
) -> Iterator[str]:
    """Where `dataset_info` gives columns other types than they have in the data files: a loader would cast them."""
    yield from (f"dataset_info: found {name!r}; expected only {', '.join(files)}" for name in infos if name not in files)  # fmt: skip
    for name, splits in files.items():
        said = infos[name].features if name in infos else None
        for file in chain.from_iterable(splits.values()):
            if said is None or not (folder / file).is_file():  # a FIFO would be waited for
                continue
            try:
                have = Features.from_arrow_schema(pq.read_schema(folder / file).remove_metadata())
            except (pa.ArrowException, OSError, UnicodeDecodeError):
                continue  # another check names a file that cannot be read
            try:
                same = said.arrow_schema.remove_metadata() == have.arrow_schema.remove_metadata()
            except (*_NOT_PARSED, pa.ArrowException) as why:
                yield f"dataset_info, {name}: its features are no column types ({type(why).__name__}); expected those of {file}"
                continue
            if not same:
                differ = sorted(column for column in {*said, *have} if said.get(column) != have.get(column))
                yield f"dataset_info, {name}: found other types or columns than in {file}: {SHORT.repr(differ)}"
