"""A real language model behind a real server, for the tests of this folder: SmolLM2-135M out of PyPI packages (sft/smollm2.py)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sft import smollm2

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The model's file; skips without it, unless REQUIRE_REAL_MODEL=1 (CI)."""
    try:
        return smollm2.model_file()
    except smollm2.NoModel as why:
        if os.environ.get("REQUIRE_REAL_MODEL") == "1":
            pytest.fail(str(why))
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def model_url(model_file: Path) -> Iterator[str]:
    """The URL of a server with two slots."""
    command = [sys.executable, "-m", "sft.smollm2", "serve", "--port", "0", "--slots", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        url = next(line.partition("=")[2].strip() for line in server.stdout if line.startswith("export "))
        yield url
        server.terminate()


@pytest.fixture(scope="session")
def base_model(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as a folder for `from_pretrained`."""
    made = ROOT / "build" / "smollm2"
    if (made / "model.safetensors").is_file():
        return made
    folder = tmp_path_factory.mktemp("base") / "smollm2"
    smollm2.convert(folder)
    return folder
