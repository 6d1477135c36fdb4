"""Dataset folders to be pushed."""

import shutil
from pathlib import Path

import pytest

from dataset_builder.__main__ import main
from tests.publishing.pushing import CLEAN, change_manifest


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two folders of the sample, of 12 and of 9 rows, as if built from a clean tree."""
    folders = {name: tmp_path_factory.mktemp("build") / name for name in ("twelve", "nine")}
    for (_, folder), rows in zip(folders.items(), (12, 9), strict=True):
        assert main(["build", "kg_only", "--rows", str(rows), "--out", str(folder)]) == 0
        change_manifest(folder, run={"git": CLEAN})
    return folders


@pytest.fixture
def folder(built: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(built["twelve"], tmp_path / "build")
