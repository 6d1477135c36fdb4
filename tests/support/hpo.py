"""Small releases of HPO with our own content, in the real formats."""

from pathlib import Path

OBO = """format-version: 1.2
ontology: hp.obo

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000005
name: Mode of inheritance
is_a: HP:0000001 ! All

[Term]
id: HP:0000118
name: Phenotypic abnormality
is_a: HP:0000001 ! All

[Term]
id: HP:0000501
name: Raised eye pressure
synonym: "High pressure \\"of the eye\\"" EXACT layperson []
synonym: "Hard eye" RELATED []
xref: UMLS:C0028840
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0000502
name: obsolete Eye thing
is_obsolete: true
"""
HEAD = "database_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency\tsex\tmodifier\taspect\tbiocuration"
GENE_HEAD = "ncbi_gene_id\tgene_symbol\thpo_id\thpo_name\tfrequency\tdisease_id"


def annotation(frequency: str = "", *, disease: str = "OMIM:1", qualifier: str = "", aspect: str = "P") -> str:
    term = "HP:0000501" if aspect == "P" else "HP:0000005"
    cells = (disease, "Hard-eye disease", qualifier, term, "PMID:7;OMIM:1", "PCS", "", frequency, "", "", aspect, "us")
    return "\t".join(cells)


def write(
    folder: Path, *annotations: str, obo: str = OBO, genes: str = "10\tEYE1\tHP:0000501\tx\t-\tOMIM:1\n"
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "hp.obo").write_text(obo, encoding="utf-8")
    (folder / "phenotype.hpoa").write_text("\n".join(["#version: 1", HEAD, *annotations]) + "\n", encoding="utf-8")
    (folder / "genes_to_phenotype.txt").write_text(f"{GENE_HEAD}\n{genes}", encoding="utf-8")
    return folder
