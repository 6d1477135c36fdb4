"""The licenses of a graph's sources: names of all spellings, counts, and what --license commercial refuses."""

from types import SimpleNamespace
from typing import cast

import pyarrow as pa
import pytest

from dataset_builder.sources.graph_licenses import (
    COMMERCIAL_USE,
    LONGEST,
    MOST,
    NOT_STATED,
    TABLE,
    UNKNOWN,
    expect_commercial_sources,
    license_facts,
    license_of,
    note_on_sources,
    sources_of,
)
from dataset_builder.sources.raw_files import SourceError
from kg import KG
from kg.contents import PROVENANCE


def graph(*sources: str | None, name: str = "kg") -> KG:
    """A graph whose relations have these sources."""
    said = pa.Table.from_pylist([{"source": source} for source in sources], PROVENANCE)
    return cast(KG, SimpleNamespace(name=name, edges=SimpleNamespace(provenance=said)))


def without_provenance(name: str) -> KG:
    return cast(KG, SimpleNamespace(name=name, edges=SimpleNamespace(provenance=None)))


def test_the_table_has_one_license_for_every_name() -> None:
    lines = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(len(line) == 5 and all(line) and line[3] in COMMERCIAL_USE for line in lines)
    names = [name for line in lines for name in (line[0], *line[1].split(", ")) if name != "-"]
    assert len({name.lower() for name in names}) == len(names) > 17


@pytest.mark.parametrize(
    ("name", "commercial"),
    [
        ("OMIM", "no"),
        ("infores:omim", "no"),
        ("DRUG_CENTRAL", "yes"),
        ("infores:hpo-annotations", "yes"),
        ("infores:gene-ontology", "yes"),
        ("drugbank", "no"),
        ("ClinVar", "unknown"),
        ("SIDER", "unknown"),
        ("HPO.", "unknown"),
        ("H\u00e9PO", "unknown"),
        ("some other", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_source_has_a_license_by_any_of_its_names(name: str, commercial: str) -> None:
    assert license_of(name).commercial == commercial


def test_a_relation_counts_for_each_of_its_sources() -> None:
    assert sources_of(graph("HPO; OMIM", "HPO", "HPO; HPO; ", None, " ")) == {"HPO": 3, NOT_STATED: 2, "OMIM": 1}
    assert sources_of(without_provenance("kg")) == {} == license_facts(without_provenance("kg"))


def test_the_manifest_names_the_most_frequent_sources() -> None:
    facts = license_facts(graph("HPO", "HPO", *(f"s{n}" for n in range(MOST + 1))))
    assert (len(facts["sources"]), facts["more_sources"]) == (MOST, 2)
    assert facts["sources"]["HPO"] == {"relations": 2, "license": license_of("HPO").text, "commercial": "yes"}
    assert facts["sources"]["s0"] == {"relations": 1, "license": UNKNOWN.text, "commercial": "unknown"}
    [name] = license_facts(graph("a\nb" + "x" * 999))["sources"]
    assert name.startswith("a\\nb") and len(name) == LONGEST


def test_a_source_that_forbids_commercial_use_or_is_not_known_is_refused() -> None:
    expect_commercial_sources(graph("HPO; ORPHA", "infores:reactome"))
    expect_commercial_sources(without_provenance("kg"))
    with pytest.raises(SourceError) as refused:
        expect_commercial_sources(graph("HPO; OMIM", "OMIM", "ClinVar", "x\ny", None, name="hpo"))
    told = str(refused.value)
    assert "--kg hpo" in told and "HPO (" not in told
    assert "OMIM (own terms): 2 relations" in told and "ClinVar (not known: " in told
    assert "x\\ny (license not known): 1 relations" in told and f"{NOT_STATED} (license not known): 1 " in told
    assert "leave out --license commercial" in told


def test_a_graph_without_provenance_is_told_to_be_unchecked() -> None:
    assert "kg.csv does not say where its relations come from" in note_on_sources(without_provenance("kg.csv"))[0]
    assert note_on_sources(without_provenance("sample")) == [] == note_on_sources(graph("HPO"))
