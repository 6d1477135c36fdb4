"""The relations of PrimeKG in words, and the direction of each.

kg.csv stores every edge both ways, so a direction cannot be read from the file: it comes from this table, by relation and by
the type of the node that is the subject. Relations between nodes of one type have no subject here, since nothing in the file
shows which of the two nodes it is.
"""

from dataclasses import dataclass

Name = tuple[str, str]  # relation, display_relation


@dataclass(frozen=True)
class Phrase:
    """The verb phrase of a relation, and the type of its subject (None: it can be read both ways)."""

    words: str
    subject: str | None = None


GENE, DRUG, DISEASE, EXPOSURE = "gene/protein", "drug", "disease", "exposure"

PHRASES: dict[Name, Phrase] = {
    ("protein_protein", "ppi"): Phrase("interacts with"),
    ("drug_protein", "target"): Phrase("targets", DRUG),
    ("drug_protein", "enzyme"): Phrase("interacts with the enzyme", DRUG),
    ("drug_protein", "carrier"): Phrase("is bound by the carrier", DRUG),
    ("drug_protein", "transporter"): Phrase("interacts with the transporter", DRUG),
    ("indication", "indication"): Phrase("is indicated for", DRUG),
    ("contraindication", "contraindication"): Phrase("is contraindicated in", DRUG),
    ("off-label use", "off-label use"): Phrase("is used off-label for", DRUG),
    # PrimeKG labels all of DrugBank's interactions "synergistic"; the words claim only that an interaction is recorded
    ("drug_drug", "synergistic interaction"): Phrase("has a recorded interaction with"),
    ("drug_drug", "interacts with"): Phrase("has a recorded interaction with"),
    ("drug_effect", "side effect"): Phrase("can cause the side effect", DRUG),
    ("phenotype_protein", "associated with"): Phrase("is associated with"),
    ("phenotype_phenotype", "parent-child"): Phrase("is a parent or child term of"),
    ("disease_phenotype_positive", "phenotype present"): Phrase("can present with", DISEASE),
    ("disease_phenotype_negative", "phenotype absent"): Phrase("does not present with", DISEASE),
    ("disease_protein", "associated with"): Phrase("is associated with"),
    ("disease_disease", "parent-child"): Phrase("is a parent or child term of"),
    ("bioprocess_bioprocess", "parent-child"): Phrase("is a parent or child term of"),
    ("molfunc_molfunc", "parent-child"): Phrase("is a parent or child term of"),
    ("cellcomp_cellcomp", "parent-child"): Phrase("is a parent or child term of"),
    ("pathway_pathway", "parent-child"): Phrase("is a parent or child term of"),
    ("anatomy_anatomy", "parent-child"): Phrase("is a parent or child term of"),
    ("exposure_exposure", "parent-child"): Phrase("is a parent or child term of"),
    ("molfunc_protein", "interacts with"): Phrase("has the molecular function", GENE),
    ("cellcomp_protein", "interacts with"): Phrase("is found in the cellular component", GENE),
    ("bioprocess_protein", "interacts with"): Phrase("takes part in the process", GENE),
    ("pathway_protein", "interacts with"): Phrase("takes part in the pathway", GENE),
    ("exposure_protein", "interacts with"): Phrase("interacts with", EXPOSURE),
    ("exposure_disease", "linked to"): Phrase("is linked to", EXPOSURE),
    ("exposure_bioprocess", "interacts with"): Phrase("affects", EXPOSURE),
    ("exposure_molfunc", "interacts with"): Phrase("affects", EXPOSURE),
    ("exposure_cellcomp", "interacts with"): Phrase("affects", EXPOSURE),
    ("anatomy_protein_present", "expression present"): Phrase("is expressed in the tissue", GENE),
    ("anatomy_protein_absent", "expression absent"): Phrase("is not expressed in the tissue", GENE),
}


def direction(name: Name, from_type: str, to_type: str) -> str:
    """The direction of a hop between nodes of these types along the relation: forward, backward or undirected."""
    phrase = PHRASES.get(name)
    if phrase is None or phrase.subject is None or from_type == to_type:
        return "undirected"
    return {from_type: "forward", to_type: "backward"}.get(phrase.subject, "undirected")


def statement(name: Name, direction: str, a: str, b: str) -> str:
    """The hop from node a to node b in words, with the relation's subject first, in whichever direction the path goes.

    A relation that is not in the table is quoted, never interpreted.
    """
    a, b = plain(a), plain(b)
    phrase = PHRASES.get(name)
    if phrase is None or (phrase.subject is not None and direction == "undirected"):
        return f"{a} is connected by the relation “{name[1]}” with {b}"
    return f"{b} {phrase.words} {a}" if direction == "backward" else f"{a} {phrase.words} {b}"


def plain(name: str) -> str:
    """A node's name in running text: without MONDO's suffix "(disease)"."""
    return name.removesuffix(" (disease)")
