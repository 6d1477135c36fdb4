"""Look-up tables: every key finds all its vertices, from memory and from the cache."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import fold, synonyms, tables
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


def with_synonyms(some: Nodes, *of_each: list[str]) -> Nodes:
    return replace(some, synonyms=pa.array(of_each, pa.list_(pa.string())))


def looked_up(some: Nodes, *texts: str) -> dict[int, list[int]]:
    return synonyms.find(tables.load(some)["synonym"], texts)


def test_a_synonym_is_found_in_any_spelling_and_an_abbreviation_in_its_own() -> None:
    some = with_synonyms(nodes(("dyspnea", "disease"), ("gene A", "gene/protein")), ["Tumours of air", "SOB"], ["p53"])
    asked = "tumor of air", "TUMORS OF AIR", "air of tumor", "SOB", "sob", "p53", "P53"
    assert looked_up(some, *asked) == {0: [0], 1: [0], 3: [0], 5: [1]}


def test_a_synonym_that_is_a_name_is_not_looked_up() -> None:
    rows = nodes(("gout", "disease"), ("Purpura, Red", "disease"), ("WAS", "gene/protein"), ("lupus", "disease"))
    some = with_synonyms(rows, ["lupus", "gouts", "red purpura", "WAS", "podagra", "was"], [], [], [])
    assert looked_up(some, "lupus", "gout", "red purpura", "WAS", "podagra") == {4: [0], 3: [0]}


@pytest.mark.parametrize(
    ("synonym", "name", "wrong"),
    [
        ("Urinary tract infections", "Recurrent urinary tract infections", True),
        ("Frequent urinary tract infections", "Recurrent urinary tract infections", False),
        ("Ductus arteriosus", "Patent ductus arteriosus", True),
        ("Malocclusion", "Dental malocclusion", False),
        ("277000", "Decreased circulating inhibin B concentration", True),
        ("Cutting", "any name", True),
        ("LFT", "Filum terminale lipoma", True),
        ("LFT", "another name", False),
    ],
)
def test_what_is_no_synonym_in_a_text(synonym: str, name: str, wrong: bool) -> None:
    assert tables.is_wrong(synonym, name) == wrong


def test_reviewed_refusals_are_written_once_and_say_why() -> None:
    rows = [tuple(row) for row in fold.read_words("not_synonyms.tsv")]
    assert all(len(row) == 3 and all(row) for row in rows)
    assert len({row[:2] for row in rows}) == len(rows)


def test_other_synonyms_lie_elsewhere_and_none_where_they_lay() -> None:
    one, two, moved = (
        with_synonyms(ROWS, *lists) for lists in ([["a"], [], [], []], [["b"], [], [], []], [[], ["a"], [], []])
    )
    assert len({tables.folder_of(some) for some in (ROWS, one, two, moved)}) == 4
    assert tables.folder_of(ROWS).name.startswith(tables.digest(ROWS.name, ROWS.type)[:32])


def test_without_synonyms_their_table_is_empty() -> None:
    assert len(tables.load(ROWS)["synonym"].key) == 0
    assert looked_up(ROWS, "gout", "") == {}
