"""KGX files of our own content: what is read, how it is worded, what is left out, and that bad files are named."""

import argparse
import gzip
import json
import random
import tarfile
from pathlib import Path

import pytest

from dataset_builder.commands.graph import graph_facts, notes_on_graph
from kg import KG
from kg.contents import GraphError
from kg.readers.biolink import Said, meaning
from kg.readers.kgx import files, read_graph

NODES = """id\tcategory\tname\tsynonym\txref\tdeprecated
X:1\tbiolink:Drug|biolink:NamedThing\tcolchicine\tcolcin|colchysat\tUMLS:1\t
M:1\tbiolink:Disease\tgout\tpodagra\t\tfalse
H:1\tbiolink:PhenotypicFeature\ttophus\t\t\t
H:2\tbiolink:PhenotypicFeature\thair loss\t\t\t
G:1\tbiolink:NamedThing|biolink:Gene\tXDH\t\t\t
G:2\tbiolink:Protein\tABCG2\t\t\t
A:1\tbiolink:Cell\tliver cell\t\t\t
P:1\tbiolink:Pathway\tpurine pathway\t\t\t
T:1\tbiolink:OrganismTaxon\tman\t\t\t
M:2\tbiolink:Disease\told gout\t\t\ttrue
"""
HEAD = "subject\tpredicate\tobject\tnegated\tprimary_knowledge_source\tpublications\tknowledge_level\tobject_aspect_qualifier\tobject_direction_qualifier"
LINES = (
    ("X:1 treats M:1", "colchicine treats gout"),
    ("M:1 has_phenotype H:1", "gout can present with tophus"),
    ("M:1 has_phenotype H:2 true", "gout does not present with hair loss"),
    ("H:1 phenotype_of M:1", "gout can present with tophus"),
    ("X:1 contraindicated_in M:1", "colchicine is contraindicated in gout"),
    ("G:1 causes M:1", "XDH causes gout"),
    ("G:1 causes M:1 true", "XDH does not cause gout"),
    ("X:1 affects G:1 false activity decreased", "colchicine decreases the activity of XDH"),
    ("G:1 directly_physically_interacts_with G:2", "XDH interacts with ABCG2"),
    ("G:1 expressed_in A:1 true", "XDH is not expressed in the tissue liver cell"),
    ("P:1 has_participant G:1", "XDH takes part in the pathway purine pathway"),
    ("G:1 related_condition M:1", "XDH is related to gout"),
)


def edge(line: str) -> str:
    subject, predicate, object_, *more = line.split(" ")
    negated, aspect, direction = [*more, *[""] * 3][:3]
    return f"{subject}\tbiolink:{predicate}\t{object_}\t{negated}\tinfores:own\tPMID:1|PMID:2\tassertion\t{aspect}\t{direction}"


def write(folder: Path, *lines: str, nodes: str = NODES) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "own_nodes.tsv").write_text(nodes, "utf-8")
    (folder / "own_edges.tsv").write_text("\n".join([HEAD, *map(edge, lines)]) + "\n", "utf-8")
    return folder


@pytest.mark.parametrize(("line", "statement"), LINES)
def test_an_edge_in_words(line: str, statement: str, tmp_path: Path) -> None:
    kg = KG.load(f"kgx:{write(tmp_path / 'g', line)}")
    low, high = (int(one[0]) for one in kg.edges.ends())
    for path in ([low, high], [high, low]):
        hop = kg.describe([int(kg.nodes.index[v]) for v in path])["hops"][0][0]
        assert hop["statement"] in (
            statement,
            statement.replace("XDH interacts with ABCG2", "ABCG2 interacts with XDH"),
            statement.replace("XDH is related to gout", "gout is related to XDH"),
        )
        assert (hop["source"], hop["publications"], hop["evidence"]) == (
            "infores:own",
            ["PMID:1", "PMID:2"],
            "assertion",
        )


def test_nodes_keep_types_synonyms_and_ids_of_others(tmp_path: Path) -> None:
    nodes, edges = read_graph(write(tmp_path / "g", "X:1 treats M:1", "X:1 treats M:2", "X:1 in_taxon T:1"))
    at = nodes.id.index("X:1")
    assert (nodes.type[at], nodes.synonyms_of(at), nodes.xrefs and nodes.xrefs[at].as_py()) == (
        "drug",
        ["colcin", "colchysat"],
        ["UMLS:1"],
    )
    assert "T:1" not in nodes.id and "M:2" not in nodes.id and nodes.type[nodes.id.index("G:1")] == "gene/protein"
    assert edges.left_out == {
        "edges of nodes that are left out": 1,
        "nodes of the category biolink:OrganismTaxon": 1,
    }
    assert (edges.obsolete_nodes, edges.obsolete_rows, len(edges.pair)) == (1, 1, 1)


def test_jsonl_gz_and_archives_give_the_same_graph(tmp_path: Path) -> None:
    folder = write(tmp_path / "g", *(line for line, _ in LINES))
    other = tmp_path / "j"
    other.mkdir()
    for kind in ("nodes", "edges"):
        head, *rows = (line.split("\t") for line in (folder / f"own_{kind}.tsv").read_text().splitlines())
        objects = [
            {
                k: v.split("|")
                if k in ("category", "synonym", "xref", "publications")
                else v == "true"
                if k in ("negated", "deprecated")
                else v
                for k, v in zip(head, row, strict=True)
                if v
            }
            for row in rows
        ]
        with gzip.open(other / f"own_{kind}.jsonl.gz", "wt") as out:
            out.write("".join(json.dumps(one) + "\n" for one in objects))
    with tarfile.open(tmp_path / "g.tar.gz", "w:gz") as tar:
        tar.add(folder, "g")
    graphs = [read_graph(path) for path in (folder, folder / "own_edges.tsv", other, tmp_path / "g.tar.gz")]
    for nodes, edges in graphs[1:]:
        assert (nodes.id, nodes.name, nodes.synonyms) == (graphs[0][0].id, graphs[0][0].name, graphs[0][0].synonyms)
        assert (
            edges.relation.tolist() == graphs[0][1].relation.tolist() and edges.provenance == graphs[0][1].provenance
        )


def test_nodes_without_a_name_are_left_out_with_their_edges_and_counted(tmp_path: Path) -> None:
    """Public graphs have some, such as sequence variants, which no rationale can name."""
    nodes = NODES.replace("XDH", " ").replace("ABCG2", "")
    graph, edges = read_graph(write(tmp_path / "g", "X:1 treats M:1", "G:1 causes M:1", nodes=nodes))
    assert "G:1" not in graph.id and edges.rows == 1
    assert edges.left_out["nodes without a name, the first of them G:1"] == 2
    assert edges.left_out["edges of nodes that are left out"] == 1


def test_what_has_no_words_is_left_out_and_counted(tmp_path: Path) -> None:
    lines = (
        "X:1 treats M:1",
        "X:1 cures M:1",
        "X:1 affects G:1 false folding_rate increased",
        "G:1 coexpressed_with G:2 true",
    )
    left_out = read_graph(write(tmp_path / "g", *lines))[1].left_out
    assert left_out["edges with the predicate 'cures', which Biolink does not have"] == 1
    assert sum(left_out.values()) == 4  # with the node of another category
    notes = notes_on_graph(KG.load(tmp_path / "g"), argparse.Namespace(license="any"))
    assert "left out: 1 edges with the predicate 'cures', which Biolink does not have." in " ".join(notes)
    assert len(notes) == 5 and sum(graph_facts(KG.load(tmp_path / "g"))["left_out"].values()) == 4
    with pytest.raises(GraphError, match="no edge that can be read"):
        read_graph(write(tmp_path / "h", "X:1 cures M:1"))


def test_frequencies_and_excluded() -> None:
    def display(frequency: str) -> object:
        return meaning(Said("has_phenotype", "disease", "effect/phenotype", frequency=frequency))[0]

    assert display("HP:0040284") == ("disease_phenotype_positive", "phenotype very rare")
    assert display("Excluded") == ("disease_phenotype_negative", "phenotype absent")
    assert "none of the counted" in str(meaning(Said("has_phenotype", "disease", "effect/phenotype", frequency="0/5")))


BAD = {
    "column": ("own_nodes.tsv", lambda b: b.replace(b"category", b"cat"), "line 1: has no column category"),
    "columns": ("own_edges.tsv", lambda b: b + b"X:1\ttreats\n", "line 3: found 2 columns, expected 9"),
    "dangling": ("own_edges.tsv", lambda b: b.replace(b"M:1", b"M:9"), "line 2: found the object 'M:9'"),
    "twice": ("own_nodes.tsv", lambda b: b + b"M:1\tbiolink:Gene\tgout\t\t\t\n", "line 12: node M:1 has category"),
    "latin1": (
        "own_nodes.tsv",
        lambda b: b.replace(b"podagra", b"podagr\xe4"),
        "line 3: found bytes that are not UTF-8",
    ),
    "flag": ("own_edges.tsv", lambda b: b.replace(b"M:1\t", b"M:1\tmaybe"), "line 2: negated is 'maybe'"),
    "empty": ("own_edges.tsv", lambda b: b"", "found an empty line or file"),
    "blank id": ("own_nodes.tsv", lambda b: b.replace(b"G:2", b""), "line 7: id is empty"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named(case: str, tmp_path: Path) -> None:
    name, change, message = BAD[case]
    path = write(tmp_path / "g", "X:1 treats M:1") / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(GraphError, match=message) as why:
        read_graph(path.parent)
    assert name in str(why.value)


def test_torn_files_and_missing_ones(tmp_path: Path) -> None:
    folder = write(tmp_path / "g", "X:1 treats M:1")
    (folder / "own_edges.tsv").rename(folder / "kept")
    with pytest.raises(GraphError, match="found no edges file"):
        files(folder)
    (folder / "own_edges.jsonl").write_text(
        '{"subject": "X:1", "predicate": "treats", "object": "M:1"}\n{"subject": "X:'
    )
    with pytest.raises(GraphError, match="line 2: found"):
        read_graph(folder)
    (folder / "own_edges.jsonl").unlink()
    (folder / "own_edges.tsv.gz").write_bytes(gzip.compress((folder / "kept").read_bytes())[:-12])
    with pytest.raises(GraphError, match="expected a complete file"):
        read_graph(folder)


@pytest.mark.parametrize("seed", range(60))
def test_mutated_files_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    folder = write(tmp_path / "g", *(line for line, _ in LINES))
    path = folder / draw.choice(["own_nodes.tsv", "own_edges.tsv"])
    data = bytearray(path.read_bytes())
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(data))
        data[at : at + draw.randint(0, 3)] = draw.choice([b"\t", b"\n", b"\xff", b"|", b"", b"M:1", b'"', b"\0"])
    path.write_bytes(bytes(data))
    try:
        nodes, edges = read_graph(folder)
    except GraphError as why:
        assert str(folder) in str(why)
    else:
        assert len(nodes.name) == edges.vertices
