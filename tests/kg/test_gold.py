"""Gold files: what they may look like, and what is said of one that does not."""

import gzip
from pathlib import Path

import pytest

from kg.contents import GraphError
from kg.gold import read_gold, read_names, without


def test_twins_and_several_names_are_right(tmp_path: Path) -> None:
    file = tmp_path / "gold.tsv"
    file.write_text(
        "mention\ttype\tprimekg_names\tsource\taudited_same_concept\nHeart Attack\tdisease\tA b|C\tmine\tD\n"
    )
    [pair] = read_gold(file)
    assert (pair.mention, pair.type, pair.names) == ("Heart Attack", "disease", {"a b", "c", "d"})
    assert pair.is_right("A B") and not pair.is_right("a")


def test_a_compressed_file_with_one_name(tmp_path: Path) -> None:
    file = tmp_path / "gold.tsv.gz"
    file.write_bytes(gzip.compress(b"mention\ttype\tnode_name\nx\tdrug\tY\n"))
    assert [pair.names for pair in read_gold(file)] == [{"y"}]


def test_the_gold_nodes_are_taken_out(tmp_path: Path) -> None:
    (tmp_path / "names.tsv").write_text("name\ttype\nGout\tdisease\nlupus\t\n")
    (tmp_path / "gold.tsv").write_text("mention\ttype\tnames\nx\tdisease\tgout\n")
    nodes = read_names(tmp_path / "names.tsv")
    assert (nodes.name, nodes.type) == (["Gout", "lupus"], ["disease", ""])
    left = without(nodes, read_gold(tmp_path / "gold.tsv"))
    assert (left.name, left.index.tolist()) == (["lupus"], [1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mention\tnode_name\nx\ty\n", "expected mention, type and one of"),
        ("mention\ttype\tnames\nx\n", "line 2: found 1 columns, expected 3"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "gold.tsv").write_text(text)
    with pytest.raises(GraphError, match=message):
        read_gold(tmp_path / "gold.tsv")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="there is no file"):
        read_names(tmp_path / "none.tsv")
