"""kill -9 of the client and of the Hub in the middle of pushes; `python -m benchmarks.push kills` does it ten times each."""

import pytest

from tests.support.killed_pushes import kill


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["client", "server"])
def test_every_revision_stays_whole_and_the_next_push_succeeds(victim: str) -> None:
    assert kill(victim, times=2, megabytes=20).startswith(f"2 kills of the {victim}")
