"""A folder of the sample, a study of four of its questions, and the import into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dataset_builder.__main__ import main
from tests.support.reviews import copy_of, study_of

Row = dict[str, Any]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 12 sample questions; to be read only."""
    out = tmp_path_factory.mktemp("review") / "first"
    assert main(["build", "kg_only", "--rows", "12", "--out", str(out)]) == 0
    return out


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    return copy_of(built, tmp_path / "build")


@pytest.fixture
def key(folder: Path, tmp_path: Path) -> Row:
    """A study of four questions of the folder."""
    return study_of(tmp_path / "study", folder, "--items", "4", "--raters", "3")


@pytest.fixture
def add(folder: Path, tmp_path: Path) -> Callable[..., int]:
    """Import files into the folder."""

    def run(*words: Path | str) -> int:
        return main(["review-import", str(folder), "--study", str(tmp_path / "study/key.json"), *map(str, words)])

    return run
