"""Paths from the graph for real questions, the relevance that two readers give them, and the model that is fitted on it (docs/relevance.md).

    python -m benchmarks.relevance sheet OUT.jsonl [N]              # about N paths to label, from $SHARED_DATA; OUT.key.jsonl: what readers must not see
    python -m benchmarks.relevance merge OUT.jsonl A.jsonl B.jsonl  # adds two readers' labels to relevance_labels.jsonl; their agreement
    python -m benchmarks.relevance fit                              # fits on all labels; writes dataset_builder/relevance/weights.tsv
    python -m benchmarks.relevance report                           # every figure of docs/relevance.md, and its picture

2: a clinician would cite the path as a reason why the answer is right in this case. 1: true and useful context about the case's own
concepts. 0: coincidental, side detail, circular, wrong sense, or pointing the wrong way. w: an end is another concept than the text means.

Questions: those of MedQA, MedMCQA and PubMedQA in $SHARED_DATA, every split. A sheet has paths without a label: those that kg_only would publish with
a threshold of WIDE (``gate``, judged by models that have not seen a label of their question), and some that it publishes without a threshold (``control``).
No text of a question is copied here, only ids, nodes and labels. ``part``: "build", or "held", by a hash of the question's id.
The first 660 labels (``kept``, ``published``, ``narrow``) were drawn by an earlier model; git show 8ae3937:benchmarks/relevance.py.
"""

import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score

from benchmarks import relevance_report
from benchmarks.relevance_cases import GRAPH, LABELS, Item, questions, read_labels, searched
from benchmarks.relevance_fit import kept, labelled, models_by_question, write_weights
from dataset_builder.prompt import path_line
from kg import KG

ITEMS, CONTROLS, SEED, WIDE = 500, 0.12, 7, 0.25
AROUND = 60  # characters of the text before and after a mention


def drawn(kg: KG, wanted: int) -> list[Item]:
    """About ``wanted`` paths without a label, shuffled, each with the kind that it was drawn for."""
    rows, labels = searched(kg, questions().values()), read_labels()
    models, known = models_by_question(labelled(kg, rows, labels), list(rows)), {(x.question, x.nodes) for x in labels}
    draw, chosen = random.Random(SEED), []
    for kind, threshold, most in (("control", 0.0, round(wanted * CONTROLS)), ("gate", WIDE, wanted)):
        paths = [(i, path) for i, some in kept(kg, rows, models, threshold).items() for path in some]
        new = [(i, path) for i, path in paths if (i, tuple(path["nodes"])) not in known]
        for i, path in draw.sample(new, min(most - len(chosen), len(new))):
            known.add((i, tuple(path["nodes"])))
            chosen.append({"row": rows[i], "nodes": path["nodes"], "drawn_from": kind, "relevance": path["relevance"]})
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
                "drawn_from": key[number]["drawn_from"], "part": item["part"],
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


def make_sheet(kg: KG, out: Path, wanted: int) -> None:
    """Write the sheet, and beside it the key."""
    chosen = drawn(kg, wanted)
    _write(out, (shown(kg, number, item) for number, item in enumerate(chosen, 1)))
    key = (
        {"id": n, "drawn_from": item["drawn_from"], "relevance": item["relevance"]} for n, item in enumerate(chosen, 1)
    )
    _write(out.with_suffix(".key.jsonl"), key)
    print(
        f"{len(chosen)} paths of {len({item['row']['id'] for item in chosen})} questions: {Counter(x['drawn_from'] for x in chosen)}"
    )


def add_labels(kg: KG, sheet: Path, *readers: str) -> None:
    """Add two readers' labels of a sheet to those in the repository."""
    items, key = _read(sheet), {entry["id"]: entry for entry in _read(sheet.with_suffix(".key.jsonl"))}
    rows = list(merge(kg, items, key, *(_checked(_read(path)) for path in readers)))
    new = {(row["question_id"], tuple(row["nodes"])) for row in rows}
    _write(LABELS, [*(row for row in _read(LABELS) if (row["question_id"], tuple(row["nodes"])) not in new), *rows])
    print(f"{len(rows)} of {len(items)} items have both labels", *agreement(rows), sep="\n")


def main(argv: list[str]) -> None:
    """Do what the first argument says."""
    kg = KG.load(GRAPH)
    match argv:
        case ["sheet", out, *rest]:
            make_sheet(kg, Path(out), int(rest[0]) if rest else ITEMS)
        case ["merge", sheet, first, second]:
            add_labels(kg, Path(sheet), first, second)
        case ["fit"]:
            rows, labels = searched(kg, questions().values()), read_labels()
            write_weights(kg, data := labelled(kg, rows, labels))
            print(
                f"fitted on {len(data.labels)} labels; {len(labels) - len(data.labels)} are of paths that are no candidates today"
            )
        case ["report"]:
            relevance_report.report(kg)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
