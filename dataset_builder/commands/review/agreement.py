"""``agreement``: how far expert raters agree with each other, and the dataset with them, from the config `reviews` of one or two folders."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_builder.agreement.experts import Key, Machine
from dataset_builder.agreement.intervals import plain
from dataset_builder.agreement.result import result_of
from dataset_builder.agreement.reviews import read_reviews
from dataset_builder.agreement.text import lines_of
from dataset_builder.commands import OUT
from dataset_builder.publishing.hub.loaded import told, wrong_files
from dataset_builder.publishing.layout import FolderError
from dataset_builder.publishing.reviews.reading import machines_of, review_files, threshold_of
from dataset_builder.publishing.schema.data_files import wrong_rows
from dataset_builder.publishing.verify import read_manifest
from kg.terminal import one_line

FORMAT = 1  # of the JSON


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `agreement` and its options."""
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a dataset folder with reviews: A")
    command.add_argument("--b", type=Path, metavar="DIR", help="the folder that was reviewed beside it: B")
    command.add_argument(
        "--out", type=Path, default=Path("agreement.json"), metavar="FILE", help="default: %(default)s"
    )
    command.set_defaults(command=print_agreement)


def print_agreement(given: argparse.Namespace) -> int:
    """Print the tables and write them as JSON. Raises FolderError for a folder without reviews or with other files than it lists, UnusableReviews."""
    folders = {"A": given.folder} | ({"B": given.b} if given.b else {})
    manifests = {place: _manifest(folder) for place, folder in folders.items()}
    files = {place: review_files(manifests[place], folder.joinpath) for place, folder in folders.items()}
    if missing := [str(folders[place]) for place, some in files.items() if not some]:
        raise FolderError(f"{', '.join(missing)}: found no config reviews; import reviews first (make review-import)")
    reviews = read_reviews(files)
    machines: dict[Key, Machine] = {}
    for place, folder in folders.items():
        ids = {one.id for one in reviews if one.place == place}
        machines |= machines_of(place, manifests[place], folder.joinpath, ids)
    about = {
        place: {"folder": str(folder), "content_hash": manifests[place]["content_hash"]}
        for place, folder in folders.items()
    }
    result = {"format": FORMAT, "folders": about, **result_of(reviews, machines, threshold_of(manifests["A"]))}
    for line in lines_of(result):
        OUT.print(one_line(line), markup=False)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(plain(result), indent=2, ensure_ascii=False, allow_nan=False)
    given.out.write_text(text + "\n", encoding="utf-8")
    OUT.print(f"\n{given.out}: the same with more digits, and each pair of raters", markup=False)
    return 0


def _manifest(folder: Path) -> Mapping[str, Any]:
    manifest = read_manifest(folder)
    if wrong := wrong_files(folder, manifest) or wrong_rows(folder, manifest):
        raise FolderError(told(folder, wrong))
    return manifest
