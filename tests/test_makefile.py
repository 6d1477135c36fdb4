"""What the Makefile passes to the commands: what was typed, and nothing of the environment."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

VARIABLES = {  # of `make dataset`
    "PIPELINE": "medreason",
    "SOURCES": "medmcqa",
    "SPLIT": "medmcqa=validation",
    "ROWS": "10",
    "KG": "my kg.csv",
    "DATA_DIR": "raw",
    "OUT": "build/x",
    "NUM_PROC": "2",
    "SEED": "0",
    "SHUFFLE_OPTIONS": "7",
}


def run_make(*words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    # not os.environ: the make that runs these tests passes its flags on
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **(environment or {})}
    return subprocess.run(["make", *words], cwd=ROOT, env=variables, capture_output=True, text=True, check=True)


def make(*words: str) -> str:
    return run_make(*words).stdout


def arguments(target: str, **variables: str) -> list[str]:
    """The words after `python -m package` of the last command of a target, as the shell would pass them."""
    command = make("-n", target, *(f"{name}={value}" for name, value in variables.items())).splitlines()
    last = max(number for number, line in enumerate(command) if line.startswith(".venv/bin/python -m "))
    return shlex.split(" ".join(line.removesuffix("\\") for line in command[last:]))[3:]


def test_make_alone_lists_every_target() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = re.findall(r"^make ([a-z-]+) +\S", make(), re.MULTILINE)
    assert set(listed) == set(targets) - {"help"}
    assert {"setup", "dataset", "stages", "verify", "test", "test-all", "lint", "format", "types", "check"} <= set(
        listed
    )


def test_make_dataset_passes_only_what_is_set() -> None:
    assert arguments("dataset") == ["build", "kg_only"]


def test_make_dataset_passes_values_through() -> None:
    expected = ["build", "medreason", "--sources", "medmcqa", "--split", "medmcqa=validation", "--rows", "10"]
    expected += ["--shuffle-options", "7", "--kg"]
    expected += ["my kg.csv", *["--data-dir", "raw", "--seed", "0", "--out", "build/x", "--num-proc", "2"]]
    assert arguments("dataset", **VARIABLES) == expected


def test_make_dataset_passes_several_splits() -> None:
    splits = arguments("dataset", SPLIT="medmcqa=validation medqa=test")
    assert splits == ["build", "kg_only", "--split", "medmcqa=validation", "--split", "medqa=test"]


HOSTILE = [
    'a"; touch pwned; "',
    "a'; touch pwned; '",
    "$(touch pwned)",
    "$(shell touch pwned)",
    "`touch pwned`",
    "a  b",
    "a\\'",
    "#",
    "$HOME",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_reaches_the_command_as_it_was_typed(value: str) -> None:
    for target, name in (
        ("dataset", "OUT"),
        ("dataset", "PIPELINE"),
        ("push", "TAG"),
        ("verify", "KG"),
        ("report", "FOLDER"),
    ):
        assert value in arguments(target, **{name: value}), (target, name)
    for target, name in (("store", "DO"), ("dataset", "PRICE"), ("fuzz", "BORDER")):
        assert set(value.split()) <= set(arguments(target, **{name: value})), (target, name)
    assert not (ROOT / "pwned").exists()


def test_what_other_programs_set_in_the_environment_is_not_used() -> None:
    environment = {"OUT": "/outside", "KG": "other.csv", "TAG": "v9", "PIPELINE": "reasonmed"}
    done = run_make("-n", "dataset", "ROWS=3", environment=environment)
    assert shlex.split(done.stdout.splitlines()[-1])[3:] == ["build", "kg_only", "--rows", "3"]
    assert "OUT of the environment is not used; if it is meant: make dataset OUT=…" in done.stderr
    assert (
        "PYTHON='/other/python' requirements/install.sh"
        in run_make("-n", "-B", "setup", environment={"PYTHON": "/other/python"}).stdout
    )


def test_every_variable_that_a_recipe_uses_is_one_of_users_or_of_the_makefile() -> None:
    text = (ROOT / "Makefile").read_text()
    users = set(run_make("-n", "help", "-p").stdout.partition("\nVARIABLES := ")[2].partition("\n")[0].split())
    used = set(re.findall(r"\$\(([A-Z_]+)\)", text)) | set(re.findall(r"\$\(call \w+,(?:[^,()]*,)?([A-Z_]+)\)", text))
    own = set(re.findall(r"^([A-Z_]+) :?= ", text, re.MULTILINE)) | {"MAKE", "MAKECMDGOALS", "SHARED_DATA"}
    assert used - own == users
    assert not re.findall(r'"\$\(', text), "use $(call quote,…)"


def test_make_dataset_passes_flags_that_the_command_has() -> None:
    flags = set(re.findall(r"--[a-z-]+", make("-n", "dataset", *(f"{name}=x" for name in VARIABLES))))
    command = [sys.executable, "-m", "dataset_builder", "build", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert flags <= set(re.findall(r"--[a-z-]+", shown))


def test_make_verify_checks_what_make_dataset_writes() -> None:
    assert arguments("verify") == ["verify", "build/kg_only"]
    assert arguments("verify", OUT="build/x") == ["verify", "build/x"]


def test_make_diff_writes_details_only_where_asked() -> None:
    assert arguments("diff", A="a b", B="c")[:3] == ["diff", "a b", "c"] and "--out" not in arguments(
        "diff", A="a", B="c"
    )
    assert arguments("diff", A="a", B="c", OUT="x y.md")[3:5] == ["--out", "x y.md"]


def test_make_audit_passes_what_is_set() -> None:
    assert arguments("audit", DATASET="a b", OUT="c") == ["audit", "a b", "--out", "c"]
    given = {
        "COLUMNS": "question=q,rationale=r (x)",
        "FILES": "*.json",
        "KG": "sample",
        "DATA_DIR": "raw",
        "SEED": "1",
        "CLAIMS_OF": "9",
    }
    found = arguments("audit", DATASET="a", BENCHMARKS="none", **given)
    flags = {
        "--columns": "COLUMNS",
        "--files": "FILES",
        "--kg": "KG",
        "--data-dir": "DATA_DIR",
        "--seed": "SEED",
        "--claims-of": "CLAIMS_OF",
    }
    assert all(found[found.index(flag) + 1] == given[name] for flag, name in flags.items())
    assert found[-2:] == ["--out", "build/audit"] and "--min-edge-score" not in found


def test_make_agreement_takes_one_folder_or_two() -> None:
    assert arguments("agreement") == ["agreement", "build/kg_only"]
    found = arguments("agreement", FOLDER="a b", B="c d", OUT="x y.json")
    assert found == ["agreement", "a b", "--b", "c d", "--out", "x y.json"]


def test_make_review_passes_both_folders_and_each_file() -> None:
    assert arguments("review") == ["review", "build/kg_only", "--out", "build/review"]
    given = arguments("review", FOLDER="x y", B="b", N="9", RATERS="2", SEED="1", OUT="o")
    assert given == ["review", "x y", "--b", "b", "--items", "9", "--raters", "2", "--seed", "1", "--out", "o"]
    given = arguments("review-import", FOLDER="x", B="b", STUDY="o/key.json", FILES="1.jsonl 2.jsonl", REPLACE="1")
    assert given == ["review-import", "x", "--b", "b", "--study", "o/key.json", "--replace", "1.jsonl", "2.jsonl"]


# --- what is installed before a command ------------------------------------------------------------------------------

BUILDING = [
    "setup",
    "dataset",
    "store",
    "cache",
    "stages",
    "verify",
    "push",
    "diff",
    "report",
    "agreement",
    "review",
    "review-import",
    "count",
    "audit",
    "judge-calibration",
    "docs",
]
ALL = [
    "hub",
    "calibrate",
    "score",
    "compare",
    "factuality",
    "preflight",
    "sft",
    "cards",
    "serve",
    "chat",
    "real-model",
    "test",
    "test-all",
]
ALL += ["lint", "format", "types", "bench", "fuzz", "check", "setup-all"]


def installed(target: str, *words: str) -> list[str]:
    """The scripts of requirements/ that a target runs where nothing is installed."""
    nothing = ["-W", "requirements/slim.lock", "-W", "requirements/cpu.lock", "-W", "requirements/real_model.lock"]
    shown = run_make("-n", *nothing, target, *words).stdout
    # once each: test-all starts a make of its own
    return list(dict.fromkeys(re.findall(r"^PYTHON=.* requirements/(install\w*)\.sh", shown, re.MULTILINE)))


@pytest.mark.parametrize("target", BUILDING)
def test_building_installs_no_torch(target: str) -> None:
    assert installed(target) == ["install"]


@pytest.mark.parametrize("target", ALL)
def test_what_needs_more_than_building_installs_it_first(target: str) -> None:
    assert installed(target, "RECIPE=tiny") == ["install", "install_all"]


@pytest.mark.parametrize("target", ["dataset", "estimate", "contamination"])
def test_an_embedder_needs_torch(target: str) -> None:
    assert installed(target, "EMBEDDER=minilm") == ["install", "install_all"]
    assert installed(target, "EMBEDDER=none") == ["install"]
