"""Names that a caller brings along count before the dictionary's; edges between many nodes at once."""

from kg import KG


def test_own_names_come_first_stop_words_or_not(make_kg) -> None:
    kg = make_kg(
        "Neoplasm disease | disease_protein: associated with | WAS gene/protein",
        "Neoplasm disease | disease_phenotype_positive: phenotype present | Severe effect/phenotype",
        "diabetes mellitus, type II disease | disease_protein: associated with | NHS gene/protein",
    )
    nodes = dict(zip(kg.nodes.name, kg.nodes.index.tolist(), strict=True))
    text = "Severe growths occur in Type 2 diabetes mellitus of the NHS."
    assert {m.text for m in kg.find_mentions(text)}.isdisjoint({"Severe", "growths", "NHS"})
    names = [
        ("growth", nodes["Neoplasm"]),
        ("Severe", nodes["Severe"]),
        ("type II diabetes mellitus", nodes["diabetes mellitus, type II"]),
    ]
    found = {m.text: m.nodes[0] for m in kg.find_mentions(text, names)}
    assert found["growths"] == nodes["Neoplasm"] and found["Severe"] == nodes["Severe"]
    assert found["Type 2 diabetes mellitus"] == nodes["diabetes mellitus, type II"]
    assert found["NHS"] == nodes["NHS"]


def test_relations_between_many_nodes() -> None:
    kg = KG.load("sample")
    names = kg.nodes.name
    drug, disease = (int(kg.nodes.index[names.index(name)]) for name in ("Colchicine", "gout"))
    [(x, y, relations)] = kg.relations([drug], [disease, drug])
    assert (x, y) == (drug, disease) and ("indication", "indication") in relations
    assert kg.relations([drug], [drug]) == [] and kg.names_of(drug)[0] == "Colchicine"
