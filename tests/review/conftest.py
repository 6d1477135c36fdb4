"""Folders to be reviewed, and Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from dataset_builder.__main__ import main
from tests.support.browser import chromium
from tests.support.reviews import with_another_step, written_again


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of 24 sample questions; to be read only."""
    out = tmp_path_factory.mktemp("review") / "first-build"
    assert main(["build", "kg_only", "--rows", "24", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def other(built: Path) -> Path:
    """The same questions with other rationales; to be read only."""
    return written_again(built, built.with_name("second-build"), with_another_step)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
