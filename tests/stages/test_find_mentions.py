"""Mentions of question and gold text, and the rejection where one of them names nothing."""

from dataset_builder.stages.find_mentions import find_mentions

EDGES = (
    "Colchicine drug | indication | gout disease",
    "gout disease | disease_phenotype_positive: phenotype present | Podagra effect/phenotype",
)


def test_mentions_have_place_offsets_and_type(make_kg) -> None:
    question, gold = "A man with podagra. Which drug?", "Colchicine"
    result = find_mentions({"question": [question], "gold_text": [gold]}, kg=make_kg(*EDGES))
    first, second = result["mentions"][0]
    assert (first["place"], first["type"], question[first["start"] : first["end"]]) == (
        "question",
        "effect/phenotype",
        "podagra",
    )
    assert (second["place"], second["text"], second["negated"]) == ("answer", "Colchicine", False)
    assert result["rejected_because"] == [None]


def test_rejects_where_a_side_names_nothing(make_kg) -> None:
    batch = {"question": ["What now?", "What treats gout?", "What now?"], "gold_text": ["Colchicine", "Rest", "Rest"]}
    result = find_mentions(batch, kg=make_kg(*EDGES))
    assert result["rejected_because"] == ["no_mentions"] * 3
    assert result["rejected_detail"] == [
        "no entity named in the question",
        "no entity named in the answer",
        "no entity named in the question and in the answer",
    ]


def test_a_negated_mention_does_not_count(make_kg) -> None:
    result = find_mentions(
        {"question": ["He denies podagra. Which drug?"], "gold_text": ["Colchicine"]}, kg=make_kg(*EDGES)
    )
    assert result["mentions"][0][0]["negated"]
    assert result["rejected_because"] == ["no_mentions"]


def test_a_relatives_disease_in_the_question_does_not_count(make_kg) -> None:
    question = "His father has podagra. Which drug does he take?"
    result = find_mentions({"question": [question], "gold_text": ["Colchicine"]}, kg=make_kg(*EDGES))
    assert result["mentions"][0][0]["family"]
    assert result["rejected_detail"] == ["no entity named in the question"]


def test_an_answer_about_a_family_is_about_its_disease(make_kg) -> None:
    answer = "His father has gout. It is inherited by sons."
    batch = {"question": ["Colchicine?"] * 2, "gold_text": [answer, "Her mother has gout. This is so."]}
    assert [m["family"] for row in find_mentions(batch, kg=make_kg(*EDGES))["mentions"] for m in row] == [False] * 4


def test_question_context_and_answer_define_each_others_abbreviations(make_kg) -> None:
    kg = make_kg(*EDGES, "GUT gene/protein | associated with | gout disease")
    batch = {"question": ["Which drug for gout?"], "gold_text": ["Colchicine in GUT"], "context": ["In gout (GUT)."]}
    assert [m["means"] for m in find_mentions(batch, kg=kg)["mentions"][0]] == [None, None, "gout"]
    batch["context"] = ["Gross uptake total (GUT) was read."]
    assert [m["text"] for m in find_mentions(batch, kg=kg)["mentions"][0]] == ["gout", "Colchicine"]
