"""Pairs of names in sentences of real texts, with the relation that two readers say the sentence states: benchmarks/claim_gold.jsonl.

    python -m benchmarks.claim_gold sample ITEMS.jsonl              # items to label, with their sentences, from $SHARED_DATA
    python -m benchmarks.claim_gold merge ITEMS.jsonl A.jsonl B.jsonl    # two readers' labels into claim_gold.jsonl, and their agreement
    python -m benchmarks.claim_gold score build|held                # what today's reader makes of these pairs

Texts: the model outputs and people's explanations in $SHARED_DATA; no text is copied here, only file, row and offsets. Half of the items
in the file are pairs that the claim reader by nearness of 2026-11-27 connects, half are any two names of one sentence; readers saw neither which nor any verdict.
``part``: "build", or "held", which is looked at only at the end; by a hash of the text, so a text is in one part only.
"""

import gzip
import hashlib
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_builder.claim_check import read_claims
from dataset_builder.claim_check.given_hops.sentences import sentences
from kg import KG
from tests.support.shared_data import SHARED_DATA, outputs

GOLD = Path(__file__).with_name("claim_gold.jsonl")
GRAPH = SHARED_DATA / "primekg" / "kg_subset.csv.gz"
EXPLANATIONS = {
    "medbullets": ("hub/medbullets/op5/test.jsonl.gz", "reason"),
    "medmcqa": ("hub/openlifescienceai/medmcqa/validation.jsonl.gz", "exp"),
}
ITEMS, SEED, LONGEST = 640, 2026, 400
LEVEL = re.compile("mutation|deficien|level|elevated|defect|deletion|excess|increased|lack")
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


def is_held(text: str) -> bool:
    """Whether the text belongs to the half that is looked at only at the end."""
    return hashlib.blake2b(text.encode("utf-8", "replace")).digest()[0] % 2 == 1


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
                    "part": "held" if is_held(text) else "build",
                    "sentence": sentence, "a_text": text[slice(*a)], "b_text": text[slice(*b)],
                    "a_type": _type(kg, text, a), "b_type": _type(kg, text, b),
                }  # fmt: skip


def _pairs(
    kg: KG, text: str, draw: random.Random
) -> dict[str, tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """A pair of names that the claim reader connects, and a pair of any names of one sentence; each (sentence, name, name)."""
    spans = [span for step in sentences(text) for span in step]
    found = {}
    if claims := read_claims(text, kg):
        claim = draw.choice(claims)
        names = sorted([(claim.from_start, claim.from_end), (claim.to_start, claim.to_end)])
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
        yield agreement_of([(row[f"{name}_first"], row[f"{name}_second"]) for row in rows], name)


def agreement_of(pairs: list[tuple[Any, Any]], name: str) -> str:
    """The share of pairs of labels that are equal, and Cohen's kappa."""
    same = sum(a == b for a, b in pairs) / len(pairs)
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(left[label] * right[label] for label in left) / len(pairs) ** 2
    kappa = (same - chance) / (1 - chance) if chance < 1 else 1.0
    return f"agreement, {name}: {same:.1%} of {len(pairs)}, kappa {kappa:.2f}; first {dict(left.most_common())}"


# the reader's names of relations, by those of the labels; two diseases that go together are a matter of words
SAME = {
    "phenotype present": {"phenotype", "associated"}, "associated with": {"associated", "phenotype"}, "indication": {"indication"},
    "off-label use": {"indication"}, "contraindication": {"contraindication"}, "side effect": {"side_effect"}, "parent-child": {"parent_child"},
    "target": {"target"}, "enzyme": {"target"}, "carrier": {"target"}, "transporter": {"target"}, "interacts with": {"interacts"},
    "expression present": {"located"},
}  # fmt: skip


def score(part: str) -> Iterator[str]:
    """Of the pairs of this part: how many of the reader's claims are right, and how many of the stated relations it finds.

    Right: relation and mode as one of the readers says. Findings that point to a disease in one patient are phenotypes, as in the shared
    labels; a pair that nobody relates because only a gene's mutation or level is meant is no error where the claim is an association.
    """
    kg, all_texts = KG.load(GRAPH, "none"), dict(texts())
    rows = {(row["src"], *row["a"], *row["b"]): row for row in _lines(str(GOLD)) if row["part"] == part}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows.values():
        text = all_texts[row["src"]]
        found = [c for c in read_claims(text, kg) if {c.from_start, c.to_start} == {row["a"][0], row["b"][0]}]
        claim = next((c for c in found if c.mode in ("stated", "denied")), None)
        relations = {row["relation_first"], row["relation_second"]}
        modes, sense = {row["mode_first"], row["mode_second"]}, "ok" in (row["sense_first"], row["sense_second"])
        stated = not relations & {"none", "other"} and bool(modes & {"stated", "denied"})
        if claim is not None:
            right = sense and bool(SAME[claim.relation or ""] & relations)
            right &= claim.mode in modes or (claim.relation == "phenotype present" and "patient" in modes)
            level = claim.relation == "associated with" and relations == {"none"}
            if right or not (level and LEVEL.search(text, row["start"], row["end"])):
                counts[claim.relation or ""]["right" if right else "wrong"] += 1
        if stated:
            said = claim is not None and bool(SAME[claim.relation or ""] & relations)
            counts["stated"]["found" if said else "missed"] += 1
    right, wrong = (sum(count[name] for count in counts.values()) for name in ("right", "wrong"))
    found = counts.pop("stated")
    yield f"{part}: {right} of {right + wrong} claims right ({right / (right + wrong):.0%}); of {found.total()} stated relations {found['found']} found"
    yield from (f"  {relation}: {count['right']} of {count.total()} right" for relation, count in counts.items())


def _lines(path: str) -> list[Item]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines() if line.strip()]


def main(argv: list[str]) -> None:
    """Sample, merge or score."""
    if argv[0] == "score":
        print("\n".join(score(argv[1])))
        return
    if argv[0] == "sample":
        Path(argv[1]).write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in sample()), "utf-8")
        return
    by_reader = [{int(label["id"]): label for label in _lines(path)} for path in argv[2:4]]
    rows = list(merge(_lines(argv[1]), *by_reader))
    GOLD.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    print("\n".join(agreement(rows)))


if __name__ == "__main__":
    main(sys.argv[1:])
