"""Builds that work on one store at the same time: each request is paid once, and one cap holds for all of them.

A build writes into the store which requests it has under way; another that needs one of these waits for the answer. What a build has
under way is free again when it says so, when its process is gone (on this host), or when it has not been seen for LEASE_S. None of
this is part of a request's key, nor of anything that is published.

Builds that run beside each other are a *group*: a build joins the group of those that live, or begins a new one. All that the builds of a
group spend counts for the cap of each, also what a build has spent that has ended or was killed meanwhile.
"""

import math
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sqlite3 import Connection, DatabaseError
from typing import Any

from dataset_builder.answer_store.entry import Entry, StoreError
from dataset_builder.answer_store.file import parts_of
from dataset_builder.answer_store.store import AnswerStore

LEASE_S = 15.0  # a build that has not been seen for so long counts as dead
BEAT_S = 3.0  # how often a build says that it lives


@dataclass(frozen=True)
class Spending:
    """Dollars of a group: paid or lost, reserved for calls in flight; and how many other builds of it live."""

    usd: float
    reserved: float
    others: int


class Build:
    """One build among those that share a store. ``since``: when its group began. Safe for several threads."""

    def __init__(self, store: AnswerStore, *, later: bool = False) -> None:
        """Join the builds of this store; ``later``: not before it asks, unless others live. A build that asks nothing writes nothing.

        Raises StoreError.
        """
        self.store, self.owner = store, uuid.uuid4().hex
        self.since = math.inf  # until it has joined, all that it looks up was spent before
        self._over, self._joining = threading.Event(), threading.Lock()
        try:
            others = _living(store.read(_BUILDS))
        except DatabaseError:  # damaged: to join says so
            others = set()
        if others or not later:
            self._join_once()

    def _join_once(self) -> None:
        with self._joining:
            if self.since == math.inf:
                self.since = self._join()
                threading.Thread(target=self._beat, daemon=True, name="answer store").start()

    def take(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of these requests that this build has under way from now on: all but those that another build has, or a batch. Raises StoreError."""
        self._join_once()
        with self.store.transaction() as connection:
            alive, mine = _living(connection.execute(_BUILDS)), set(keys)
            for marks, part in parts_of(keys):
                mine -= {key for (key,) in connection.execute(_IN_BATCH.format(marks), part)}
                select = f"select key, owner, usd from under_way where key in ({marks})"
                for key, owner, usd in connection.execute(select, part).fetchall():
                    if owner in alive:
                        mine.discard(key)
                    elif key in mine and usd:  # a dead build's call may have been paid
                        connection.execute("update builds set usd = usd + ? where owner = ?", (usd, owner))
            values = [(key, self.owner) for key in mine]
            connection.executemany("insert or replace into under_way (key, owner) values (?, ?)", values)
        return mine

    def reserve(self, sent: Sequence[Entry], room: float) -> tuple[list[bool], Spending]:
        """For each call whether it fits: the group may spend ``room`` dollars. Those that fit are on disk, as ``sent`` with their possible cost.

        Returns the group's spending besides. Raises StoreError.
        """
        self._join_once()
        with self.store.transaction() as connection:
            spending, fits, reserved = self._spending(connection), [], 0.0
            for entry in sent:
                usd = entry.usd or 0.0
                fits.append(spending.usd + spending.reserved + reserved + usd <= room)
                reserved += usd * fits[-1]
            going = [entry for entry, fit in zip(sent, fits, strict=True) if fit]
            self.store.insert(connection, going)
            connection.executemany(
                "insert into under_way values (?, ?, ?) on conflict (key) do update set owner = excluded.owner, usd = excluded.usd",
                [(entry.key, self.owner, entry.usd or 0.0) for entry in going],
            )
        return fits, Spending(spending.usd, spending.reserved + reserved, spending.others)

    def end(self) -> None:
        """Leave the other builds; what this one has spent counts for them as long as one of its group lives. Raises StoreError."""
        if self.since == math.inf:
            return
        self._over.set()
        with self.store.transaction() as connection:
            connection.execute("delete from under_way where owner = ? and usd = 0", (self.owner,))
            connection.execute("update builds set ended = 1 where owner = ?", (self.owner,))
            if not _living(connection.execute(_BUILDS)):
                _forget(connection)

    def _join(self) -> float:
        now = time.time()
        with self.store.transaction() as connection:
            if not _living(connection.execute(_BUILDS)):
                _forget(connection)
            since = connection.execute("select min(since) from builds").fetchone()[0] or now
            me = (self.owner, _host(), os.getpid(), _started(os.getpid()), now, since)
            connection.execute(
                "insert into builds (owner, host, pid, started, seen, since) values (?, ?, ?, ?, ?, ?)", me
            )
        return since

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            try:
                with self.store.transaction() as connection:
                    connection.execute("update builds set seen = ? where owner = ?", (time.time(), self.owner))
            except StoreError:  # a full disk: what the build writes says so; it is tried again
                continue

    def _spending(self, connection: Connection) -> Spending:
        """A dead build's reserved calls may have been paid: they count as spent, so that nobody waits for them."""
        alive = _living(connection.execute(_BUILDS))
        spent = connection.execute("select coalesce(sum(usd), 0) from builds").fetchone()[0]
        reserved = dict(connection.execute("select owner, sum(usd) from under_way where usd > 0 group by owner"))
        going = sum(usd for owner, usd in reserved.items() if owner in alive)
        return Spending(spent + sum(reserved.values()) - going, going, len(alive - {self.owner}))


_IN_BATCH = "select key from batch_requests where batch is not null and key in ({})"


def living(store: AnswerStore) -> set[str]:
    """The builds that work on the store now."""
    return _living(store.read(_BUILDS))


_BUILDS = "select owner, host, pid, started, seen from builds where ended = 0"


def _living(builds: Iterable[Sequence[Any]]) -> set[str]:
    now = time.time()
    return {
        owner
        for owner, host, pid, started, seen in builds
        if abs(now - seen) <= LEASE_S and (host != _host() or _started(pid) == started)
    }


def _forget(connection: Connection) -> None:
    """Where no build lives, nothing is under way: what a dead one may have paid is among the answers, as ``sent``."""
    connection.execute("delete from under_way")
    connection.execute("delete from builds")


@cache
def _host() -> str:
    """Where process ids mean the same: a host since it was started, and within it a container."""
    parts = [socket.gethostname()]
    for read in (Path("/proc/sys/kernel/random/boot_id").read_text, Path("/proc/self/ns/pid").readlink):
        try:
            parts.append(str(read()).strip())
        except OSError:  # another system than Linux
            continue
    return " ".join(parts)


def _started(pid: int) -> str:
    """When a process was started, so that a later one of this id is not taken for it; "" where there is none, "?" where it is not told."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except (OSError, OverflowError):  # somebody else's process; a number that is none
        pass
    return "?"
