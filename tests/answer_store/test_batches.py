"""The journal of provider batches: no request is in two batches, and no answer of one is stored or counted twice."""

from pathlib import Path

import pytest

from dataset_builder.answer_store.batches import DROPPED, TAKEN_IN, Batch, Claimed, Journal, Unanswered
from dataset_builder.answer_store.builds import Build
from dataset_builder.answer_store.store import AnswerStore, Entry

A, B, C = (bytes([n]) * 16 for n in (1, 2, 3))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(AnswerStore(tmp_path / "s.sqlite"))
    for name in ("one", "two"):
        journal.begin(Batch(name, "owner", "m", "s", at=1.0))
    return journal


def good(key: bytes, usd: float = 1.0) -> Entry:
    return Entry(key, "good", None, None, "{}", "m", "s", 10, 5, usd)


def test_a_request_is_in_one_batch_at_a_time(journal: Journal) -> None:
    assert journal.claim("one", [(A, 0.5), (B, 0.25)]) == {A, B}
    assert journal.claim("two", [(A, 0.5), (C, 1.0)]) == {C}
    assert journal.claims([A, B, C, bytes(16)]) == {
        A: Claimed("one", 0, None, None, 0.5),
        B: Claimed("one", 0, None, None, 0.25),
        C: Claimed("two", 0, None, None, 1.0),
    }
    assert [(b.requests, b.usd) for b in journal.all()] == [(2, 0.75), (1, 1.0)]
    assert Build(journal.store).take([A, bytes(16)]) == {bytes(16)}, "an online call of another build"


def test_answers_are_taken_in_once_however_often_they_come(journal: Journal) -> None:
    journal.claim("one", [(A, 0.5), (B, 0.5)])
    assert [entry.key for entry in journal.take_in("one", "owner", [good(A), good(A, 7.0), good(C)])] == [A]
    assert journal.take_in("one", "owner", [good(A)]) == []  # a build that was killed reads the file again
    assert journal.left("one") == {B: 0.5}
    assert len(journal.store.entries_of([A, C])) == 1
    assert journal.end("one", TAKEN_IN) == 1
    assert [(b.state, b.spent) for b in journal.all()] == [(TAKEN_IN, 1.0), ("writing", 0.0)]
    assert journal.claims([A, B]) == {}, "a request that had no turn begins anew"


def test_what_is_unanswered_is_free_again_and_its_tries_are_counted(journal: Journal) -> None:
    journal.claim("one", [(A, 0.5), (B, 0.5)])
    bad = Entry(A, "bad", "unusable", "empty", "{}", "m", "s", 10, 0, 1.0)
    journal.take_in("one", "owner", [bad], [Unanswered(B, "500", "status 500: busy")])
    assert journal.claims([A, B]) == {
        A: Claimed(None, 1, "unusable", "empty", 0.5),
        B: Claimed(None, 1, "500", "status 500: busy", 0.5),
    }
    assert journal.claim("two", [(A, 0.5), (B, 0.5)]) == {A, B}
    journal.end("two", DROPPED, "refused")
    assert {claim.tries for claim in journal.claims([A, B]).values()} == {1}, "what the provider never had is no try"
    journal.forget_tries()
    assert journal.claims([A, B]) == {}


def test_what_was_reserved_is_free_when_a_batch_is_over(journal: Journal) -> None:
    build = Build(journal.store)
    sent = [Entry(key, "sent", None, None, None, "m", "s", usd=2.0) for key in (A, B, C)]
    assert build.reserve(sent, 5.0)[0] == [True, True, False]
    journal.claim("one", [(A, 2.0), (B, 2.0)])
    journal.take_in("one", build.owner, [good(A, 0.5)])
    journal.end("one", TAKEN_IN)
    found = journal.store.find([A, B])
    assert found[A].usd == 0.5 and found[A].lost_usd == 0.0 and B not in found
    assert build.reserve([sent[2]], 2.5)[0] == [True]
