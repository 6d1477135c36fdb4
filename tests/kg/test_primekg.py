"""Reading a graph file: what is kept exactly, and what every kind of broken file is told."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from kg.contents import NODE_TYPES, Edges, GraphError, obsolete
from kg.readers.primekg import COLUMNS, read_graph

HEAD = ",".join(COLUMNS)
ROWS = [
    "indication,indication,7,D1,drug,Aspirin,test,3,M1,disease,migraine,test",
    "indication,indication,3,M1,disease,migraine,test,7,D1,drug,Aspirin,test",
    "contraindication,contraindication,7,D1,drug,Aspirin,test,3,M1,disease,migraine,test",
    "contraindication,contraindication,3,M1,disease,migraine,test,7,D1,drug,Aspirin,test",
    'drug_protein,target,7,D1,drug,Aspirin,test,12,G1,gene/protein,"NA, the ""null""",test',
]


def write(path: Path, *rows: str, head: str = HEAD) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_nodes_edges_and_relations(tmp_path: Path) -> None:
    nodes, edges = read_graph(write(tmp_path / "kg.csv", *ROWS))
    assert nodes.index.tolist() == [3, 7, 12]
    assert nodes.name == ["migraine", "Aspirin", 'NA, the "null"']
    assert nodes.type == ["disease", "drug", "gene/protein"]
    assert [ends.tolist() for ends in edges.ends()] == [[0, 1], [1, 2]]
    of_first = [edges.relation_names[r] for r in edges.relation[edges.start[0] : edges.start[1]]]
    assert of_first == [("contraindication", "contraindication"), ("indication", "indication")]
    assert edges.start.tolist() == [0, 2, 3]


@pytest.mark.parametrize("name", ["NA", "NaN", "null", "None", "nan", "N/A", "#N/A", "TRUE", "1e5", "-", "-inf"])
def test_names_are_never_values(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "kg.csv", f"drug_drug,{name},0,{name},drug,{name},{name},1,B,drug,other,test")
    nodes, edges = read_graph(path)
    assert nodes.name[0] == nodes.id[0] == nodes.source[0] == name
    assert edges.relation_names == [("drug_drug", name)]


def test_two_nodes_with_one_name_stay_two(tmp_path: Path) -> None:
    row = "phenotype_protein,associated with,0,H1,effect/phenotype,Hypertension,test,1,M1,disease,Hypertension,test"
    nodes, edges = read_graph(write(tmp_path / "kg.csv", row))
    assert nodes.name == ["Hypertension", "Hypertension"]
    assert len(edges.pair) == 1


def test_a_node_related_to_itself_is_no_edge(tmp_path: Path) -> None:
    path = write(
        tmp_path / "kg.csv", "drug_drug,x,4,A,drug,Aspirin,test,4,A,drug,Aspirin,test", ROWS[0].replace("7,D1", "4,A")
    )
    nodes, edges = read_graph(path)
    assert (len(nodes.index), len(edges.pair)) == (2, 1)


def test_csv_gz_and_parquet_read_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "kg.csv", *ROWS)
    zipped = tmp_path / "kg.csv.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    options = pyarrow.csv.ConvertOptions(
        strings_can_be_null=False, column_types={c: pa.string() for c in COLUMNS if "index" not in c}
    )
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(plain, convert_options=options), tmp_path / "kg.parquet")
    expected = read_graph(plain)
    for path in (zipped, tmp_path / "kg.parquet"):
        nodes, edges = read_graph(path)
        assert nodes.name == expected[0].name
        assert np.array_equal(edges.relation, expected[1].relation)


def test_columns_in_another_order_are_found_by_name(tmp_path: Path) -> None:
    head = ",".join(reversed(COLUMNS))
    nodes, _ = read_graph(write(tmp_path / "kg.csv", ",".join(reversed(ROWS[0].split(","))), head=head))
    assert nodes.name == ["migraine", "Aspirin"]


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        (ROWS, HEAD.replace(",y_name", ""), "has no column y_name; found .* expected"),
        ([ROWS[0], ROWS[1][:30]], HEAD, "cannot be read as a graph: .*Expected 12 columns, got"),
        (
            [ROWS[0].replace("drug,Aspirin", "medicine,Aspirin")],
            HEAD,
            r"row 1 \(x\): unknown node type 'medicine'; expected one of gene/protein",
        ),
        (
            [ROWS[0], ROWS[1].replace("Aspirin", "Ibuprofen")],
            HEAD,
            r"row 2 \(y\): node 7 has name 'Ibuprofen', but 'Aspirin' in row 1 \(x\)",
        ),
        (
            [ROWS[0], ROWS[1].replace("drug", "exposure")],
            HEAD,
            r"row 2 \(y\): node 7 has type 'exposure', but 'drug' in row 1 \(x\)",
        ),
        (
            [ROWS[0].replace("7,D1", "seven,D1")],
            HEAD,
            "cannot be read as a graph: .*x_index|cannot be read as a graph: .*seven",
        ),
        ([ROWS[0].replace("7,D1", ",D1")], HEAD, "row 1: column x_index is empty|cannot be read as a graph"),
        ([], HEAD, r"kg\.csv has no row; expected at least one edge"),
        (ROWS, HEAD.replace("x_source", "x_name"), "has no column x_source"),
        (ROWS, f"{HEAD},x_name", "has two columns x_name; expected each of them once"),
        (
            [f"r{i},r{i},7,D1,drug,Aspirin,test,3,M1,disease,migraine,test" for i in range(1001)],
            HEAD,
            "has 1,001 relations with 1,001 display names; expected at most 1,000",
        ),
    ],
)
def test_broken_files_are_named_with_place_and_expectation(
    tmp_path: Path, rows: list[str], head: str, message: str
) -> None:
    with pytest.raises(GraphError, match=message) as caught:
        read_graph(write(tmp_path / "kg.csv", *rows, head=head))
    assert str(tmp_path / "kg.csv") in str(caught.value)


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u200b", "\u00ad \t", "\ufeff"], ids=ascii)
@pytest.mark.parametrize("column", ["relation", "display_relation", "x_name", "y_name"])
def test_a_name_that_nobody_sees_is_refused(tmp_path: Path, blank: str, column: str) -> None:
    row = ROWS[0].split(",")
    row[COLUMNS.index(column)] = f'"{blank}"'
    rows = [ROWS[4], ",".join(row), ",".join(row)]
    message = rf"row 2: {column} is blank \('.*'\), as in 2 rows; expected a text that can be shown"
    with pytest.raises(GraphError, match=message):
        read_graph(write(tmp_path / "kg.csv", *rows))


def test_obsolete_terms_are_left_out_with_their_edges_and_counted(tmp_path: Path) -> None:
    old = [
        "disease_disease,parent-child,8,M2,disease,obsolete headache,test,3,M1,disease,migraine,test",
        "disease_disease,parent-child,9,M3,disease,OBSOLETE: megrim,test,3,M1,disease,migraine,test",
        "disease_disease,parent-child,8,M2,disease,obsolete headache,test,9,M3,disease,OBSOLETE: megrim,test",
        "indication,indication,7,D1,drug,Aspirin,test,8,M2,disease,obsolete headache,test",
    ]
    alone, whole = read_graph(write(tmp_path / "a.csv", *ROWS)), read_graph(write(tmp_path / "b.csv", *old, *ROWS))
    assert whole[0].index.tolist() == alone[0].index.tolist()
    assert (whole[0].name, whole[0].type, whole[0].id) == (alone[0].name, alone[0].type, alone[0].id)
    one, other = ([edges.pair.tolist(), edges.start.tolist(), _relations(edges)] for edges in (alone[1], whole[1]))
    assert one == other
    assert (whole[1].vertices, whole[1].rows) == (3, 9)
    assert (whole[1].obsolete_nodes, whole[1].obsolete_rows) == (2, 4)
    assert (alone[1].obsolete_nodes, alone[1].obsolete_rows) == (0, 0)


def _relations(edges: Edges) -> list[tuple[str, str]]:
    return [edges.relation_names[r] for r in edges.relation.tolist()]


@pytest.mark.parametrize(
    ("name", "type_", "left_out"),
    [
        ("obsolete heart block", "disease", True),
        ("Obsolete heart block", "effect/phenotype", True),
        ("obsoleted echo virus 11 sensitivity", "disease", True),
        ("obsolete_heart_block", "disease", True),
        ("(obsolete) protein transport", "biological_process", True),
        ("obsolete", "anatomy", True),
        ("obsoleteness anxiety", "disease", False),
        ("disease of obsolete name", "disease", False),
        ("obsolete drug", "drug", False),
        ("OBSOLETE1", "gene/protein", False),
    ],
)
def test_what_is_obsolete(name: str, type_: str, left_out: bool) -> None:
    assert obsolete([name], [type_]).tolist() == [left_out]


def test_a_graph_of_obsolete_terms_has_no_node_and_the_real_one_has_29(tmp_path: Path, shared_data: Path) -> None:
    row = "disease_disease,parent-child,8,M2,disease,obsolete a,test,9,M3,disease,obsolete b,test"
    with pytest.raises(GraphError, match=r"kg\.csv has no edge but those of 2 obsolete nodes"):
        read_graph(write(tmp_path / "kg.csv", row))
    nodes, edges = read_graph(shared_data / "primekg/kg_subset.csv.gz")
    assert (edges.obsolete_nodes, edges.obsolete_rows, len(nodes.index)) == (29, 394, 19_713)
    assert not obsolete(nodes.name, nodes.type).any()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_read_and_utf_16_is_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "kg.csv"
    path.write_bytes("\r\n".join([HEAD, *ROWS]).encode(encoding))
    if encoding == "utf-16":
        with pytest.raises(GraphError, match=r"kg\.csv: found UTF-16; expected UTF-8"):
            read_graph(path)
    else:
        assert read_graph(path)[0].name == ["migraine", "Aspirin", 'NA, the "null"']


def test_cut_gzip_cut_parquet_and_other_files(tmp_path: Path) -> None:
    plain = write(tmp_path / "kg.csv", *(ROWS[0].replace("7,D1", f"{100 + i},D{i}") for i in range(500)))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(plain.read_bytes())[:-200])
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(plain), tmp_path / "whole.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "whole.parquet").read_bytes()[:-100])
    (tmp_path / "kg.json").write_text("{}")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(GraphError, match=r"empty.csv has no column relation, .*; found \[\], expected"):
        read_graph(tmp_path / "empty.csv")
    for name in ("cut.csv.gz", "cut.parquet"):
        with pytest.raises(GraphError, match=f"{name} cannot be read as a graph"):
            read_graph(tmp_path / name)
    with pytest.raises(GraphError, match=r"not a graph file: expected a name that ends in \.csv"):
        read_graph(tmp_path / "kg.json")


def test_the_ten_types() -> None:
    assert len(NODE_TYPES) == len(set(NODE_TYPES)) == 10
