"""diff names every row that is not the same, by what became of it."""

from dataset_builder.publishing.diff import difference


def row(id_: str, **values: object) -> dict[str, object]:
    return {"id": id_, "question": "Why?", "paths": [{"nodes": [1, 2]}], **values}


def test_added_removed_and_changed_by_column() -> None:
    before = [row("a"), row("b"), row("c"), row("d", rejected_because=None)]
    after = [row("d", rejected_because="no_path"), row("c", paths=[]), row("e"), row("b")]
    found = difference(before, after)
    assert (found.added, found.removed, found.rows) == (["e"], ["a"], (4, 4))
    assert found.changed == {"paths": ["c"], "rejected_because": ["d"]}
    assert found.rows_changed == ["c", "d"]


def test_a_column_that_only_one_has_and_repeats_of_an_id() -> None:
    found = difference([row("a"), row("a", rejected_because="duplicate")], [row("a", tier="easy")])
    assert (found.added, found.removed) == ([], ["a"])
    assert found.changed == {"tier": ["a"]}


def test_rows_without_an_id_are_known_by_their_content() -> None:
    found = difference([{"x": 1}, {"x": 2}], [{"x": 2}, {"x": 3}])
    assert (len(found.added), len(found.removed), found.changed) == (1, 1, {})


def test_the_same_in_another_order() -> None:
    found = difference([row("a"), row("b")], [row("b"), row("a")])
    assert not (found.added or found.removed or found.changed)
