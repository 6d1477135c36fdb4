"""Builds that share a store: who has a request under way, when it is free again, and what all of them spend."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataset_builder.answer_store.builds import LEASE_S, Build
from dataset_builder.answer_store.store import AnswerStore, Entry

KEYS = [bytes([number]) * 16 for number in range(4)]


def entry(number: int, status: str, usd: float | None = None) -> Entry:
    return Entry(KEYS[number], status, None, None, "{}" if status in ("good", "bad") else None, "m", "s", usd=usd)


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    return AnswerStore(tmp_path / "answers.sqlite")


@pytest.fixture
def two(store: AnswerStore) -> Iterator[tuple[Build, Build]]:
    """As two processes have them: with connections of their own."""
    one, other = Build(store), Build(AnswerStore(store.path))
    yield one, other
    one.end()
    other.end()


def pretend(store: AnswerStore, build: Build, **columns: object) -> None:
    """Say of a build what it does not say itself."""
    with store.transaction() as connection:
        for name, value in columns.items():
            connection.execute(f"update builds set {name} = ? where owner = ?", (value, build.owner))


def test_a_request_is_under_way_in_one_build(two: tuple[Build, Build]) -> None:
    one, other = two
    assert one.take(KEYS[:2]) == set(KEYS[:2])
    assert other.take(KEYS[:3]) == {KEYS[2]}
    one.store.add([entry(0, "bad", 0.1)], one.owner)
    assert other.take(KEYS[:1]) == set(), "it is asked again by the same build"
    one.store.add([entry(0, "good", 0.1)], one.owner, [KEYS[1]])
    assert other.take(KEYS[:2]) == set(KEYS[:2]), "answered, and released"


def test_a_build_that_ends_has_nothing_under_way(two: tuple[Build, Build]) -> None:
    one, other = two
    one.take(KEYS)
    one.end()
    assert other.take(KEYS) == set(KEYS)


@pytest.mark.parametrize(
    ("said", "free"),
    [
        ({"pid": 2**22 + 1}, True),  # the process is gone
        ({"started": "1"}, True),  # another process has its id
        ({"pid": os.getpid()}, False),
        ({"host": "elsewhere", "pid": 2**22 + 1}, False),  # on another host only the lease tells
        ({"host": "elsewhere", "seen": time.time() - LEASE_S - 1}, True),
        ({"seen": time.time() - LEASE_S - 1}, True),  # stopped, or hung
        ({"seen": time.time() + 1e6}, True),  # the clock was set
    ],
)
def test_what_a_dead_build_had_under_way_is_taken_over(
    two: tuple[Build, Build], said: dict[str, object], free: bool
) -> None:
    one, other = two
    one.take(KEYS[:1])
    assert one.reserve([entry(0, "sent", 2.0)], 10.0)[0] == [True]
    pretend(one.store, one, **said)
    assert other.reserve([entry(1, "sent", 9.0)], 10.0)[0] == [False]
    assert other.take(KEYS[:1]) == (set(KEYS[:1]) if free else set())
    _, spending = other.reserve([], 10.0)
    assert (spending.usd, spending.reserved) == ((2.0, 0.0) if free else (0.0, 2.0)), "its call may have been paid"


def test_one_cap_holds_for_both(two: tuple[Build, Build]) -> None:
    one, other = two
    assert one.reserve([entry(0, "sent", 4.0), entry(1, "sent", 4.0), entry(2, "sent", 4.0)], 10.0)[0] == [
        True,
        True,
        False,
    ]
    fits, spending = other.reserve([entry(3, "sent", 4.0)], 10.0)
    assert (fits, spending.usd, spending.reserved, spending.others) == ([False], 0.0, 8.0, 1)
    one.store.add([entry(0, "good", 1.0), entry(1, "lost", 4.0)], one.owner)
    fits, spending = other.reserve([entry(3, "sent", 4.0)], 10.0)
    assert (fits, spending.usd, spending.reserved) == ([True], 5.0, 4.0)
    assert one.store.find([KEYS[3]])[KEYS[3]].lost_usd == 4.0, "on disk before it is sent"


def test_what_an_ended_build_has_spent_counts_as_long_as_one_of_its_group_lives(store: AnswerStore) -> None:
    store.add([entry(2, "good", 7.0)])
    one, other = Build(store), Build(store)
    store.add([entry(0, "good", 3.0)], one.owner)
    one.end()
    third = Build(store)
    assert third.since == other.since
    assert third.reserve([], 0.0)[1].usd == 3.0
    assert store.find(KEYS)[KEYS[0]].usd_before(third.since) == 0.0, "it would be counted twice"
    other.end()
    third.end()
    later = Build(store)
    assert later.reserve([], 0.0)[1].usd == 0.0
    assert [store.find(KEYS)[key].usd_before(later.since) for key in (KEYS[0], KEYS[2])] == [3.0, 7.0]
    later.end()


def test_a_call_that_was_given_up_counts_as_spent(two: tuple[Build, Build]) -> None:
    one, other = two
    one.reserve([entry(0, "sent", 2.0)], 10.0)
    one.store.add([], one.owner, [KEYS[0]])
    assert other.take(KEYS[:1]) == set(KEYS[:1])
    assert other.reserve([], 10.0)[1].usd == 2.0
