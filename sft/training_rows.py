"""The rows that a recipe trains on, and the origin of their dataset: tag, content hash, funnel."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from datasets import Dataset
from datasets.exceptions import DatasetsError
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from trl.scripts.utils import DatasetConfig, get_dataset

from dataset_builder.publishing.hub.errors import FAILURES, HubError, explained
from dataset_builder.publishing.hub.loaded import published_files, refusal, told
from dataset_builder.publishing.hub.repository import Repository
from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.schema.manifest import parsed_manifest
from sft.recipe import PINNED_DATA, Recipe, RecipeError

MANIFEST = "manifest.json"
TRIAL = "{} is a trial: it contains rows of an evaluation split and is never training data"
PART = "{} is one part of a build; merge all parts (make merge), and train on the merged folder"
NOT_READ = (DatasetsError, *FAILURES, OSError, ValueError)  # of files of strangers; pyarrow's errors are some of these


def load(recipe: Recipe, *, every_column: bool = False) -> Dataset:
    """The training split, read by TRL's own loader: of the pass rates that the recipe asks for, without the rows that it holds out.

    ``every_column``: with all columns of the dataset. Raises RecipeError.
    """
    rows = _read(recipe, None if every_column or recipe.pass_rates != (None, None) else recipe.method.columns)
    rows, _ = _parted(recipe, _of_pass_rates(recipe, without_open(recipe, rows)))
    return rows if every_column else rows.select_columns([c for c in recipe.method.columns if c in rows.column_names])


def held_out(recipe: Recipe) -> Dataset | None:
    """The rows that the recipe holds out (TRL's `test_split_size`), as `load` leaves them out; None where it holds none out."""
    if not recipe.mixture.test_split_size:
        return None
    return _parted(recipe, _of_pass_rates(recipe, without_open(recipe, _read(recipe, None))))[1]


def without_open(recipe: Recipe, rows: Dataset) -> Dataset:
    """The rows without open questions, where the answer is rewarded: no rule says whether theirs is right, and nothing is guessed."""
    if not recipe.rewards_answers or "answer_label" not in rows.column_names:
        return rows
    return rows.select([number for number, label in enumerate(rows["answer_label"]) if label is not None])


def _parted(recipe: Recipe, rows: Dataset) -> tuple[Dataset, Dataset | None]:
    """Training and held-out rows. Drawn here, since TRL draws without a seed: each process, and each continuation, would have other rows."""
    if not recipe.mixture.test_split_size or len(rows) < 2:
        return rows, None
    parts = rows.train_test_split(test_size=recipe.mixture.test_split_size, seed=recipe.training.seed)
    return parts["train"], parts["test"]


def _of_pass_rates(recipe: Recipe, rows: Dataset) -> Dataset:
    low, high = recipe.pass_rates
    if low is None and high is None:
        return rows
    if "pass_rate" not in rows.column_names:
        raise RecipeError(
            f"found MIN_PASS or MAX_PASS and columns {', '.join(rows.column_names)}; expected pass_rate, which only `reasonmed` builds"
        )
    kept = [
        number
        for number, rates in enumerate(rows["pass_rate"])
        if (rate := pass_rate(rates)) is not None and (low or 0) <= rate <= (1 if high is None else high)
    ]
    if not kept:
        raise RecipeError(
            f"found no row with a pass rate from {low or 0} to {1 if high is None else high}, of {len(rows)} rows"
        )
    return rows.select(kept)


def pass_rate(rates: Sequence[Mapping[str, Any]] | None) -> float | None:
    """The share of right ones among the judged samples of all writers, from a row's `pass_rate`; None where none was judged."""
    judged = sum(one["judged"] for one in rates or ())
    return sum(one["right"] for one in rates or ()) / judged if judged else None


def _read(recipe: Recipe, columns: Sequence[str] | None) -> Dataset:
    """All rows, with these columns, of which some may be missing that the method does not need; None: with all columns."""
    sources = [replace(_compared(source), columns=None) for source in recipe.mixture.datasets]
    names = ", ".join(str(source.data_files or source.path) for source in recipe.mixture.datasets)
    needed = recipe.method.needed
    try:
        rows = get_dataset(replace(recipe.mixture, datasets=sources, test_split_size=None))["train"]
        if columns is None:
            return rows
        if missing := [name for name in needed if name not in rows.column_names]:
            raise ValueError(f"found columns {', '.join(rows.column_names)}; missing: {', '.join(missing)}")
        return rows.select_columns([name for name in columns if name in rows.column_names])
    except NOT_READ as why:
        raise RecipeError(
            f"{names} cannot be read ({type(why).__name__}: {' '.join(str(why).split())[:300]}); expected a dataset with a split "
            f"train and the columns {', '.join(needed[:-1])} and {needed[-1]}"
        ) from why


def _compared(source: DatasetConfig) -> DatasetConfig:
    """The source as it is to be read, after its files were compared with their manifest. Raises RecipeError."""
    if found := _pinned(source):
        return _of_hub(source, *found)
    if source.data_files:
        return source
    if not Path(source.path).is_dir():
        raise RecipeError(
            f"found no dataset folder {source.path}; build it with `make dataset OUT={source.path}`, or give another with DATASET=…"
        )
    if why := refusal(Path(source.path)):
        raise RecipeError(why)
    if "shard" in origin(source)["manifest"]:
        raise RecipeError(PART.format(source.path))
    return source


def _pinned(source: DatasetConfig) -> tuple[str, str, str] | None:
    """Repository, revision and pattern of files at a revision of the Hub; None for others."""
    files = source.data_files if isinstance(source.data_files, str) else ""
    found = PINNED_DATA.fullmatch(files)
    return (found["repo"], found["revision"], found["file"]) if found else None


def _of_hub(source: DatasetConfig, repo: str, revision: str, pattern: str) -> DatasetConfig:
    """Files at a revision of the Hub, at its commit. With a manifest all files are downloaded and compared, and the same are read."""
    name = f"{repo}@{revision}"
    try:
        repository = Repository(repo)
        if (commit := repository.commit_of(revision)) is None:
            raise RecipeError(f"{repo} has no revision {revision!r}; expected a tag or commit of it")
        if MANIFEST not in repository.files(commit):  # of somebody else, of which nothing was said
            return replace(source, data_files=f"hf://datasets/{repo}@{commit}/{pattern}")
        folder = repository.download(commit)
    except HubError as why:
        raise RecipeError(f"{name}: {why}") from why
    if why := refusal(folder):
        raise RecipeError(f"{name}: {why}")
    manifest = _manifest((folder / MANIFEST).read_bytes(), name)
    if why := never_trained_on(manifest):
        raise RecipeError(why.format(name))
    # fnmatch's * crosses /: it finds at least the files that the loader's pattern would
    read = [file for file in manifest["files"] if fnmatchcase(file, pattern)]
    trained = published_files(manifest)
    if not read or not trained.issuperset(read):
        raise RecipeError(
            told(
                name, [f"{pattern}: means {', '.join(read) or 'no file'}; expected only {', '.join(sorted(trained))}"]
            )
        )
    return replace(source, data_files=[str(folder / file) for file in read])


def never_trained_on(manifest: Mapping[str, Any]) -> str | None:
    """Why a dataset of this manifest must not be trained on, with {} for its name; None where it may be."""
    return TRIAL if manifest.get("trial") else PART if "shard" in manifest else None


def origin(source: DatasetConfig) -> dict[str, Any]:
    """The origin of these rows: name, revision (None where it is not pinned), and the manifest of the dataset (or {}).

    Raises RecipeError for a manifest that is none.
    """
    if found := _pinned(source):
        repo, revision, _ = found
        manifest = _manifest(_downloaded(repo, revision), f"{repo}@{revision}")
        return {"name": repo, "revision": revision, "manifest": manifest}
    folder = Path(source.path)
    file = folder / MANIFEST
    manifest = _manifest(file.read_bytes(), str(folder)) if file.is_file() else {}
    return {
        "name": str(source.data_files or source.path),
        "revision": manifest.get("content_hash"),
        "manifest": manifest,
    }


def _manifest(text: bytes, name: str) -> dict[str, Any]:
    """Raises RecipeError where a field has another type than `build` writes."""
    try:
        return parsed_manifest(text, name, ())
    except FolderError as why:
        raise RecipeError(str(why)) from why


def _downloaded(repo: str, revision: str) -> bytes:
    """The bytes of the manifest; those of an empty one where there is none, or it cannot be looked up (`load` has read it then)."""
    with explained(f"{repo}@{revision}", RecipeError):
        try:
            return Path(hf_hub_download(repo, MANIFEST, repo_type="dataset", revision=revision)).read_bytes()
        except EntryNotFoundError:
            return b"{}"
