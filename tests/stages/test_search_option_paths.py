"""Paths to every option alike: nothing in them says which option is right."""

from dataset_builder.stages.search_option_paths import search_option_paths

EDGES = (
    "Podagra effect/phenotype | phenotype present | Gout disease",
    "Podagra effect/phenotype | phenotype present | Sepsis disease",
    "Allopurinol drug | indication | Gout disease",
    "Colchicine drug | indication | Gout disease",
    "Colchicine drug | indication | Pericarditis disease",
)
OPTIONS = [{"label": label, "text": text} for label, text in zip("ABC", ("Gout", "Sepsis", "Lupus"), strict=True)]


def search(kg, question: str, keep: int = 1, max_hops: int = 3, min_relevance: float = 0, **more) -> list[list[str]]:
    row = {"question": question, "context": None, "options": OPTIONS, "answer_type": "choice"} | more
    stage = search_option_paths.using(kg=kg, keep=keep, max_hops=max_hops, seed=0, min_relevance=min_relevance)
    columns = stage({name: [value] for name, value in row.items()})
    assert set(columns) == {"paths"}, "it rejects nothing"
    return [path["names"] for path in columns["paths"][0]]


def test_every_option_that_the_graph_knows_gets_as_many(make_kg) -> None:
    kg = make_kg(*EDGES)
    assert search(kg, "A man has podagra and takes allopurinol.") == [["Allopurinol", "Gout"], ["Podagra", "Sepsis"]]
    two = search(kg, "A man has podagra and takes allopurinol.", keep=2)
    assert [path[-1] for path in two] == ["Gout", "Gout", "Sepsis", "Sepsis"]
    assert len(two[3]) > len(two[2])


def test_neither_long_nor_negated_nor_yes_and_no(make_kg) -> None:
    kg = make_kg(*EDGES)
    assert search(kg, "He has pericarditis.", max_hops=2) == [["Pericarditis", "Colchicine", "Gout"]]
    assert search(kg, "He has no podagra.") == []
    assert search(kg, "His father has podagra. What is it?") == []
    assert search(kg, "Nothing that is known.") == []
    assert search(kg, "He has podagra.", answer_type="yes/no/maybe") == []


def test_several_rows_keep_their_own_paths(make_kg) -> None:
    batch = {"question": ["Unknown.", "Podagra?"], "context": [None] * 2, "options": [OPTIONS] * 2}
    stage = search_option_paths.using(kg=make_kg(*EDGES), keep=1, max_hops=3, seed=0, min_relevance=0)
    columns = stage(batch | {"answer_type": ["choice"] * 2})
    assert [[path["names"] for path in paths] for paths in columns["paths"]] == [
        [],
        [["Podagra", "Gout"], ["Podagra", "Sepsis"]],
    ]


def test_with_a_threshold_every_option_gets_its_most_relevant_paths(make_kg) -> None:
    """A contraindication is the shorter way to gout, and says less than the drug's other use."""
    kg = make_kg(*EDGES, "Digoxin drug | contraindication | Gout disease")
    question = "A man with podagra takes digoxin."
    assert search(kg, question)[0] == ["Digoxin", "Gout"]
    assert search(kg, question, min_relevance=0.5)[0] == ["Podagra", "Gout"]
