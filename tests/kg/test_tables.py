"""Look-up tables: every key finds all its vertices, from memory and from the cache."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import tables
from kg.contents import Nodes
from kg.tables import Table, hashes


def nodes(*rows: tuple[str, str]) -> Nodes:
    names, types = [name for name, _ in rows], [type_ for _, type_ in rows]
    return Nodes(np.arange(len(rows)), [str(i) for i in range(len(rows))], types, names, [""] * len(rows))


ROWS = nodes(("gout", "disease"), ("Gout", "effect/phenotype"), ("WAS", "gene/protein"), ("aspirin lysine", "drug"))


@given(st.lists(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_a_table_finds_what_a_dictionary_finds(keys: list[str], asked: list[str]) -> None:
    hashed = hashes(keys)
    order = np.argsort(hashed, kind="stable")
    found = dict(Table(hashed[order], np.arange(len(keys), dtype=np.int32)[order]).find(asked))
    assert found == {
        i: [v for v, key in enumerate(keys) if key == text] for i, text in enumerate(asked) if text in keys
    }


def test_who_stands_in_which_table() -> None:
    made = tables.load(ROWS)
    assert list(made["exact"].find(["gout", "was"])) == [(0, [0, 1])]
    assert list(made["symbol"].find(["was", "WAS"])) == [(1, [2])]
    assert list(made["N3"].find(["gout"])) == [(0, [0, 1])]
    assert list(made["drug_salt"].find(["aspirin", "gout"])) == [(0, [3])]


def test_tables_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tables.load(ROWS)
    monkeypatch.setattr(tables, "_make", lambda _: pytest.fail("made again"))
    assert list(tables.load(ROWS)["exact"].find(["gout"])) == [(0, [0, 1])]


def test_other_names_or_types_lie_elsewhere() -> None:
    renamed, retyped = nodes(("gout", "disease"), ("lupus", "disease")), nodes(("gout", "disease"), ("lupus", "drug"))
    assert len({tables.folder_of(some) for some in (ROWS, renamed, retyped)}) == 3


def test_a_name_is_no_part_of_its_neighbour() -> None:
    assert tables.digest(["ab", "c"], []) != tables.digest(["a", "bc"], []) != tables.digest(["a"], ["bc"])


def test_a_draft_that_failed_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "save", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        tables.load(nodes(("lupus", "disease")))
    folder: Path = tables.folder_of(nodes(("lupus", "disease")))
    assert list(folder.iterdir()) == []
