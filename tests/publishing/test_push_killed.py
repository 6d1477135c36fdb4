"""kill -9 of the client and of the Hub in the middle of pushes; `python -m benchmarks.push kills` does it ten times each."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["client", "server"])
def test_every_revision_stays_whole_and_the_next_push_succeeds(victim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))  # benchmarks are not installed, and plain `pytest` leaves the root out
    from benchmarks.push_kills import kill

    assert kill(victim, times=2, megabytes=20).startswith(f"2 kills of the {victim}")
