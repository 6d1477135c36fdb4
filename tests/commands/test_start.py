"""What a command imports before it does anything: heavy packages only where they are used."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dataset_builder.__main__ import ALIASES, COMMANDS, main, parser
from dataset_builder.commands import build_folder

ROOT = Path(__file__).parents[2]
HEAVY = (
    "datasets",
    "numba",
    "openai",
    "torch",
    "statsmodels",
    "requests",
    "pandas",
    "scipy",
    "pyarrow",
    "numpy",
    "httpx",
    "huggingface_hub",
    "sqlite3",
    "jinja2",
    "kg",
)
SHOW = (
    "import json, sys; from dataset_builder.__main__ import main\n"
    "try: main({words})\n"
    "except SystemExit: pass\n"
    "print(json.dumps(sorted({heavy} & set(sys.modules))), file=sys.stderr)"
)

EXTRAS = {"statsmodels", "matplotlib", "networkx", "playwright", "trl", "transformers", "torch", "lighteval", "openai"}
BLOCK = """import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in {blocked} else self.finder.find_spec(name, path, target)
sys.meta_path[:] = map(Without, sys.meta_path)
"""


def imported(*words: str) -> set[str]:
    """The heavy packages that are imported when this command has done its work, in a process of its own."""
    script = SHOW.format(words=list(words), heavy=set(HEAVY))
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_nothing_heavy() -> None:
    assert imported("--help") == set()


@pytest.mark.slow
def test_the_table_of_stages_and_an_unchanged_build_import_little(tmp_path: Path) -> None:
    """Both need the stages and the names of graphs and embedders; neither needs `datasets`, which takes a second."""
    build = ("build", "kg_only", "--out", str(tmp_path / "out"))
    little = {"kg", "numpy", "pyarrow", "jinja2", "sqlite3"}
    assert imported("stages") == little
    assert imported(*build) > {"datasets", "numba"}
    assert imported(*build) == little


@pytest.mark.parametrize("name", [*COMMANDS, *ALIASES])
def test_a_command_has_the_same_options_when_it_alone_is_imported(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = []
    for wanted in (None, name):
        with pytest.raises(SystemExit):
            parser(wanted).parse_args([name, "--help"])
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] and "usage: python -m dataset_builder" in shown[0]


def test_no_command_needs_what_only_an_extra_installs() -> None:
    """Each command's module is imported in a process in which the packages of the extras are absent."""
    script = (
        BLOCK.format(blocked=EXTRAS)
        + "from dataset_builder.__main__ import main, parser\nparser()\nsys.exit(main(['stages']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("limit", ["nan", "inf", "-1", "0"])
def test_a_limit_that_is_none_is_refused(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser("build").parse_args(["build", "kg_only", f"--max-usd={limit}"])
    assert "expected a number above 0" in capsys.readouterr().err


def test_what_a_build_has_imported_is_not_collected_anew_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[int] = []
    monkeypatch.setattr(build_folder, "build_folder", lambda *_: frozen.append(gc.get_freeze_count()))
    assert main(["build", "kg_only", "--out", str(tmp_path / "out")]) == 0
    assert frozen[0] > 10_000 and gc.get_freeze_count() < frozen[0]
