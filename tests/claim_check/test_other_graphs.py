"""Claims of a text against graphs in other formats: NOT, how often and opposites reach the verdict."""

from pathlib import Path

import pytest

from dataset_builder.claim_check import read_claims
from kg import KG
from tests.kg.readers.test_kgx import write as write_kgx
from tests.support import hpo, optimuskg


def verdicts(kg: KG, text: str) -> list[str]:
    return [claim.verdict for claim in read_claims(text, kg)]


@pytest.mark.parametrize(
    ("annotation", "sentence", "verdict"),
    [
        (hpo.annotation(), "Hard-eye disease presents with raised eye pressure.", "supported"),
        (hpo.annotation("HP:0040284"), "Hard-eye disease presents with raised eye pressure.", "supported"),
        (hpo.annotation("HP:0040284"), "Hard-eye disease very rarely presents with raised eye pressure.", "supported"),
        (hpo.annotation("HP:0040281"), "Hard-eye disease does not present with raised eye pressure.", "contradicted"),
        (hpo.annotation(qualifier="NOT"), "Hard-eye disease presents with raised eye pressure.", "contradicted"),
        (hpo.annotation("HP:0040285"), "Hard-eye disease presents with raised eye pressure.", "contradicted"),
        (hpo.annotation(qualifier="NOT"), "Hard-eye disease does not present with raised eye pressure.", "supported"),
        # that two patients did not have it is no denial
        (hpo.annotation("0/2"), "Hard-eye disease presents with raised eye pressure.", "unknown"),
    ],
)
def test_absence_and_frequency_of_hpo(tmp_path: Path, annotation: str, sentence: str, verdict: str) -> None:
    kg = KG.load(hpo.write(tmp_path / "release", annotation))
    assert verdicts(kg, sentence) == [verdict]


NODES = [
    ("CHEMBL25", "DRG", {"name": "Aspirin"}),
    ("CHEMBL99", "DRG", {"name": "Novastatin"}),
    ("MONDO_1", "DIS", {"name": "migraine"}),
    ("ENSG1", "GEN", {"symbol": "PTGS1", "name": "prostaglandin synthase 1"}),
]
PHASE_4 = {"sources": {"direct": ["OPEN_TARGETS"]}, "highest_clinical_trial_phase": 4.0}


@pytest.mark.parametrize(
    ("edge", "sentence", "verdict"),
    [
        (("CHEMBL25", "MONDO_1", "DRG-DIS", "INDICATION", PHASE_4), "Aspirin is used to treat migraine.", "supported"),
        (("CHEMBL25", "MONDO_1", "DRG-DIS", "INDICATION", PHASE_4), "Aspirin is contraindicated in migraine.", "contradicted"),
        (("CHEMBL25", "MONDO_1", "DRG-DIS", "CONTRAINDICATION", {}), "Aspirin is used to treat migraine.", "contradicted"),
        # a trial is neither an approval nor a warning
        (("CHEMBL25", "MONDO_1", "DRG-DIS", "INDICATION", {}), "Aspirin is used to treat migraine.", "unknown"),
        (("CHEMBL25", "ENSG1", "DRG-GEN", "INHIBITOR", {}), "Aspirin targets PTGS1.", "supported"),
    ],
)  # fmt: skip
def test_opposites_and_trials_of_optimuskg(
    tmp_path: Path, edge: tuple[str, str, str, str, dict[str, object]], sentence: str, verdict: str
) -> None:
    others = [("CHEMBL99", "ENSG1", "DRG-GEN", "OTHER", {})]
    kg = KG.load(f"optimuskg:{optimuskg.write(tmp_path / 'g', NODES, [edge, *others])}", min_edge_score=0.0)
    assert verdicts(kg, sentence) == [verdict]


@pytest.mark.parametrize(
    ("line", "sentence", "verdict"),
    [
        ("X:1 treats M:1", "Colchicine is used to treat gout.", "supported"),
        ("X:1 treats M:1", "Colchicine is contraindicated in gout.", "contradicted"),
        ("X:1 treats M:1 true", "Colchicine is used to treat gout.", "contradicted"),
        ("X:1 in_clinical_trials_for M:1", "Colchicine is used to treat gout.", "unknown"),
        ("M:1 has_phenotype H:2 true", "Gout presents with hair loss.", "contradicted"),
        ("G:1 associated_with M:1 true", "XDH is associated with gout.", "contradicted"),
        ("G:1 interacts_with G:2 true", "XDH does not interact with ABCG2.", "supported"),
    ],
)
def test_negated_edges_and_opposites_of_kgx(tmp_path: Path, line: str, sentence: str, verdict: str) -> None:
    assert verdicts(KG.load(write_kgx(tmp_path / "own", line)), sentence) == [verdict]
