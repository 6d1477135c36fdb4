"""Paths from the graph for real questions, with the relevance that two readers give them: benchmarks/relevance_labels.jsonl.

    python -m benchmarks.relevance sheet OUT.jsonl [N]              # about N paths to label, from $SHARED_DATA; OUT.key.jsonl: what readers must not see
    python -m benchmarks.relevance merge OUT.jsonl A.jsonl B.jsonl  # two readers' labels into relevance_labels.jsonl, and their agreement

2: a clinician would cite the path as a reason why the answer is right in this case. 1: true and useful context about the case's own
concepts. 0: coincidental, side detail, circular, wrong sense, or pointing the wrong way. w: an end is another concept than the text means.

Questions: those of MedQA, MedMCQA and PubMedQA in $SHARED_DATA, every split, without the questions of path_relevance/labels.tsv there.
A third of the paths each (``drawn_from``): ``kept`` by rank_paths today; what a model fitted on these labels (benchmarks/relevance_draft.py)
would publish (``published``); what it narrowly rejects (``narrow``). Whole questions are drawn, a third from each source, so that
most have all of their kept, or all of their published paths in the sheet (11 minutes on 2 cores, most of them for MiniLM). No text of a
question is copied here, only ids, nodes and labels.
``part``: "build", or "held", which is looked at only at the end; by a hash of the question's id, so a question is in one part only.
"""

import csv
import hashlib
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score
from tabulate import tabulate

from benchmarks.relevance_draft import Graph, auc, context, cosines, cross_validated, features, fit
from dataset_builder.pipelines import kg_only
from dataset_builder.prompt import path_line
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.sources.raw_splits import splits_in
from dataset_builder.stages.rank_paths import rank_paths
from kg import KG
from kg.embedder import named
from tests.support.shared_data import SHARED_DATA

LABELS = Path(__file__).with_name("relevance_labels.jsonl")
GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"
PUBLIC = SHARED_DATA / "path_relevance" / "labels.tsv"
SOURCES = ("medqa", "medmcqa", "pubmedqa_labeled")
ITEMS, SEED, PER_QUESTION = 660, 2026, 4
PUBLISHED, NARROW, MOST_PUBLISHED = 0.3, 0.1, 3  # probabilities; paths of a row
MOST = {"kept": 3, "published": 3, "narrow": 2}  # paths of a question for each kind
AROUND = 60  # characters of the text before and after a mention
KEY = ("drawn_from", "score", "kept", "kinds")  # of an item: not for readers
Item = dict[str, Any]


def questions() -> dict[str, Item]:
    """Every usable question of the sources by its id, each once."""
    hub = SHARED_DATA / "hub"
    found = (read_questions([n], {n: split}, data_dir=hub)[0] for n, split in splits_in(hub) if n in SOURCES)
    return {row["id"]: row for rows in found for row in rows if row["rejected_because"] is None}


def ranked(kg: KG, rows: Iterable[Item]) -> dict[str, Item]:
    """The questions that have paths after kg_only's ranking, with the columns of its stages; none is called a benchmark's."""
    stages = kg_only(kg, seed=0)
    upto = [stage.name for stage in stages].index(rank_paths.name) + 1
    done, _ = run(on_disk(list(rows)), stages[:upto])
    return {row["id"]: row for row in done.to_list() if row["rejected_because"] is None}


def usable(kg: KG, row: Item) -> list[list[int]]:
    """The candidate paths of all pairs that the ranking admits: each pair is ranked alone, and rejected or not."""
    pairs = row["candidate_paths"]
    alone = {name: [row[name]] * len(pairs) for name in rank_paths.needs if name != "candidate_paths"}
    batch = {name: alone.get(name) or [[pair] for pair in pairs] for name in rank_paths.needs}
    admitted = rank_paths(batch, kg=kg, keep=1, max_hops=4)["rejected_because"]
    return [path for pair, why in zip(pairs, admitted, strict=True) if why is None for path in pair["paths"]]


def scored(kg: KG, rows: Mapping[str, Item]) -> list[Item]:
    """Every usable path of the questions without labels, with its probability of being relevant; prints how well the model does."""
    ranks = ranked(kg, rows.values())
    lines = csv.DictReader(PUBLIC.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    given = [(line["id"], list(map(int, line["nodes"].split())), line) for line in lines]
    known = {question for question, *_ in given}
    new = [(i, path) for i, row in ranks.items() if i not in known for path in usable(kg, row)]
    g, ctx = Graph(kg), {i: context(rows[i], kg) for i in {*known, *(i for i, _ in new)}}
    others = random.Random(0).sample(sorted(rows.keys() - known), 1000)
    seen = Counter(n for i in others for n in {n for m in kg.find_mentions(rows[i]["question"]) for n in m.nodes})
    paths = [(i, path) for i, path, _ in given] + new
    near = cosines([rows[i] for i, _ in paths], [path for _, path in paths], kg, named("minilm"))
    x = np.array([[*features(path, kg, g, ctx[i], seen).values()] for i, path in paths])
    x, n = np.c_[x, near], len(given)
    label = np.array([(int(line["label_a"]) + int(line["label_b"])) / 2 for *_, line in given])
    soft = (label / 1.5).clip(0, 1)  # an explaining path weighs more
    runs = cross_validated(x[:n], soft, [i for i, *_ in given])
    aucs = [auc(label >= 1, scores) for scores in runs]
    print(f"{n} labels of {len(known)} questions, {(label >= 1).sum()} relevant: AUC {np.mean(aucs):.3f} by question")
    found = fit(x[:n], soft).probability(x[n:]).tolist()
    print(f"{len(new)} paths of {len({i for i, _ in new})} other questions")
    return _with_kinds([_item(ranks[i], path, score) for (i, path), score in zip(new, found, strict=True)])


def _item(row: Item, path: list[int], score: float) -> Item:
    kept = [p["nodes"] for p in row["paths"]]
    rank = kept.index(path) + 1 if path in kept else None
    return {"row": row, "nodes": path, "score": round(score, 4), "kept": rank, "kinds": ["kept"] if rank else []}


def _with_kinds(items: list[Item]) -> list[Item]:
    """A path can be of several kinds: kept today, and published or narrowly rejected by the model."""
    published = Counter()
    for item in sorted(items, key=lambda item: -item["score"]):
        question = item["row"]["id"]
        if item["score"] >= PUBLISHED and published[question] < MOST_PUBLISHED:
            published[question] += 1
            item["kinds"].append("published")
        elif NARROW <= item["score"] < PUBLISHED:
            item["kinds"].append("narrow")
    return items


def drawn(items: list[Item], wanted: int) -> list[Item]:
    """About ``wanted`` items, shuffled, each with the kind that it was drawn for. The source with the fewest comes first; others fill up."""
    draw, chosen, taken = random.Random(SEED), [], Counter()
    for kind, most in MOST.items():
        pools = {source: defaultdict(list) for source in SOURCES}
        for item in items:
            if kind in item["kinds"]:
                pools[item["row"]["source"]][item["row"]["id"]].append(item)
        left = wanted // len(MOST)
        for nth, pool in enumerate(sorted(pools.values(), key=lambda pool: sum(map(len, pool.values())))):
            quota = -(-left // (len(SOURCES) - nth))
            order = sorted(pool)
            draw.shuffle(order)
            for question in order:
                new = [item for item in pool[question] if "drawn_from" not in item]
                new = draw.sample(new, min(len(new), most, PER_QUESTION - taken[question], max(quota, 0)))
                for item in new:
                    item["drawn_from"] = kind
                chosen += new
                taken[question] += len(new)
                quota, left = quota - len(new), left - len(new)
    draw.shuffle(chosen)
    return chosen


def shown(kg: KG, number: int, item: Item) -> Item:
    """What readers see of an item, and what becomes of it in the labels."""
    row, told = item["row"], kg.describe(item["nodes"])
    options = {option["label"]: option["text"] for option in row["options"]}
    answer = row["gold_text"] if row["answer_type"] == "yes/no/maybe" else row["answer"]
    held = hashlib.blake2b(row["id"].encode()).digest()[0] % 2
    return {
        "id": number, "source": row["source"], "question_id": row["id"], "nodes": item["nodes"],
        "part": "held" if held else "build", "context": row["context"], "question": row["question"],
        "options": options, "gold": row["answer"], "gold_label": row["answer_label"], "path": path_line(told),
        "statements": [" and ".join(relation["statement"] for relation in hop) for hop in told["hops"]],
        "start_in": _named_in(row, "question", row["question"], item["nodes"][0]),
        "end_in": _named_in(row, "answer", answer, item["nodes"][-1]),
    }  # fmt: skip


def _named_in(row: Item, place: str, text: str, node: int) -> list[str]:
    """The words that stand for this node, in [[ ]], with a little of the text around them."""
    own = {link["mention"] for link in row["nodes"] if link["node"] == node}
    found = [m for i, m in enumerate(row["mentions"]) if i in own and m["place"] == place and m["end"] <= len(text)]
    return [
        f"{text[max(0, m['start'] - AROUND) : m['start']]}[[{m['text']}]]{text[m['end'] : m['end'] + AROUND]}"
        for m in found
        if not m["negated"]
    ]


def merge(kg: KG, items: list[Item], key: Mapping[int, Item], *readers: Mapping[int, Item]) -> Iterator[Item]:
    """The items that both readers labelled, without texts, in the order of questions."""
    first, second = readers
    for item in sorted(items, key=lambda item: (item["question_id"], item["nodes"])):
        if (number := item["id"]) in first and number in second:
            at = np.searchsorted(kg.nodes.index, item["nodes"]).tolist()
            yield {
                "source": item["source"], "question_id": item["question_id"], "nodes": item["nodes"],
                "node_ids": [f"{kg.nodes.source[v]}:{kg.nodes.id[v]}" for v in at], "path": item["path"],
                "drawn_from": key[number]["drawn_from"], "kinds": key[number]["kinds"], "part": item["part"],
                "label_first": first[number]["label"], "label_second": second[number]["label"],
                "w_first": first[number]["w"], "w_second": second[number]["w"],
            }  # fmt: skip


def agreement(rows: list[Item]) -> Iterator[str]:
    """The share on which both agree, and Cohen's kappa: of the label, of relevant or not, of explaining or not, of a wrong sense."""
    pairs = [(row["label_first"], row["label_second"]) for row in rows]
    asked = {
        "label": pairs,
        "relevant": [(a >= 1, b >= 1) for a, b in pairs],
        "explains": [(a == 2, b == 2) for a, b in pairs],
        "wrong sense": [(row["w_first"], row["w_second"]) for row in rows],
    }
    for name, given in asked.items():
        left, right = zip(*given, strict=True)
        same = np.mean([a == b for a, b in given])
        kappa = 1.0 if len({*left, *right}) == 1 else cohen_kappa_score(left, right)
        yield f"{name}: {same:.1%} of {len(given)}, kappa {kappa:.2f}; first {dict(Counter(left).most_common())}"


def counts(items: list[Item], chosen: list[Item]) -> str:
    """Per source and kind: paths in the sheet, of how many there are."""
    there = Counter((item["row"]["source"], kind) for item in items for kind in item["kinds"])
    taken = Counter((item["row"]["source"], item["drawn_from"]) for item in chosen)
    rows = [[source, *(f"{taken[source, kind]} of {there[source, kind]}" for kind in MOST)] for source in SOURCES]
    return tabulate(rows, ["source", *MOST], "github")


def _read(path: Path | str) -> list[Item]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines() if line.strip()]


def _write(path: Path, rows: Iterable[Item]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def _checked(labels: list[Item]) -> dict[int, Item]:
    """A reader's labels by item. Raises ValueError for one that is none."""
    for given in labels:
        if given.get("label") not in (0, 1, 2) or not isinstance(given.get("w"), bool):
            raise ValueError(f'found {given}; expected {{"id": number, "label": 0, 1 or 2, "w": true or false}}')
    return {given["id"]: given for given in labels}


def main(argv: list[str]) -> None:
    """Make the sheet, or merge its labels."""
    command, out, *rest = argv
    kg, key_file = KG.load(GRAPH), Path(out).with_suffix(".key.jsonl")
    if command == "sheet":
        chosen = drawn(items := scored(kg, questions()), int(rest[0]) if rest else ITEMS)
        _write(Path(out), (shown(kg, number, item) for number, item in enumerate(chosen, 1)))
        _write(key_file, ({"id": n} | {name: item[name] for name in KEY} for n, item in enumerate(chosen, 1)))
        print(counts(items, chosen))
        return
    items, key = _read(out), {entry["id"]: entry for entry in _read(key_file)}
    rows = list(merge(kg, items, key, *(_checked(_read(path)) for path in rest)))
    _write(LABELS, rows)
    print(f"{len(rows)} of {len(items)} items have both labels", *agreement(rows), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
