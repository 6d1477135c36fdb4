"""Mentions become nodes: all that share the name, with method and score."""

from dataset_builder.llm.model import LLM
from dataset_builder.stages.link_nodes import link_nodes
from kg import Candidate
from tests.support.converse import converse

EDGES = (
    "Colchicine drug | indication | gout disease",
    "Colchicine drug | drug_effect: side effect | Diarrhea effect/phenotype",
    "Colchicine drug | contraindication | Diarrhea disease",
)


def mention(place: str, text: str, type_: str, negated: bool = False) -> dict:
    return {"place": place, "start": 0, "end": len(text), "text": text, "type": type_, "negated": negated}


def test_two_nodes_with_one_name_stay_two(make_kg) -> None:
    kg = make_kg(*EDGES)
    result = link_nodes(
        {"mentions": [[mention("question", "gout", "disease"), mention("answer", "diarrhea", "disease")]]}, kg=kg
    )
    nodes = result["nodes"][0]
    assert [(n["mention"], n["name"], n["type"]) for n in nodes] == [
        (0, "gout", "disease"),
        (1, "Diarrhea", "disease"),  # the mention's type first
        (1, "Diarrhea", "effect/phenotype"),
    ]
    assert {n["method"] for n in nodes} == {"exact"}
    assert all(kg.name_of(n["node"]) == n["name"] and 0 < n["score"] <= 1 for n in nodes)
    assert result["rejected_because"] == [None]


def test_rejects_where_a_side_has_no_node(make_kg) -> None:
    batch = {"mentions": [[mention("question", "gout", "disease"), mention("answer", "no such thing", "drug")]]}
    result = link_nodes(batch, kg=make_kg(*EDGES))
    assert (result["rejected_because"], result["rejected_detail"]) == (
        ["no_nodes"],
        ["no node for any mention in the answer"],
    )


def test_a_negated_mention_is_linked_but_is_no_side(make_kg) -> None:
    batch = {
        "mentions": [[mention("question", "gout", "disease", negated=True), mention("answer", "Colchicine", "drug")]]
    }
    result = link_nodes(batch, kg=make_kg(*EDGES))
    assert len(result["nodes"][0]) == 2
    assert result["rejected_because"] == ["no_nodes"]


# with a model


SIMILAR = {"the gout": [("gout", False), ("pseudogout", False)], "Colchicine": [("Colchicine", True)]}


class Graph:
    """Candidates as the linker gives them where names are only similar; the types that were asked for are kept."""

    types = frozenset({"disease", "drug"})

    def __init__(self, **similar: list[tuple[str, bool]]) -> None:
        self.similar = SIMILAR | similar
        self.asked: list[tuple[str, str | None]] = []

    def link(self, mentions, types, similar):
        self.asked += zip(mentions, types, strict=True)
        return [
            [
                Candidate(10 + i, name, "disease", 0.8 if sure else 0.7 - 0.09 * i, "similar", sure)
                for i, (name, sure) in enumerate(self.similar.get(m, [])[:similar])
            ]
            for m in mentions
        ]


def ask(kg, mentions: list[dict], *replies: str, max_candidates: int = 10, min_score: float = 0.6):
    said = iter(replies)
    batch = {"question": ["What helps in the gout?"], "mentions": [mentions]}
    columns, requests = converse(
        link_nodes.using(kg=kg, llm=LLM("m"), max_candidates=max_candidates, min_score=min_score),
        batch,
        lambda _: next(said),
    )
    return {name: values[0] for name, values in columns.items()}, requests


QUESTION, ANSWER = mention("question", "the gout", "disease"), mention("answer", "Colchicine", "drug")


def test_the_model_chooses_by_number_where_no_name_is_sure() -> None:
    row, requests = ask(Graph(), [QUESTION, ANSWER], '{"reason": "the same", "number": 2}')
    assert [(n["mention"], n["name"], n["method"]) for n in row["nodes"]] == [
        (0, "pseudogout", "chosen"),
        (1, "Colchicine", "similar"),
    ]
    prompt = requests[0].messages[-1]["content"]
    assert "\n1. gout (disease)\n2. pseudogout (disease)\n" in prompt
    assert 'Words: "the gout" (marked as: disease)' in prompt
    assert len(requests) == 1  # colchicine was sure


def test_none_of_them_leaves_the_mention_without_node() -> None:
    row, _ = ask(Graph(), [QUESTION, ANSWER], '{"reason": "another", "number": null}')
    assert (row["rejected_because"], row["rejected_detail"]) == ("no_nodes", "no node for any mention in the question")


def test_a_number_that_is_not_there_is_asked_for_again() -> None:
    row, requests = ask(Graph(), [QUESTION, ANSWER], '{"reason": "", "number": 3}', '{"reason": "", "number": 1}')
    assert row["nodes"][0]["name"] == "gout"
    assert "number 3 is none of the entries 1 to 2" in requests[1].messages[-1]["content"]
    row, _ = ask(Graph(), [QUESTION, ANSWER], *['{"reason": "", "number": 0}'] * 3)
    assert row["rejected_because"] == "bad_json"


def test_only_the_best_candidates_are_shown() -> None:
    _, requests = ask(Graph(), [QUESTION, ANSWER], '{"reason": "", "number": 1}', max_candidates=1)
    assert "pseudogout" not in requests[0].messages[-1]["content"]


def test_candidates_below_the_least_score_are_not_worth_a_call() -> None:
    _, requests = ask(Graph(), [QUESTION, ANSWER], '{"reason": "", "number": 1}', min_score=0.65)
    assert "pseudogout" not in requests[0].messages[-1]["content"]
    row, requests = ask(Graph(), [QUESTION, ANSWER], min_score=0.75)
    assert (row["rejected_because"], requests) == ("no_nodes", [])


def test_the_same_words_are_asked_about_once_and_negated_ones_never() -> None:
    denied = mention("question", "the gout", "disease", negated=True)
    row, requests = ask(Graph(), [QUESTION, dict(QUESTION), ANSWER], '{"reason": "", "number": 1}')
    assert ([n["mention"] for n in row["nodes"]], len(requests)) == ([0, 1, 2], 1)
    row, requests = ask(Graph(), [denied, ANSWER])
    assert (row["rejected_because"], requests) == ("no_nodes", [])


def test_a_type_that_the_graph_lacks_is_looked_up_across_all_types() -> None:
    kg = Graph()
    ask(kg, [mention("question", "the gout", "symptom"), ANSWER], '{"reason": "", "number": 1}')
    assert set(kg.asked) == {("the gout", None), ("Colchicine", "drug")}


def test_a_type_that_a_real_graph_lacks_finds_the_node(make_kg) -> None:
    row, _ = ask(make_kg(*EDGES), [mention("question", "Gout", "condition"), ANSWER])
    assert [n["name"] for n in row["nodes"]] == ["gout", "Colchicine"]


def test_an_abbreviation_is_linked_by_what_the_text_defines_it_as(make_kg) -> None:
    kg = make_kg(*EDGES, "GUT gene/protein | associated with | gout disease")
    short = mention("question", "GUT", "disease") | {"means": "gout"}
    result = link_nodes({"mentions": [[short, mention("answer", "Colchicine", "drug")]]}, kg=kg)
    assert [node["name"] for node in result["nodes"][0]] == ["gout", "Colchicine"]


def test_a_mention_of_a_relative_is_linked_but_is_no_side(make_kg) -> None:
    told = mention("question", "gout", "disease") | {"family": True}
    result = link_nodes({"mentions": [[told, mention("answer", "Colchicine", "drug")]]}, kg=make_kg(*EDGES))
    assert len(result["nodes"][0]) == 2 and result["rejected_because"] == ["no_nodes"]
