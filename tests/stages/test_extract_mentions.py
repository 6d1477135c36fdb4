"""Entities as a model names them: located in the texts, kept with any type, each once; nothing believed unchecked."""

import json

import pytest

from dataset_builder.llm.model import LLM, Request
from dataset_builder.prompt import render
from dataset_builder.stages.extract_mentions import Named, extract_mentions, mentions_in
from tests.support.converse import converse

QUESTION = "A man with gout, no fever and\nrheumatoid  arthritis takes allopurinol. What helps in the attack?"
GOLD = "Colchicine. It binds tubulin."
TEXTS = {"question": QUESTION, "answer": GOLD}


OTHER = {"family": False, "means": None}  # no model is asked about these


def named(place: str, text: str, type_: str = "disease", negated: bool = False) -> dict:
    return {"place": place, "text": text, "type": type_, "negated": negated}


def extract(*replies: str) -> tuple[dict, list[Request]]:
    said = iter(replies)
    columns, requests = converse(
        extract_mentions.using(llm=LLM("m"), kg=None),
        {"question": [QUESTION], "gold_text": [GOLD]},
        lambda _: next(said),
    )
    return {name: values[0] for name, values in columns.items()}, requests


def test_the_prompt_has_both_texts_and_all_ten_types() -> None:
    prompt = render("extract_mentions", question=QUESTION, answer=GOLD)
    assert f"<question>\n{QUESTION}\n</question>\n<answer>\n{GOLD}\n</answer>" in prompt
    for type_ in ("gene/protein", "drug", "effect/phenotype", "disease", "biological_process", "molecular_function",
                  "cellular_component", "exposure", "pathway", "anatomy"):  # fmt: skip
        assert f"- {type_}" in prompt


def test_mentions_with_their_places() -> None:
    reply = {
        "mentions": [
            named("answer", "colchicine", "drug"),
            named("question", "Gout"),
            named("question", "fever", negated=True),
        ]
    }
    row, requests = extract(json.dumps(reply))
    assert row["mentions"] == [
        {"place": "question", "start": 11, "end": 15, "text": "gout", "type": "disease", "negated": False} | OTHER,
        {"place": "question", "start": 20, "end": 25, "text": "fever", "type": "disease", "negated": True} | OTHER,
        {"place": "answer", "start": 0, "end": 10, "text": "Colchicine", "type": "drug", "negated": False} | OTHER,
    ]
    assert row["rejected_because"] is None
    assert len(requests) == 1


def test_words_are_looked_for_in_the_other_text_across_line_breaks_and_as_whole_words() -> None:
    entities = [Named(**named("answer", "rheumatoid arthritis")), Named(**named("question", "tub"))]
    found, unfound = mentions_in(entities, TEXTS)
    assert (found[0]["place"], QUESTION[found[0]["start"] : found[0]["end"]]) == ("question", "rheumatoid  arthritis")
    assert (len(found), unfound) == (1, ["tub"])


def test_words_of_neither_text_are_no_mention_but_are_kept_beside_them_and_told() -> None:
    example = [named("question", "macrocytic anemia"), named("answer", "Folic acid"), named("answer", "folic  ACID")]
    row, _ = extract(json.dumps({"mentions": [named("question", "gout"), *example, named("answer", "tubulin")]}))
    assert [m["text"] for m in row["mentions"]] == ["gout", "tubulin"]
    assert row["unfound_mentions"] == ["macrocytic anemia", "Folic acid"]
    row, _ = extract(json.dumps({"mentions": example}))
    assert row["rejected_because"] == "no_mentions"
    assert row["unfound_mentions"] == ["macrocytic anemia", "Folic acid"]
    assert row["rejected_detail"].endswith("2 entities stand in neither, such as 'macrocytic anemia'")


def test_the_list_is_bounded_by_the_length_of_the_texts() -> None:
    good = json.dumps({"mentions": [named("question", "gout"), named("answer", "Colchicine")]})
    _, [request] = extract(good)
    assert request.bounded_format is not None
    schema = request.bounded_format["json_schema"]["schema"]
    assert schema["properties"]["mentions"]["maxItems"] == 8
    assert schema["$defs"]["Named"]["properties"]["text"]["maxLength"] == 80


def test_a_type_that_no_graph_has_is_kept() -> None:
    assert mentions_in([Named(**named("question", "gout", "symptom"))], TEXTS)[0][0]["type"] == "symptom"


def test_the_same_words_at_the_same_place_are_one_mention_and_blank_ones_none() -> None:
    twice = [
        Named(**named("question", "gout")),
        Named(**named("question", "GOUT", "drug")),
        Named(**named("answer", " . ")),
    ]
    assert [m["type"] for m in mentions_in(twice, TEXTS)[0]] == ["disease"]


@pytest.mark.parametrize(
    ("mentions", "detail"),
    [
        ([], "no entity named in the question and in the answer"),
        ([named("question", "gout")], "no entity named in the answer"),
        ([named("answer", "Colchicine"), named("question", "fever", negated=True)], "no entity named in the question"),
    ],
)
def test_a_side_without_entity_rejects(mentions: list, detail: str) -> None:
    row, _ = extract(json.dumps({"mentions": mentions}))
    assert (row["rejected_because"], row["rejected_detail"]) == ("no_mentions", detail)


def test_a_reply_in_another_form_is_asked_for_again_and_then_rejects() -> None:
    good = json.dumps({"mentions": [named("question", "gout"), named("answer", "Colchicine")]})
    row, requests = extract("Gout and colchicine.", '{"mentions": [{"text": "gout"}]}', good)
    assert (row["rejected_because"], len(requests)) == (None, 3)
    row, requests = extract("gout", "gout and colchicine", "no JSON at all")
    assert (row["rejected_because"], row["mentions"], len(requests)) == ("bad_json", None, 3)
