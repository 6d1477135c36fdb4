"""What every test gets: no Hub, a cache of its own, the sources' raw rows as files, and (where it is there) the shared data of
the development machine."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from kg import KG
from kg.readers.primekg import COLUMNS

if TYPE_CHECKING:
    from tests.support.hub.running import Running

# datasets and huggingface_hub read these once, when they are imported; so they are set before any test module is
_SESSION = tempfile.mkdtemp(prefix="medreason-tests-")
atexit.register(shutil.rmtree, _SESSION, ignore_errors=True)
os.environ |= {
    "HF_HOME": _SESSION,
    "XDG_DATA_HOME": f"{_SESSION}/data",
    "HF_DATASETS_CACHE": f"{_SESSION}/datasets",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
if (
    "PYTEST_XDIST_WORKER" in os.environ
):  # as many processes as cores: each on one, or their threads wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# hypothesis tries other examples at every run; in CI always the same ones, so that a change fails for what it changed
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")


_status: list[int] = []


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    """Remember how the tests ended."""
    _status.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End the process at once, with pytest's own status.

    After 4,500 tests it holds graph-tool, torch, DeepSpeed, llama.cpp and spaCy, and the destructors of their libraries end it with a
    segmentation fault now and then, when all tests have passed and have been reported.
    """
    if _status:  # not where pytest refused its command line
        shutil.rmtree(_SESSION, ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status[-1])


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the Arrow files of another, here or in a process that it starts."""
    home = tmp_path_factory.mktemp("hf")
    monkeypatch.setenv("HF_HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(home / "datasets"))
    if "datasets" in sys.modules:
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", home / "datasets")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder $SHARED_DATA, by default ../shared/data; skips without it, unless REQUIRE_SHARED_DATA=1 (CI)."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SHARED_DATA", default))
    if folder.is_dir():
        return folder
    message = f"found no folder {folder}; expected the shared data. Set SHARED_DATA=/path/to/shared/data"
    if os.environ.get("REQUIRE_SHARED_DATA") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Running]":
    """A Hub on loopback (tests/support/hub). Clients in this process speak with it as its writer; ``hub.env(user)`` is for others."""
    from tests.support.hub.running import running, use_here  # here: they read the environment when they are imported

    with running(tmp_path / "hub") as server:
        use_here(server, monkeypatch, tmp_path / "hub-home")
        yield server


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    """The raw rows of tests/fixtures/sources in the Hub's layout, the same for every split and config of a source.

    Both parts of MMLU-Pro are in one file, biology first; PubMedQA's official test split is its row 102.
    """
    from dataset_builder.sources.table import SOURCES  # here: `datasets` reads the environment when it is imported

    root = tmp_path / "sources"
    for path in sorted((Path(__file__).parent / "fixtures" / "sources").glob("*.jsonl")):
        source = SOURCES[path.stem]
        for split in ("train",) if source.test_ids else source.splits:
            for config in source.configs or ("",):
                file = root / source.hub_id / config / f"{split}.jsonl"
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("ab") as out:
                    out.write(path.read_bytes())
    (root / "qiaojin/PubMedQA/pqa_labeled/test_ids.json").write_text("[102]")
    return root


@pytest.fixture
def make_kg(tmp_path: Path) -> Callable[..., KG]:
    """A graph from edges written ``"Aspirin drug | indication | pain effect/phenotype"``, stored both ways as in kg.csv.

    A node is a name and a type, numbered in order of appearance; a relation is ``relation`` or ``relation: display``.
    """

    def make(*edges: str, name: str = "tiny.csv") -> KG:
        path = tmp_path / name
        path.write_text("\n".join([",".join(COLUMNS), *_rows(edges)]) + "\n", encoding="utf-8")
        return KG.load(path)

    return make


def _rows(edges: Sequence[str]) -> Iterator[str]:
    numbers: dict[str, int] = {}
    for edge in edges:
        x, relation, y = (part.strip() for part in edge.split("|"))
        relation, _, display = relation.partition(": ")
        sides = []
        for node in (x, y):
            number = numbers.setdefault(node, len(numbers))
            node_name, _, node_type = node.rpartition(" ")
            sides.append(f'{number},T{number},{node_type},"{node_name}",test')
        for a, b in (sides, reversed(sides)):
            yield f"{relation},{display or relation},{a},{b}"
