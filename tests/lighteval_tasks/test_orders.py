"""Items in several orders of their options: an item counts once, and a model that looks at places alone is found out."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import permutation_test

from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks import comparison, orders, scores
from lighteval_tasks.compare import compare_runs
from lighteval_tasks.intervals import clustered, mcnemar, sign_flip, wilson
from lighteval_tasks.items import in_orders, item_and_order, limited, prepare, question_id, read_items
from lighteval_tasks.ledger import PublishedLedger
from lighteval_tasks.outcomes import read_run
from tests.lighteval_tasks.commands import score, tasks_of
from tests.lighteval_tasks.runs import OPTIONS, item, run
from tests.support.llm_server.running import running
from tests.support.scoring_items import write_items

TEXTS = tuple(option["text"] for option in OPTIONS)  # gout, the first, is gold
ORDERS = ((0, 1, 2, 3), (1, 0, 2, 3), (3, 2, 1, 0), (2, 3, 0, 1))


def asked(number: int, *labels: str) -> list[dict[str, Any]]:
    """An item that was answered with these labels, each in its order of the options; "" is an answer that cannot be read."""
    made = []
    for at, label in enumerate(labels):
        row = item(number, f"The answer is {label}." if label else "I cannot say.", gold="ABCD"[ORDERS[at].index(0)])
        options = [{"label": to, "text": TEXTS[of]} for to, of in zip("ABCD", ORDERS[at], strict=True)]
        row["doc"]["specific"] |= {"options": options, "id": row["doc"]["specific"]["id"] + (f"@{at}" if at else "")}
        made.append(row)
    return made


def says(number: int, *texts: str) -> list[dict[str, Any]]:
    """An item that was answered with the labels of these texts."""
    return asked(number, *("ABCD"[ORDERS[at].index(TEXTS.index(text))] for at, text in enumerate(texts)))


def summarized(folder: Path, rows: Sequence[dict[str, Any]], ledger: PublishedLedger | None = None) -> dict[str, Any]:
    (task,) = read_run(run(folder, rows))
    return scores.summarize(task, ledger)


def test_an_item_counts_once_with_its_mean(tmp_path: Path) -> None:
    rows = says(1, "gout", "gout", "kuru", "gout") + says(2, "kuru", "kuru", "kuru", "kuru")
    rows += asked(3, "A")  # an item that can be asked in the published order alone
    found = summarized(tmp_path, rows)
    assert (found["items"], found["outputs"], found["correct"]) == (3, 9, 4)
    assert found["accuracy"] == pytest.approx((3 / 4 + 0 + 1) / 3)
    of = found["orders"]
    assert (of["number"], of["items"]) == (4, 2)
    assert [one["correct"] for one in of["by_order"]] == [2, 2, 1, 2] and {one["items"] for one in of["by_order"]} == {
        3
    }
    assert of["flip_rate"] == pytest.approx((3 / 6 + 0) / 2)
    assert (of["consistent"], of["changed"], of["incomplete"], of["right_in_all"]) == (0.5, 0.5, 0, 0)
    assert found["published_rule"]["items"] == 3, "the published rule reads the published order"


def test_answers_that_were_not_read_are_no_flips_and_said(tmp_path: Path) -> None:
    rows = asked(1, "A", "", "", "") + asked(2, "", "", "", "") + says(3, "gout", "kuru") + asked(4, "A", "B", "")
    of = summarized(tmp_path, rows)["orders"]
    assert (of["items"], of["flip_items"]) == (4, 2)
    assert of["flip_rate"] == pytest.approx((1 + 0) / 2), "A in the first order and B in the second are both gout"
    assert (of["consistent"], of["changed"], of["incomplete"]) == (0, 0.25, 0.75)
    silent = summarized(tmp_path / "silent", asked(1, "", ""))["orders"]
    assert silent["flip_rate"] is silent["position_bias"] is None and silent["incomplete"] == 1


def test_the_bias_to_a_place(tmp_path: Path) -> None:
    always = [row for number in range(20) for row in asked(number, "A", "A", "A", "A")]
    of = summarized(tmp_path / "always", always)["orders"]
    assert of["labels"]["A"] == {"chosen": 1, "gold": 0.25} and of["position_bias"] == 0.75
    assert of["flip_rate"] == 1 and of["consistent"] == 0
    reads = [row for number in range(20) for row in says(number, "kuru", "kuru", "kuru", "kuru")]
    of = summarized(tmp_path / "reads", reads)["orders"]
    assert of["flip_rate"] == 0 and of["consistent"] == 1 and of["right_in_all"] == 0


def test_clean_scores_leave_out_all_orders_of_a_question(tmp_path: Path) -> None:
    ledger = PublishedLedger("build/x", {"medqa": {f"medqa:{1:016x}"}}, frozenset({"medqa"}))
    clean = summarized(tmp_path, says(1, "gout", "gout") + says(2, "gout", "kuru"), ledger)["clean"]
    assert (clean["items"], clean["outputs"], clean["accuracy"]) == (1, 2, 0.5)


def test_the_table_says_it(tmp_path: Path) -> None:
    task = summarized(tmp_path, says(1, "gout", "kuru") + says(2, "gout", "gout"))
    made = {"model": "m", "revision": "v1", "engine": {}, "tasks": [task]}
    text = scores.table(made)
    assert "| medqa | free | 4 | 2 | 100.0, 50.0 | 50.0 % [" in text and "chosen (right): A 3 (2), B 1 (2)" in text
    single = {**made, "tasks": [summarized(tmp_path / "one", asked(1, "A"))]}
    assert "flip rate" not in scores.table(single) and "orders" not in single["tasks"][0]


def test_the_interval_is_that_of_the_items() -> None:
    one = [1.0] * 60 + [0.0] * 40
    assert clustered(one, 100) == pytest.approx(wilson(60, 100))
    assert clustered(one, 400) == pytest.approx(wilson(60, 100)), "four equal answers tell no more than one"
    low, high = clustered([0.6] * 100, 400)
    assert (low, high) == pytest.approx(wilson(240, 400))
    assert clustered([1.0] * 50, 200) == pytest.approx(wilson(50, 50))


def test_the_interval_holds_the_truth() -> None:
    """Items differ in difficulty; 95 % of the intervals hold the mean, and those over outputs, as if independent, far fewer."""
    rng, held, naive = np.random.default_rng(4), 0, 0
    for _ in range(400):
        difficulty = rng.beta(0.6, 0.4, 150)
        shares = rng.binomial(4, difficulty) / 4
        (low, high), (thin, thick) = clustered(list(shares), 600), wilson(float(shares.sum()) * 4, 600)
        held, naive = held + (low <= 0.6 <= high), naive + (thin <= 0.6 <= thick)
    assert held / 400 >= 0.92 > 0.85 > naive / 400


def test_the_sign_flip_test_is_mcnemars_and_scipys() -> None:
    rng = np.random.default_rng(2)
    for ones, minus in ((0, 0), (5, 20), (1, 0), (30, 30)):
        assert sign_flip([1.0] * ones + [-1.0] * minus + [0.0] * 7) == pytest.approx(mcnemar(ones, minus))
    differences = rng.integers(-4, 5, 11) / 4
    exact = permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=2**11)
    assert sign_flip(list(differences)) == pytest.approx(float(exact.pvalue))
    assert sign_flip([1 / 3, 1 / 2, -1 / 3]) == pytest.approx(6 / 8)


def test_comparisons_pair_the_means_of_items(tmp_path: Path) -> None:
    a = run(tmp_path / "a", [row for n in range(30) for row in says(n, "kuru", "gout", "kuru", "kuru")])
    b = run(tmp_path / "b", [row for n in range(30) for row in says(n, "gout", "gout", "kuru", "gout")][::-1])
    made = compare_runs(a, b)
    (one,) = made["raw"]["tasks"]
    assert (one["items"], one["a"], one["b"], one["only_b"]) == (30, 0.25, 0.75, 30)
    assert one["p"] == pytest.approx(2 * 0.5**30) and one["low"] == one["high"] == 0.5
    text = comparison.markdown(made)
    assert "mean over 4 orders of its options" in text and "Flip rate: A 50.0 %, B 50.0 %." in text


def test_runs_in_other_orders_are_compared_in_the_published_one(tmp_path: Path) -> None:
    a = run(tmp_path / "a", [row for n in range(30) for row in says(n, "kuru", "gout", "gout", "gout")])
    b = run(tmp_path / "b", [row for n in range(30) for row in says(n, "gout")])
    made = compare_runs(a, b)
    (one,) = made["raw"]["tasks"]
    assert (one["items"], one["a"], one["b"]) == (30, 0, 1)
    assert (
        "A was asked in 4 orders of the options and B in 1: only the published order is compared"
        in comparison.markdown(made)
    )
    assert compare_runs(b, b)["orders"] == []


def test_prepared_items_in_four_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDICAL_DATA_DIR", str(write_items(tmp_path)))
    once = prepare("medbullets_op4")
    monkeypatch.setenv("MEDICAL_ORDERS", "4")
    about = json.loads((prepare("medbullets_op4") / "items.json").read_text())
    rows = read_items("medbullets_op4", tmp_path).rows
    assert about["orders"] == 4 and about["ids"] == [one["id"] for row in rows for one in in_orders(row, 4)]
    assert len(about["ids"]) == len(set(about["ids"])) > 3 * len(rows)
    assert [i for i in about["ids"] if "@" not in i] == [row["id"] for row in rows]
    monkeypatch.setenv("MEDICAL_LIMIT", "3")
    some = json.loads((prepare("medbullets_op4") / "items.json").read_text())["ids"]
    assert {item_and_order(i)[0] for i in some} == {row["id"] for row in limited(rows, 3)} and len(some) == 12
    monkeypatch.setenv("MEDICAL_ORDERS", "1")
    assert prepare("medbullets_op4") == once, "lighteval's own limit holds"
    monkeypatch.setenv("MEDICAL_ORDERS", "four")
    with pytest.raises(SourceError, match=r"\$MEDICAL_ORDERS: found 'four', expected a whole number above 0"):
        prepare("medbullets_op4")


def test_ids_of_orders() -> None:
    assert question_id("medqa:0a~2@3") == question_id("medqa:0a") == "medqa:0a"
    assert item_and_order("medqa:0a~2@3") == ("medqa:0a~2", 3) and item_and_order("medqa:0a~2") == ("medqa:0a~2", 0)


def test_an_item_that_refers_to_places_is_asked_once() -> None:
    row = {"id": "medqa:1", "question": "Why?", "context": None, "answer_type": "choice", "answer_label": "A"}
    row["options"] = [
        {"label": "A", "text": "gout"},
        {"label": "B", "text": "kuru"},
        {"label": "C", "text": "Both A and B"},
    ]
    assert in_orders(row, 4) == [row]
    decision = row | {"answer_type": "yes/no/maybe", "options": row["options"][:2]}
    assert in_orders(decision, 4) == [decision]
    two = row | {"options": row["options"][:2]}
    assert [one["id"] for one in in_orders(two, 4)] == ["medqa:1", "medqa:1@1"]
    assert in_orders(two, 4)[1]["answer_label"] == "B"


def first_option(request: dict[str, Any], *_: Any) -> str:
    """A model that always says A."""
    return "The answer is A."


def by_text(request: dict[str, Any], *_: Any) -> str:
    """A model that chooses among the texts, wherever they stand: the last one in the alphabet."""
    listed = re.findall(r"^([A-J])\. (.*)$", request["messages"][-1]["content"], re.MULTILINE)
    return f"The answer is {max(listed, key=lambda one: one[1])[0]}." if listed else "yes"


@pytest.mark.slow
def test_the_two_extremes_from_end_to_end(every_item: Path, tmp_path: Path) -> None:
    """A model that always says A flips in 1 - 1/k of the pairs and is right by chance; one that reads never flips."""
    flags = ("--backend", "litellm", "--tasks", "medqa,medmcqa_huatuo_compat,pubmedqa_labeled", "--limit", "60")

    def scored(name: str, reply: Any, *more: str) -> Path:
        with running(reply) as server:
            done = score(name, *flags, "--base-url", server.url, *more, "--out", str(tmp_path / name), hub=every_item)
        assert done.returncode == 0, done.stderr[-3000:]
        return tmp_path / name

    always = scored("always", first_option, "--orders", "4")
    found = tasks_of(always)
    for task in (found["medqa", "free"], found["medmcqa", "huatuo_compat"]):
        assert task["items"] == 60 and task["outputs"] == 60 + 3 * task["orders"]["items"]
        assert task["orders"]["flip_rate"] == pytest.approx(1 - 5 / 23, abs=0.09), "no order comes twice"
        assert task["accuracy"] == pytest.approx(1 / 4, abs=0.1)
        assert task["orders"]["labels"]["A"]["chosen"] == 1 and task["orders"]["position_bias"] > 0.6
    assert found["pubmedqa_labeled", "free"]["items"] == 60 and "orders" not in found["pubmedqa_labeled", "free"]
    reads, once = scored("reads", by_text, "--orders", "4"), scored("once", by_text)
    for key in (("medqa", "free"), ("medmcqa", "huatuo_compat")):
        task, before = tasks_of(reads)[key], tasks_of(once)[key]
        assert task["orders"]["flip_rate"] == 0 and task["orders"]["consistent"] == 1
        assert task["accuracy"] == before["accuracy"] == task["orders"]["by_order"][0]["accuracy"]
        assert (task["low"], task["high"]) == pytest.approx((before["low"], before["high"]))
        assert task["published_rule"] == before["published_rule"]
    for with_orders, without in zip(read_run(reads / "details"), read_run(once / "details"), strict=True):
        assert {one.item for one in with_orders.outcomes} == {one.id for one in without.outcomes}, "the same limit"
    (against,) = compare_runs(reads, once)["orders"][:1]
    assert (against["a"], against["used"]) == (4, 1)
    assert orders.table(list(found.values()))[2].startswith("| medqa | free |")
