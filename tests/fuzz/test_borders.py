"""Contents that once found a fault, and some new mutations, at every border: read, or refused with a message."""

import json
from pathlib import Path

import pytest

from tests.fuzz import driver
from tests.fuzz.border import CORPUS, Border
from tests.fuzz.driver import Tally, attempt, run
from tests.fuzz.processes import border, borders

NUMBER = 150


@pytest.mark.slow
@pytest.mark.parametrize("name", borders())
def test_the_seeds_of_a_border_are_read(name: str, tmp_path: Path) -> None:
    for data in border(name).seeds():
        border(name).read(data, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", borders())
def test_what_once_found_a_fault_is_read_or_refused(name: str, tmp_path: Path) -> None:
    if border(name).corpus:
        # what a first reading makes and imports is no part of the time
        border(name).read(border(name).seeds()[0], tmp_path)
    for path in border(name).corpus:
        attempt(border(name), path.read_bytes(), tmp_path, Tally())


@pytest.mark.slow
@pytest.mark.parametrize("name", borders())
def test_mutated_contents_are_read_or_refused(name: str, tmp_path: Path) -> None:
    tally = run(border(name), NUMBER // 3, 0, tmp_path)  # `make fuzz` tries more
    assert not tally.findings
    assert tally.refused or not border(name).refusals, "no mutation was refused: does the border read its content?"


def careless(data: bytes, folder: Path) -> None:
    """Reads the valid content, and fails in three ways on others."""
    try:
        rows = json.loads(data)["rows"]
    except ValueError as why:  # also where half a character cannot be decoded
        raise Refused(str(why)) from why
    if isinstance(rows, dict):
        raise driver.TooSlow("as after a loop without end")
    if not rows[0].isalpha():
        raise Refused("found no letter")


class Refused(Exception):
    """A message for the user."""


@pytest.mark.slow
def test_faults_are_found_once_each_and_shrunk(tmp_path: Path) -> None:
    planted = Border("planted", "json", lambda: [b'{"rows": ["a", "b"], "seed": 1}'], careless, (Refused,))
    tally = run(planted, NUMBER * 20, 0, tmp_path)  # what Hypothesis draws depends on the modules that are imported
    assert {where.split()[0] for where in tally.findings} >= {"TooSlow", "KeyError", "TypeError", "AttributeError"}
    assert tally.number >= NUMBER * 20 and tally.refused["Refused"] and tally.read
    slow = next(data for where, data in tally.findings.items() if where.startswith("TooSlow"))
    assert isinstance(json.loads(slow)["rows"], dict) and len(slow) < 80, "shrunk to the edit that matters"


def test_a_loop_without_end_is_stopped() -> None:
    with pytest.raises(driver.TooSlow, match=r"more than 0\.05 s"), driver.time_limit(0.05):
        while True:
            pass


def test_every_folder_of_the_corpus_is_that_of_a_border() -> None:
    assert {folder.name for folder in CORPUS.iterdir() if folder.is_dir()} <= set(borders())
