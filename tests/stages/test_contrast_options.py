"""What is said of wrong options: true edges in the answer's relation, of options that are named as a whole, and nothing of a missing edge."""

import pytest

from dataset_builder.stages.contrast_options import FEW, MOST, contrast_options
from kg import KG

TARGET, ENZYME, TREATS, PRESENT = (
    "drug_protein: target",
    "drug_protein: enzyme",
    "indication",
    "disease_phenotype_positive: phenotype present",
)
EDGES = (
    f"Diazepam drug | {TARGET} | GABRA1 gene/protein",
    f"Flumazenil drug | {TARGET} | GABRA1 gene/protein",
    f"Haloperidol drug | {TARGET} | DRD2 gene/protein",
    f"Caffeine drug | {ENZYME} | CYP1A2 gene/protein",
    f"Naloxone drug | {TREATS} | opiate dependence disease",
)


def node(kg: KG, name: str) -> int:
    return int(kg.nodes.index[kg.nodes.name.index(name)])


def contrasts(kg: KG, path: list[str], *options: str, asked: str | None = None, **row) -> list[str]:
    """The label and the words of each statement, for a row whose answer is option A, the end of this path."""
    mentions, nodes = [], []
    if asked:
        mentions, nodes = [{"place": "question", "negated": False}], [{"mention": 0, "node": node(kg, asked)}]
    row = {
        "options": [{"label": label, "text": text} for label, text in zip("ABCDEF", (path[-1], *options), strict=False)],
        "answer_label": "A", "answer_type": "choice", "mentions": mentions, "nodes": nodes,
        "paths": [kg.describe([node(kg, name) for name in path])],
    } | row  # fmt: skip
    columns = contrast_options({name: [value] for name, value in row.items()}, kg=kg)
    assert set(columns) == {"contrasts"}, "it rejects nothing"
    return [
        f"{one['label']}: {relation['statement']}" for one in columns["contrasts"][0] for relation in one["hops"][0]
    ]


def test_the_same_node_and_another_one_and_nothing_of_what_is_missing(make_kg) -> None:
    kg = make_kg(*EDGES)
    said = contrasts(kg, ["GABRA1", "Diazepam"], "Naloxone", "Flumazenil", "Caffeine", "Haloperidol", "Unheard-of")
    assert said == ["C: Flumazenil targets GABRA1", "E: Haloperidol targets DRD2"]
    assert contrasts(kg, ["CYP1A2", "Caffeine"], "Haloperidol") == []


def test_only_a_question_of_choice(make_kg) -> None:
    kg = make_kg(*EDGES)
    for other in ("yes/no/maybe", "open"):
        assert contrasts(kg, ["GABRA1", "Diazepam"], "Flumazenil", answer_type=other) == []


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("Start intravenous flumazenil therapy", True),
        ("Stop flumazenil", False),
        ("Flumazenil and naloxone", False),
        ("↑ flumazenil", False),
        ("No flumazenil", False),
        ("diazepam.", False),  # the answer again
        ("Diazepam therapy", False),
    ],
)
def test_an_option_is_named_as_a_whole_and_is_not_the_answer(make_kg, option: str, said: bool) -> None:
    assert bool(contrasts(make_kg(*EDGES), ["GABRA1", "Diazepam"], option)) == said


def test_words_beside_a_disease_are_part_of_its_name(make_kg) -> None:
    kg = make_kg(
        f"glossitis disease | {PRESENT} | Pain effect/phenotype", f"candidiasis disease | {PRESENT} | Pain effect/phenotype"
    )  # fmt: skip
    assert contrasts(kg, ["Pain", "glossitis"], "Candidiasis") == ["B: candidiasis can present with Pain"]
    assert contrasts(kg, ["Pain", "glossitis"], "Oral candidiasis") == []


def test_what_the_question_names_comes_first_and_of_many_others_none_is_picked(make_kg) -> None:
    many = [f"Clozapine drug | {TARGET} | HTR{i} gene/protein" for i in range(FEW)]
    best_known = "HTR1 gene/protein | protein_protein: ppi | GABRA1 gene/protein"
    kg = make_kg(*EDGES, *many, best_known)
    assert contrasts(kg, ["GABRA1", "Diazepam"], "Clozapine") == ["B: Clozapine targets HTR1"]
    assert contrasts(kg, ["GABRA1", "Diazepam"], "Clozapine", asked="HTR3") == ["B: Clozapine targets HTR3"]
    kg = make_kg(*EDGES, *many, f"Clozapine drug | {TARGET} | HTR9 gene/protein", name="more.csv")
    assert contrasts(kg, ["GABRA1", "Diazepam"], "Clozapine") == []


def test_an_edge_that_also_says_what_is_not_said_is_left_out(make_kg) -> None:
    both = [f"Zolpidem drug | {kind} | GABRA1 gene/protein" for kind in (TARGET, ENZYME)]
    assert contrasts(make_kg(*EDGES, *both), ["GABRA1", "Diazepam"], "Zolpidem") == []


def test_no_more_than_a_few_and_none_twice(make_kg) -> None:
    drugs = ("Zolpidem", "Zaleplon", "Clobazam", "Lorazepam")
    kg = make_kg(*EDGES, *(f"{drug} drug | {TARGET} | GABRA1 gene/protein" for drug in drugs))
    assert len(contrasts(kg, ["GABRA1", "Diazepam"], *drugs)) == MOST
    assert len(contrasts(kg, ["GABRA1", "Diazepam"], "Zolpidem", "zolpidem tablets")) == 1
