"""Items and a model for what is scored in processes of its own."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.lighteval_tasks.commands import call
from tests.support.scoring_items import write_items


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions of our own writing, in the Hub's layout."""
    return write_items(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    call([sys.executable, "-m", "sft.tiny_model", str(folder)])
    return folder


@pytest.fixture(scope="module")
def every_item(shared_data: Path, hub: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The items of all benchmarks: real ones, and where there are none those of our own writing."""
    folder = tmp_path_factory.mktemp("every") / "hub"
    shutil.copytree(shared_data / "hub", folder)
    shutil.copytree(hub, folder, dirs_exist_ok=True)
    return folder
