"""``report``: write an HTML report of a dataset folder."""

import argparse
from pathlib import Path

from dataset_builder.commands import OUT
from dataset_builder.report.block_files import folder_beside
from dataset_builder.report.page import write_report


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `report` and its options."""
    command.add_argument("folder", type=Path, metavar="FOLDER", help="a dataset folder")
    command.add_argument("--out", type=Path, metavar="FILE", help="the page (default: FOLDER.html, beside the folder)")
    command.set_defaults(command=print_report)


def print_report(given: argparse.Namespace) -> int:
    page = given.out or given.folder.resolve().with_name(f"{given.folder.resolve().name}.html")
    rows = write_report(given.folder, page)
    beside = folder_beside(page)
    size = sum(file.stat().st_size for file in [page, *beside.rglob("*.js")]) / 1e6
    also = f" and in {beside}, which belongs beside it" if beside.is_dir() else ""
    OUT.print(
        f"{rows:,} rows in {page}{also} ({size:.1f} MB). Open it in a browser; it needs no network.", markup=False
    )
    return 0
