"""Questions made from a graph: exactly one option is right, by a walk of the graph's edges that is written here anew."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from dataset_builder.commands.sources.kg_questions import wanted_numbers
from kg import KG, SAMPLE, GraphError
from kg.questions import Drawn, Question, make
from kg.questions.splits import COMBINATION, FACT, TRAIN, split_of
from kg.questions.wording import NOUNS, Wording, question_text, wordings


@pytest.fixture(scope="module")
def sample() -> KG:
    return KG.load("sample")


@pytest.fixture(scope="module")
def drawn(sample: KG) -> Drawn:
    return make(sample, wanted_numbers(32), seed=3)


Lines = Mapping[
    tuple[int, str], set[tuple[int, str]]
]  # (node, relation) to the nodes that a line has with it, and display_relation


@pytest.fixture(scope="module")
def lines() -> Lines:
    found = defaultdict(set)
    with SAMPLE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            x, y = int(row["x_index"]), int(row["y_index"])
            found[x, row["relation"]].add((y, row["display_relation"]))
            found[y, row["relation"]].add((x, row["display_relation"]))
    return found


def steps_in_words(question: Question) -> list[Wording]:
    """The steps that the text states, from the named node to the answer: read from the words alone."""
    words, steps = question.text.removeprefix("Which of these "), []
    subject = next(kind for kind, (_, plural) in NOUNS.items() if words.startswith(f"{plural} "))
    words = words.removeprefix(f"{NOUNS[subject][1]} ")
    while words:
        step = next(
            one
            for one in sorted(wordings(), key=lambda one: -len(one.phrase))
            if one.subject == subject and words.startswith(f"{one.phrase} ") and _object_follows(one, words)
        )
        steps.append(step)
        rest, subject = words.removeprefix(f"{step.phrase} "), step.object
        joint = f"{NOUNS[subject][0]} that "
        words = rest.removeprefix(joint) if rest.startswith(joint) else ""
    return steps[::-1]


def _object_follows(step: Wording, words: str) -> bool:
    rest, noun = words.removeprefix(f"{step.phrase} "), NOUNS[step.object][0]
    return rest.startswith((f"{noun} that ", f"the {noun.split(' ', 1)[1]} "))


def reached(lines: Lines, kg: KG, start: int, steps: Sequence[Wording]) -> set[int]:
    layer = {start}
    for step in steps:
        layer = {
            other
            for node in layer
            for other, display in lines[node, step.relation]
            if step.display in ("*", display) and kg.type_of(other) == step.subject
        }
    return layer


def test_exactly_one_option_is_reached_by_what_the_words_say(drawn: Drawn, sample: KG, lines: Lines) -> None:
    for question in drawn.questions:
        steps = steps_in_words(question)
        assert [step.relation for step in steps] == question.relations
        right = reached(lines, sample, question.path[0], steps)
        labels = [label for label, node in zip(question.options, question.option_nodes, strict=True) if node in right]
        assert labels == [question.label], question
        assert question.answers == len(right)


def test_the_answer_is_no_nearer_than_the_question_says_and_no_option_nearer_than_it(drawn: Drawn, sample: KG) -> None:
    for question in drawn.questions:
        pairs = [(question.path[0], node) for node in question.option_nodes]
        hops = [found.distance for found in sample.shortest_paths(pairs, keep=0)]
        right = list(question.options).index(question.label)
        assert hops.pop(right) == question.hops
        assert set(hops) == {question.distance} and question.distance >= question.hops


def test_the_path_is_stated_fact_by_fact(drawn: Drawn, sample: KG) -> None:
    for question in drawn.questions:
        assert len(question.statements) == question.hops == len(question.path) - 1
        for said, ends in zip(question.statements, pairwise(question.path), strict=True):
            assert all(sample.name_of(node).removesuffix(" (disease)") in said for node in ends)
            assert said in [hop["statement"] for hop in sample.describe(ends)["hops"][0]]


def test_all_kinds_are_made_and_no_question_twice(drawn: Drawn) -> None:
    kinds = Counter((question.hops, question.held_out) for question in drawn.questions)
    assert kinds[1, TRAIN] == kinds[2, TRAIN] == 32
    assert kinds[2, COMBINATION] == 8 and kinds[1, FACT] == 8 and kinds[1, COMBINATION] == 0
    assert len({question.text for question in drawn.questions}) == len(drawn.questions)
    assert Counter(question.label for question in drawn.questions).keys() == set("ABCD")


def test_no_two_facts_that_follow_one_another_are_in_both_splits(drawn: Drawn) -> None:
    of: dict[bool, set[frozenset[object]]] = {True: set(), False: set()}
    facts: dict[bool, set[object]] = {True: set(), False: set()}
    for question in drawn.questions:
        mine = [
            (frozenset(ends), relation)
            for ends, relation in zip(pairwise(question.path), question.relations, strict=True)
        ]
        of[question.is_train] |= {frozenset(two) for two in pairwise(mine)}
        facts[question.is_train] |= set(mine)
        if question.held_out == FACT:
            assert question.hops > 0
    assert of[True] and of[False] and not of[True] & of[False]
    for question in drawn.questions:
        mine = {
            (frozenset(ends), relation)
            for ends, relation in zip(pairwise(question.path), question.relations, strict=True)
        }
        if question.held_out == FACT:
            assert mine - facts[True]


def test_one_seed_gives_the_same_questions_and_another_others(sample: KG, drawn: Drawn) -> None:
    assert make(sample, wanted_numbers(32), seed=3).questions == drawn.questions
    assert make(sample, [(2, TRAIN, 20)], seed=4).questions != drawn.questions[:20]


def test_a_question_whose_paths_are_of_both_splits_is_in_none() -> None:
    a, b, c = (1, 2, "r"), (2, 3, "r"), (3, 4, "r")
    by_seed = {seed: (split_of([[a, b]], seed), split_of([[b, c]], seed)) for seed in range(60)}
    seed = next(seed for seed, both in by_seed.items() if set(both) == {TRAIN, COMBINATION})
    assert split_of([[a, b], [b, c]], seed) is None
    assert split_of([[a, b, c]], seed) is None
    assert split_of([[b, a]], seed) == by_seed[seed][0], "the same facts, asked from the other end"


def test_a_single_fact_is_for_training_or_held_out() -> None:
    found = Counter(split_of([[(1, node, "r")]], 0) for node in range(2000))
    assert set(found) == {TRAIN, FACT} and 150 < found[FACT] < 250


WORDINGS = [
    ("drug_protein", "target", "drug", "gene/protein", "targets the protein encoded by"),
    ("disease_protein", "*", "gene/protein", "disease", "is associated with"),
]


def test_the_text_names_the_start_last() -> None:
    gene_of, drug_of = (Wording(*row) for row in reversed(WORDINGS))
    text = question_text([gene_of, drug_of], "gout (disease)")
    assert text == (
        "Which of these drugs targets the protein encoded by a gene that is associated with the disease gout?"
    )


def test_every_wording_has_known_types_and_one_direction_each() -> None:
    keys = [(one.relation, one.display, one.subject, one.object) for one in wordings()]
    assert len(keys) == len(set(keys))
    assert {kind for one in wordings() for kind in (one.subject, one.object)} <= set(NOUNS)
    assert {(r, d, o, s) for r, d, s, o in keys} == set(keys), "each can be asked from both ends"


HEADER = "relation,display_relation,x_index,x_id,x_type,x_name,x_source,y_index,y_id,y_type,y_name,y_source"


def graph(folder: Path, rows: Sequence[str]) -> KG:
    file = folder / "kg.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return KG.load(str(file))


def edge(relation: str, display: str, x: tuple[int, str, str], y: tuple[int, str, str]) -> str:
    ends = [f"{n},T{n},{kind},{name},own" for n, kind, name in (x, y)]
    return f"{relation},{display},{','.join(ends)}"


def test_a_narrower_term_of_a_right_answer_is_no_wrong_option(tmp_path: Path) -> None:
    gout, drugs = (0, "disease", "Gouty attack"), [(n, "drug", f"Drug{n}") for n in range(1, 30)]
    phenotypes = [(n, "effect/phenotype", f"Sign{n}") for n in range(100, 106)]
    rows = [edge("disease_phenotype_positive", "phenotype present", gout, phenotypes[0])]
    rows += [edge("phenotype_phenotype", "parent-child", phenotypes[0], phenotypes[1])]
    others = [(n, "disease", f"Illness{n}") for n in range(40, 46)]
    for other, sign in zip(others, phenotypes[1:], strict=False):
        rows.append(edge("disease_phenotype_positive", "phenotype present", other, sign))
    rows += [edge("indication", "indication", drug, ill) for drug in drugs[:3] for ill in (gout, *others)]
    kg = graph(tmp_path, rows)
    found = make(kg, [(1, kind, 40) for kind in (TRAIN, FACT)], 0).questions
    asked = [q for q in found if q.text == "Which of these phenotypes can be present in the disease Gouty attack?"]
    assert asked and all("Sign101" not in q.options.values() for q in asked)


def test_a_name_that_contains_that_of_another_right_answer_is_no_wrong_option(tmp_path: Path) -> None:
    gout, kinds = (0, "gene/protein", "GENE0"), [(n, "disease", name) for n, name in enumerate(("Ataxia", "Gout"), 1)]
    others = [(n, "disease", f"Illness{n}") for n in range(10, 16)]
    late = (20, "disease", "Ataxia of late onset")
    genes = [(n, "gene/protein", f"GENE{n}") for n in range(30, 40)]
    rows = [edge("disease_protein", "associated with", kind, gout) for kind in kinds]
    rows += [
        edge("disease_protein", "associated with", ill, gene)
        for ill, gene in zip((*others, late), genes, strict=False)
    ]
    drug = (50, "drug", "Drug50")
    rows += [edge("indication", "indication", drug, ill) for ill in (*kinds, *others, late)]
    kg = graph(tmp_path, rows)
    found = [q for seed in range(20) for q in make(kg, [(1, kind, 40) for kind in (TRAIN, FACT)], seed).questions]
    asked = [q for q in found if q.text == "Which of these diseases is associated with the gene GENE0?"]
    assert {q.options[q.label] for q in asked} == {"Ataxia", "Gout"}
    assert all(late[2] not in q.options.values() for q in asked)


def test_a_graph_without_such_relations_gives_no_question(tmp_path: Path) -> None:
    rows = [edge("disease_disease", "parent-child", (0, "disease", "a"), (1, "disease", "b"))]
    assert make(graph(tmp_path, rows), wanted_numbers(4)).questions == []


def test_the_sample_is_a_graph(sample: KG) -> None:
    assert json.dumps(make(sample, [(2, TRAIN, 1)]).questions[0].options)
    with pytest.raises(GraphError):
        KG.load("no such graph")
