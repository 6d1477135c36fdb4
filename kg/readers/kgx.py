"""Read a graph in KGX's format: Biolink categories and predicates, as Monarch KG, RTX-KG2 and ROBOKOP publish them.

Fields as in the KGX specification (biolink/kgx, specification/kgx-format.md), in its tests/resources (monarch-tiny_edges.tsv, graph_nodes.tsv,
valid_edges.jsonl), in Monarch KG's TSV, in RTX-KG2's JSONL (qualified_object_direction, equivalent_curies) and in ROBOKOP's
(object_direction_qualifier, equivalent_identifiers). A node's index is its position after sorting by id.
"""

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from kg.contents import NODE_TYPES, PROVENANCE, Edges, GraphError, Name, Nodes, Statements, edges_of, without_obsolete
from kg.phrases import PHRASES
from kg.readers import kgx_files
from kg.readers.biolink import PREFIX, Meaning, Said, meaning, node_type
from kg.readers.kgx_files import LIST, File, line_of

pc: Any = pyarrow.compute  # its functions are made at run time: pyright knows few of them
TEXT = pa.string()
XREFS = ("xref", "same_as", "equivalent_identifiers", "equivalent_curies")
NODE_FIELDS = {"id": TEXT, "category": TEXT, "name": TEXT, "deprecated": TEXT, "provided_by": TEXT, "synonym": LIST}
NODE_FIELDS |= dict.fromkeys(XREFS, LIST)
SOURCES = ("primary_knowledge_source", "knowledge_source", "aggregator_knowledge_source", "provided_by")
EVIDENCE = ("has_evidence", "knowledge_level", "agent_type")
SCORES = ("has_confidence_score", "confidence_score", "score")
QUALIFIERS = {
    "frequency": ("frequency_qualifier",),
    "object_direction": ("object_direction_qualifier", "qualified_object_direction"),
    "object_aspect": ("object_aspect_qualifier", "qualified_object_aspect"),
    "subject_direction": ("subject_direction_qualifier",),
}
ENDS = ("subject", "predicate", "object")
_MORE = (*SOURCES, *EVIDENCE, *SCORES, *sum(QUALIFIERS.values(), ()), "negated", "has_count", "has_percentage")
EDGE_FIELDS = dict.fromkeys((*ENDS, *_MORE), TEXT) | {"publications": LIST}
MAX_CODE = 2**40
FLAGS = {
    "": False,
    "false": False,
    "f": False,
    "0": False,
    "0.0": False,
    "true": True,
    "t": True,
    "1": True,
    "1.0": True,
}


def files(path: Path) -> list[Path]:
    """The archive, or the nodes and the edges file. Raises GraphError where they are not both there."""
    return kgx_files.files(path)


def read_graph(path: Path) -> tuple[Nodes, Edges]:
    """The nodes and edges. Raises GraphError, with file, line, what was found and expected, where the files are not in KGX's format.

    ``Edges.left_out`` counts what has no meaning here: nodes of other categories with their edges, predicates that Biolink does not have,
    statements without words. Deprecated nodes are left out as obsolete ones.
    """
    with kgx_files.opened(path) as (node_file, edge_file):
        table = _distinct(kgx_files.read(node_file, NODE_FIELDS, ("id", "category")), node_file)
        said = kgx_files.read(edge_file, EDGE_FIELDS, ENDS)
        left_out: Counter[str] = Counter()
        types = _types(table, left_out)
        x, y = (_ends(said, side, table, edge_file) for side in ("subject", "object"))
        statements, rows = _statements(said, x, y, types, edge_file, left_out)
        kept = types >= 0
    if not len(rows):
        raise GraphError(f"{path} has no edge that can be read: left out are {dict(left_out)}; expected at least one")
    vertex = np.cumsum(kept) - 1
    statements = statements._replace(x=vertex[statements.x], y=vertex[statements.y])
    nodes = _nodes(table.filter(pa.array(kept)), types[kept])
    edges = edges_of(statements, len(nodes.index), left_out=left_out)
    deprecated = _flags(table.filter(pa.array(kept)), "deprecated", node_file)
    return without_obsolete(nodes, edges, statements.x, statements.y, path, also=deprecated)


def _distinct(table: pa.Table, file: File) -> pa.Table:
    """The nodes, sorted by id. A line that repeats another one in all fields counts once; Raises GraphError where one differs."""
    order = pc.sort_indices(table["id"])
    table = table.take(order)
    ids = table["id"].combine_chunks()
    again = np.append(False, pc.equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False))
    for row in np.flatnonzero(again).tolist():
        one, other = table.slice(row - 1, 2).to_pylist()
        if one != other:
            lines = [line_of(file, order[at].as_py()) for at in (row - 1, row)]
            field = next(name for name in one if one[name] != other[name])
            raise GraphError(
                f"{file.shown}, line {lines[1]}: node {one['id']} has {field} {other[field]!r}, but {one[field]!r} in line "
                f"{lines[0]}; expected one content for one id"
            )
    return table.filter(pa.array(~again))


def _types(table: pa.Table, left_out: Counter[str]) -> np.ndarray:
    """Per node the place of its type in NODE_TYPES; -1: it is left out, since its categories are none of ours, or it has no name to show."""
    coded = table["category"].combine_chunks().dictionary_encode()
    found = [node_type(text.split("|")) for text in coded.dictionary.to_pylist()]
    types = np.array([-1 if one is None else NODE_TYPES.index(one) for one in found])[coded.indices.to_numpy()]
    for text, count in Counter(table["category"].filter(pa.array(types < 0)).to_pylist()).items():
        left_out[f"nodes of the category {text}"] += count
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(table["name"]), ""), True).to_numpy() & (types >= 0)
    if blank.any():
        left_out[f"nodes without a name, the first of them {table['id'][int(blank.argmax())].as_py()}"] = int(
            blank.sum()
        )
    return np.where(blank, -1, types)


def _ends(said: pa.Table, side: str, table: pa.Table, file: File) -> np.ndarray:
    place = pc.index_in(said[side], table["id"].combine_chunks())
    if place.null_count:
        row = pc.index(place.is_null(), True).as_py()
        raise GraphError(
            f"{file.shown}, line {line_of(file, row)}: found the {side} {said[side][row].as_py()!r}, which the nodes file "
            f"does not have; expected the id of a node"
        )
    return place.to_numpy()


def _flags(table: pa.Table, name: str, file: File) -> np.ndarray:
    """Per line whether the field is true."""
    coded = pc.fill_null(table[name].combine_chunks(), "").dictionary_encode()
    flags = [FLAGS.get(text.strip().lower()) for text in coded.dictionary.to_pylist()]
    if None in flags:
        text = coded.dictionary[flags.index(None)].as_py()
        row = pc.index(table[name], text).as_py()
        raise GraphError(f"{file.shown}, line {line_of(file, row)}: {name} is {text!r}; expected true or false")
    return np.array(flags, bool)[coded.indices.to_numpy()]


def _statements(
    said: pa.Table, x: np.ndarray, y: np.ndarray, types: np.ndarray, file: File, left_out: Counter[str]
) -> tuple[Statements, np.ndarray]:
    """What the lines say whose relation has words, and which lines these are. What is left out is counted."""
    typed = (types[x] >= 0) & (types[y] >= 0)
    if gone := int((~typed).sum()):
        left_out["edges of nodes that are left out"] = gone
    code, combinations = _combinations(said, types[x], types[y], file)
    names: dict[Name, int] = {}
    relation, swapped = np.full(len(combinations), -1), np.zeros(len(combinations), bool)
    lines = np.bincount(code[typed], minlength=len(combinations))
    for number in np.flatnonzero(lines).tolist():
        found = meaning(combinations[number])
        if isinstance(found, Meaning):
            relation[number], swapped[number] = names.setdefault(found.name, len(names)), found.swapped
        else:
            left_out[found] += int(lines[number])
    rows = np.flatnonzero(typed & (relation[code] >= 0))
    turned, relation = swapped[code[rows]], relation[code[rows]]
    ends = np.where(turned, y[rows], x[rows]), np.where(turned, x[rows], y[rows])
    symmetric = np.array([name in PHRASES and PHRASES[name].symmetric for name in names], bool)
    directed = ~symmetric[relation] if len(rows) else np.zeros(0, bool)
    return Statements(*ends, relation, list(names), directed, _provenance(said, rows, file)), rows


def _combinations(said: pa.Table, from_: np.ndarray, to: np.ndarray, file: File) -> tuple[np.ndarray, list[Said]]:
    """The distinct things that lines say but for their nodes, and which of them each line says."""
    texts = {"predicate": pc.replace_substring_regex(said["predicate"], f"^{PREFIX}", "")}
    texts |= {name: pc.coalesce(*(said[field] for field in fields), "") for name, fields in QUALIFIERS.items()}
    nobody = pc.or_kleene(
        *(pc.match_substring_regex(said[one], r"^0+(\.0+)?$") for one in ("has_count", "has_percentage"))
    )
    texts["frequency"] = pc.if_else(pc.fill_null(nobody, False), "0%", texts["frequency"])
    coded = {name: text.combine_chunks().dictionary_encode() for name, text in texts.items()}
    columns = [from_ + 1, to + 1, _flags(said, "negated", file).astype(int)]
    columns += [one.indices.to_numpy() for one in coded.values()]
    code = np.zeros(len(from_), np.int64)
    size = 1
    for column in columns:
        kinds = int(column.max()) + 1
        if size * kinds >= MAX_CODE:  # a few thousand combinations occur; numbers for all possible ones could overflow
            _, code = np.unique(code, return_inverse=True)
            size = int(code.max()) + 1
        code, size = code * kinds + column, size * kinds
    _, first, code = np.unique(code, return_index=True, return_inverse=True)
    types = ("", *NODE_TYPES)
    made = [
        Said(
            subject_type=types[columns[0][row]],
            object_type=types[columns[1][row]],
            negated=bool(columns[2][row]),
            **{name: one[row].as_py() for name, one in coded.items()},
        )
        for row in first.tolist()
    ]
    return code, made


def _provenance(said: pa.Table, rows: np.ndarray, file: File) -> pa.Table:
    of = said.take(pa.array(rows))
    text = pc.coalesce(*(of[name] for name in SCORES))
    try:
        score = text.cast(pa.float64())
    except pa.ArrowInvalid as why:
        raise GraphError(
            f"{file.shown}: a score is not a number ({why}); expected numbers in {', '.join(SCORES)}"
        ) from why
    codes = [of[name].combine_chunks() for name in EVIDENCE]
    evidence = pa.nulls(len(rows), TEXT)
    if any(one.null_count < len(rows) for one in codes):  # of nothing but nulls Arrow 25 joins an empty array
        evidence = pc.binary_join_element_wise(*codes, "; ", null_handling="skip")
    return pa.table(
        {
            "source": pc.replace_substring(pc.coalesce(*(of[name] for name in SOURCES)), "|", "; "),
            "publications": of["publications"],
            "evidence": pc.if_else(pc.equal(evidence, ""), None, pc.replace_substring(evidence, "|", "; ")),
            "score": score,
        },
        PROVENANCE,
    )


def _nodes(table: pa.Table, types: np.ndarray) -> Nodes:
    ids = table["id"].to_pylist()
    sources = table["provided_by"].to_pylist()
    lists = [[one or [] for one in table[name].to_pylist()] for name in XREFS]
    xrefs = [list(dict.fromkeys(chain.from_iterable(some))) for some in zip(*lists, strict=True)]
    xrefs = [[one for one in some if one != own] for own, some in zip(ids, xrefs, strict=True)]
    return Nodes(
        np.arange(len(ids)),
        id=ids,
        type=[NODE_TYPES[one] for one in types.tolist()],
        name=table["name"].to_pylist(),
        source=[source or own.partition(":")[0] for source, own in zip(sources, ids, strict=True)],
        synonyms=pa.array([one or [] for one in table["synonym"].to_pylist()], LIST),
        xrefs=pa.array(xrefs, LIST),
    )
