"""Pairs of names in sentences of real texts, with the relation that two readers say the sentence states: benchmarks/claim_gold.jsonl.

    python -m benchmarks.claim_gold sample ITEMS.jsonl              # items to label, with their sentences, from $SHARED_DATA
    python -m benchmarks.claim_gold merge ITEMS.jsonl A.jsonl B.jsonl    # two readers' labels into claim_gold.jsonl, and their agreement

Texts: the model outputs and people's explanations in $SHARED_DATA; no text is copied here, only file, row and offsets. Half of the items
are pairs that the claim reader of 2026-11-28 connects, half are any two names of one sentence; readers see neither which nor any verdict.
``part``: "build", or "held", which is looked at only at the end; by a hash of the text, so a text is in one part only.
"""

import gzip
import hashlib
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_builder.claim_check.check import check_text
from dataset_builder.claim_check.sentences import sentences
from kg import KG
from tests.support.shared_data import SHARED_DATA, outputs

GOLD = Path(__file__).with_name("claim_gold.jsonl")
GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"
EXPLANATIONS = {
    "medbullets": ("hub/medbullets/op5/test.jsonl.gz", "reason"),
    "medmcqa": ("hub/openlifescienceai/medmcqa/validation.jsonl.gz", "exp"),
}
ITEMS, SEED, LONGEST = 640, 2026, 400
LABELS = ("relation", "mode", "sense")
Item = dict[str, Any]


def texts() -> Iterator[tuple[str, str]]:
    """(file#row, text) of every model output and explanation."""
    for name, rows in outputs(SHARED_DATA).items():
        yield from ((f"{name}#{i}", text) for i, (text, *_) in enumerate(rows))
    for name, (file, column) in EXPLANATIONS.items():
        with gzip.open(SHARED_DATA / file, "rt", encoding="utf-8") as lines:
            yield from (
                (f"{name}#{i}", text) for i, line in enumerate(lines) if (text := json.loads(line).get(column))
            )


def sample() -> Iterator[Item]:
    """Items to label: at most one of each kind from a text, none from a text that has labels already."""
    kg, draw = KG.load(GRAPH, "none"), random.Random(SEED)
    labelled = (SHARED_DATA / "claim_reading" / "labels.jsonl").read_text("utf-8").splitlines()
    known = {json.loads(line)["sentence"] for line in labelled}
    every = sorted(texts())
    draw.shuffle(every)
    wanted = {"read": ITEMS // 2, "any": ITEMS // 2}
    for source, text in every:
        if not any(wanted.values()):
            return
        for kind, (span, a, b) in _pairs(kg, text, draw).items():
            sentence = " ".join(text[slice(*span)].split())
            if wanted[kind] and sentence not in known and len(sentence) <= LONGEST:
                wanted[kind] -= 1
                yield {
                    "src": source, "start": span[0], "end": span[1], "a": list(a), "b": list(b), "kind": kind,
                    "part": "held" if hashlib.blake2b(text.encode("utf-8", "replace")).digest()[0] % 2 else "build",
                    "sentence": sentence, "a_text": text[slice(*a)], "b_text": text[slice(*b)],
                    "a_type": _type(kg, text, a), "b_type": _type(kg, text, b),
                }  # fmt: skip


def _pairs(
    kg: KG, text: str, draw: random.Random
) -> dict[str, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """A pair of names that the claim reader connects, and a pair of any names of one sentence; each (sentence, name, name)."""
    spans = [span for step in sentences(text) for span in step]
    found = {}
    if checks := list(check_text(kg, text, {})):
        check = draw.choice(checks)
        names = sorted((check[f"{end}_start"], check[f"{end}_end"]) for end in ("from", "to"))
        whole = [span for span in spans if span[0] <= names[0][0] and names[1][1] <= span[1]]
        if whole:
            found["read"] = (whole[0], names[0], names[1])
    mentions = kg.find_mentions(text)
    inside = [
        (span, here)
        for span in spans
        if len(here := [m for m in mentions if span[0] <= m.start and m.end <= span[1]]) > 1
    ]
    if inside:
        span, here = draw.choice(inside)
        a, b = sorted(draw.sample(here, 2), key=lambda m: m.start)
        if set(a.nodes).isdisjoint(b.nodes):
            found["any"] = (span, (a.start, a.end), (b.start, b.end))
    return found


def _type(kg: KG, text: str, span: tuple[int, int]) -> str:
    """The types of the nodes that a name can stand for."""
    found = kg.find_mentions(text[slice(*span)])
    return "/".join(sorted({kg.type_of(node) for m in found for node in m.nodes}))


def merge(items: list[Item], first: dict[int, Item], second: dict[int, Item]) -> Iterator[Item]:
    """The items without their texts, with both readers' labels."""
    for number, item in enumerate(items):
        if number in first and number in second:
            place = {name: item[name] for name in ("src", "start", "end", "a", "b", "kind", "part")}
            both = (("first", first[number]), ("second", second[number]))
            yield place | {f"{name}_{who}": given[name] for who, given in both for name in LABELS}


def agreement(rows: list[Item]) -> Iterator[str]:
    """Per label: the share on which both agree, and Cohen's kappa."""
    for name in LABELS:
        pairs = [(row[f"{name}_first"], row[f"{name}_second"]) for row in rows]
        same = sum(a == b for a, b in pairs) / len(pairs)
        left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
        chance = sum(left[label] * right[label] for label in left) / len(pairs) ** 2
        kappa = (same - chance) / (1 - chance) if chance < 1 else 1.0
        yield f"{name}: {same:.1%} of {len(pairs)}, kappa {kappa:.2f}; first {dict(left.most_common())}"


def _lines(path: str) -> list[Item]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines() if line.strip()]


def main(argv: list[str]) -> None:
    """Sample or merge."""
    if argv[0] == "sample":
        Path(argv[1]).write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in sample()), "utf-8")
        return
    by_reader = [{int(label["id"]): label for label in _lines(path)} for path in argv[2:4]]
    rows = list(merge(_lines(argv[1]), *by_reader))
    GOLD.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    print("\n".join(agreement(rows)))


if __name__ == "__main__":
    main(sys.argv[1:])
