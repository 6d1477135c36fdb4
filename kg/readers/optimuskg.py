"""Read OptimusKG 1.0: nodes.parquet (id, label, properties), edges.parquet (from, to, label, relation, undirected, properties).

Looked up in the public repository mims-harvard/OptimusKG: columns, labels and relations in docs/content/docs/graph-schema (revision 2e02615, that of
1.0, and a later one, which has DRG-BPO and PHENOTYPE_ABSENT too), properties in conf/base/catalog/silver, sources and relations in
optimuskg/pipelines/silver/nodes/constants.py, the making of edges in the modules beside it (silver/nodes/edges). ``properties`` is JSON text in these two
files, and a struct in those of one label each, which are not read.

Not verified, since the data were not at hand: how often a property says something, how scores are distributed, whether a node lacks its
name, whether exact synonyms are exact. Drugs have Open Targets' names, in capitals.

What an edge means comes from the labels of its two nodes, not from its own, since 1.0 has indications for processes under DRG-DIS. No direction is
read: each relation's subject is known by its type (kg/relations/words.tsv), and parents and children are worded the same way. A node's index is
its row in the file, from 0. The file is read in batches.
"""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from kg.contents import PROVENANCE, Edges, GraphError, Name, Nodes, Statements, edges_of, without_obsolete
from kg.phrases import read_table
from kg.readers.optimuskg_properties import TYPES, EdgeFacts, edge_facts, node_facts

NODES, EDGES = "nodes.parquet", "edges.parquet"
OF_NODES, OF_EDGES = ("id", "label", "properties"), ("from", "to", "label", "relation", "properties")
SCORED = ("DIS-GEN", "PHE-GEN")  # labels of edges with a score: that of Open Targets' associations, from 0 to 1
BATCH = 65_536  # rows
LISTS = pa.list_(pa.string())
TABLE = "kg/relations/optimuskg.tsv"


def files(path: Path) -> list[Path]:
    """Of a folder nodes.parquet and edges.parquet; of a file …nodes.parquet it and …edges.parquet. Raises GraphError where one is not there."""
    stem = path / "" if path.is_dir() else path.with_name(path.name.removesuffix(NODES))
    if not path.is_dir() and not path.name.endswith(NODES):
        raise GraphError(f"{path} is no folder; expected one with {NODES} and {EDGES}, or a file …{NODES}")
    both = [
        stem / name if path.is_dir() else stem.with_name(path.name.removesuffix(NODES) + name)
        for name in (NODES, EDGES)
    ]
    if missing := [file.name for file in both if not file.is_file()]:
        raise GraphError(f"{path} has no {' and no '.join(missing)}; expected OptimusKG's {NODES} and {EDGES}")
    return both


def read_graph(path: Path, min_edge_score: float = 0.0) -> tuple[Nodes, Edges]:
    """The nodes and edges of a folder. Raises GraphError where the files are not in this form.

    ``min_edge_score``: from 0 to 1 (kg.readers.Source checks it); edges of the labels in SCORED with a lower score, or none, are left out and counted, like edges that no line of
    kg/relations/optimuskg.tsv names. Nodes that their ontology calls obsolete are left out with their edges.
    """
    of_nodes, of_edges = files(path)
    nodes, labels = _nodes(of_nodes)
    found = _Edges(nodes, labels, min_edge_score)
    for first, batch in _batches(of_edges, OF_EDGES):
        found.add(batch, of_edges, first)
    said = found.statements()
    if not len(said.x):
        raise GraphError(
            f"{of_edges} has no edge that is read; left out: {dict(found.left_out)}; expected at least one"
        )
    edges = edges_of(said, len(nodes.index), left_out=found.left_out)
    return without_obsolete(nodes, edges, said.x, said.y, of_edges)


def _batches(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """These columns as text, some rows at a time, each with the number of its first row, from 1."""
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            _expect_columns(schema, columns, path)
            text = pa.schema({column: pa.string() for column in columns})
            first = 1
            for batch in file.iter_batches(BATCH, columns=list(columns)):
                as_text = pa.record_batch({column: batch[column].cast(pa.string()) for column in columns}, text)
                as_text.validate(full=True)  # that texts are UTF-8
                yield first, as_text
                first += batch.num_rows
    except (pa.ArrowException, OSError) as why:
        raise GraphError(
            f"{path} cannot be read as a graph: {why}; expected a complete parquet file of OptimusKG"
        ) from why


def _expect_columns(schema: pa.Schema, columns: tuple[str, ...], path: Path) -> None:
    for column in columns:
        places = schema.get_all_field_indices(column)
        if len(places) != 1:
            raise GraphError(
                f"{path} has {len(places)} columns {column}; found {schema.names!s:.300}, expected each of {columns} once"
            )
        type_ = schema.field(places[0]).type
        type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
        if not (pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)):
            raise GraphError(
                f"{path}: column {column} is {type_!s:.100}; expected text. OptimusKG has it so in {path.name}, not in the files of one label"
            )


def _nodes(path: Path) -> tuple[Nodes, list[str]]:
    """The nodes in the order of the file, and the label of each."""
    ids: dict[str, int] = {}
    labels, names, sources, synonyms, xrefs = ([] for _ in range(5))
    for first, batch in _batches(path, OF_NODES):
        rows = zip(*(batch[column].to_pylist() for column in OF_NODES), strict=True)
        for row, (id_, label, cell) in enumerate(rows, first):
            if not id_ or ids.setdefault(id_, row) != row:
                seen = f"{id_!r} again, as in row {ids[id_]}" if id_ else repr(id_)
                raise GraphError(f"{path}, row {row}: found the id {seen}; expected an id of its own")
            if label not in TYPES:
                raise GraphError(
                    f"{path}, row {row}: unknown label {label!r} of {id_}; expected one of {', '.join(TYPES)}"
                )
            try:
                facts = node_facts(label, cell)
            except GraphError as why:
                raise GraphError(f"{path}, row {row} ({id_}): {why}") from why
            if not facts.name:
                raise GraphError(
                    f"{path}, row {row}: {id_} has no name that can be shown; expected one. Give it a name, or leave it out with its edges"
                )
            labels.append(label)
            names.append(facts.name)
            sources.append(facts.source or "OptimusKG")
            synonyms.append(facts.synonyms)
            xrefs.append(facts.xrefs)
    if not ids:
        raise GraphError(f"{path} has no row; expected at least two nodes")
    types = [TYPES[label] for label in labels]
    lists: dict[str, Any] = {"synonyms": pa.array(synonyms, LISTS), "xrefs": pa.array(xrefs, LISTS)}
    return Nodes(np.arange(len(ids)), list(ids), types, names, sources, **lists), labels


class _Edges:
    """The edges of the batches so far, as numbers: a graph of 22 million fits in memory that way, its JSON does not."""

    def __init__(self, nodes: Nodes, labels: list[str], min_score: float) -> None:
        self._ids, self._labels, self._min_score = pa.array(nodes.id), labels, min_score
        self._names: dict[Name, int] = {}
        self._texts: dict[str | None, int] = {}  # sources and evidence, each text once
        self._numbers: list[np.ndarray] = []  # per batch x, y, relation, source, evidence; shape (5, edges)
        self._publications: list[pa.Array] = []
        self._scores: list[pa.Array] = []
        self.left_out: Counter[str] = Counter()

    def add(self, batch: pa.RecordBatch, path: Path, first: int) -> None:
        """Read the edges of a batch; ``first``: the number of its first row. Raises GraphError."""
        x, y = (self._vertices(batch, end, path, first) for end in ("from", "to"))
        facts_of = functools.lru_cache(BATCH)(edge_facts)  # many cells of one label have the same text
        numbers, publications, scores = [], [], []
        rows = zip(x, y, *(batch[column].to_pylist() for column in OF_EDGES[2:]), strict=True)
        for row, (a, b, said, relation, cell) in enumerate(rows, first):
            label, meanings, why = _meaning(said, relation, f"{self._labels[a]}-{self._labels[b]}")
            if why:
                self.left_out[why] += 1
                continue
            try:
                facts = facts_of(label, cell)
            except GraphError as error:
                raise GraphError(f"{path}, row {row} ({self._ids[a]} to {self._ids[b]}): {error}") from error
            if why := _below(label, facts, self._min_score):
                self.left_out[why] += 1
                continue
            name = next((meanings[one] for one in facts.conditions if one in meanings), meanings["-"])
            codes = (self._texts.setdefault(text, len(self._texts)) for text in (facts.source, facts.evidence))
            numbers.append((a, b, self._names.setdefault(name, len(self._names)), *codes))
            publications.append(facts.publications)
            scores.append(facts.score)
        self._numbers.append(np.array(numbers, np.int32).reshape(-1, 5).T)
        self._publications.append(pa.array(publications, LISTS))
        self._scores.append(pa.array(scores, pa.float64()))

    def _vertices(self, batch: pa.RecordBatch, end: str, path: Path, first: int) -> list[int]:
        found = pc.call_function("index_in", [batch[end]], pc.SetLookupOptions(self._ids))
        if found.null_count:
            at = pc.index(found.is_null(), True).as_py()
            raise GraphError(
                f"{path}, row {first + at}: {end} is {batch[end][at].as_py()!r}; expected the id of a node in {NODES}"
            )
        return found.to_pylist()

    def statements(self) -> Statements:
        """All edges that are read, with their provenance."""
        numbers = np.concatenate([np.empty((5, 0), np.int32), *self._numbers], axis=1)
        values = pa.array(list(self._texts), pa.string())
        source, evidence = (pa.DictionaryArray.from_arrays(pa.array(codes), values) for codes in numbers[3:])
        publications, scores = (
            pa.chunked_array(self._publications, LISTS),
            pa.chunked_array(self._scores, pa.float64()),
        )
        table = pa.table([source, publications, evidence, scores], PROVENANCE.names)
        return Statements(numbers[0], numbers[1], numbers[2], list(self._names), provenance=table)


def _below(label: str, facts: EdgeFacts, min_score: float) -> str:
    """Why an edge is left out for its score; empty where it is not."""
    if not min_score or label not in SCORED:
        return ""
    if facts.score is None:
        return f"{label} edges without a score, at the least score {min_score:g}"
    return f"{label} edges with a score below {min_score:g}" if facts.score < min_score else ""


@functools.lru_cache(maxsize=4096)
def _meaning(said: str, relation: str, label: str) -> tuple[str, Mapping[str, Name], str]:
    """The label of the two nodes, what their edge means under which condition, or why no line of the table says so."""
    if said not in {one for one, _ in _table()}:
        return label, {}, f"edges of the label {said!r}, which {TABLE} does not have"
    meanings = _table().get((label, relation), {})
    if meanings:
        return label, meanings, ""
    ends = "" if said == label else f", between nodes of {label}"
    return label, {}, f"{said} edges of the relation {relation!r}{ends}, which {TABLE} does not have"


@functools.cache
def _table() -> dict[tuple[str, str], dict[str, Name]]:
    found: dict[tuple[str, str], dict[str, Name]] = {}
    for label, relation, condition, ours, display in read_table("optimuskg.tsv"):
        found.setdefault((label, relation), {})[condition] = (ours, display)
    return found
