"""How often is the claim reader right on real texts? python -m benchmarks.claim_readings score | sample ITEMS.jsonl | merge ITEMS.jsonl A B

sample: what today's reader says of the model outputs and people's explanations in $SHARED_DATA, to be labelled by two readers who see no
verdict: every contradicted claim, 90 supported and 90 unknown ones, and 120 sentences with two or more names in which it reads nothing.
merge: their labels into claim_readings.jsonl, without the texts: file, row and offsets. score: the figures of docs/evidence.md from these
labels, for the claims that today's reader still makes, and the share that it made then and makes no more.

Only texts of the held half (claim_gold.py) are drawn, which nobody looked at while the rules were made; contradicted claims are of both halves.
"""

import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.claim_gold import GRAPH, agreement_of, is_held, texts
from dataset_builder.claim_check import Claim, Written, check_texts
from dataset_builder.claim_check.parsing import names_in, prepared, sentences
from dataset_builder.claim_check.reader import ClaimReader, claim_reader, parser
from kg import KG

READINGS = Path(__file__).with_name("claim_readings.jsonl")
SUPPORTED, UNKNOWN, SILENT, LONGEST, SEED = 90, 90, 120, 500, 19
Item = dict[str, Any]


def reader() -> ClaimReader:
    """The reader that builds use."""
    found = claim_reader("spacy")
    assert found is not None
    return found


def claims_of(kg: KG, rows: list[tuple[str, str]]) -> Iterator[tuple[str, str, list[Claim]]]:
    """(source, text, claims) of each (source, text)."""
    for i in range(0, len(rows), 256):
        part = rows[i : i + 256]
        for (source, text), claims in zip(
            part, check_texts(kg, [Written(text) for _, text in part], reader()), strict=True
        ):
            yield source, text, claims


def sample() -> list[Item]:
    """Items to label, shuffled; at most one supported and one unknown claim and one silent sentence of a text."""
    kg, draw = KG.load(GRAPH, "none"), random.Random(SEED)
    rows = sorted(texts())
    draw.shuffle(rows)
    wanted = Counter(supported=SUPPORTED, unknown=UNKNOWN, silent=SILENT)
    items, seen = [], set()
    for source, text, claims in claims_of(kg, rows):
        plain = [claim for claim in claims if claim.mode in ("stated", "denied")]
        drawn = [claim for claim in plain if claim.verdict == "contradicted"]
        if is_held(text):
            for verdict in ("supported", "unknown"):
                of_kind = [one for one in plain if one.verdict == verdict and one.end - one.start <= LONGEST]
                if wanted[verdict] and of_kind:
                    wanted[verdict] -= 1
                    drawn.append(draw.choice(of_kind))
            silent = list(_silent(kg, text, claims)) if wanted["silent"] else []
            if silent:
                wanted["silent"] -= 1
                items.append({"kind": "silent", "src": source} | draw.choice(silent))
        for claim in drawn:
            sentence = " ".join(text[claim.start : claim.end].split())
            if (sentence, claim.from_name, claim.to_name) not in seen:
                seen.add((sentence, claim.from_name, claim.to_name))
                items.append(_item(source, text, claim))
    draw.shuffle(items)
    return [{"id": number} | item for number, item in enumerate(items)]


def _silent(kg: KG, text: str, claims: list[Claim]) -> Iterator[Item]:
    parsed = prepared(text, names_in(kg, text), parser())
    parser()(parsed.doc)
    for sentence in sentences(parsed):
        names = [text[name.start : name.end] for _, name in sentence.names]
        short = sentence.end - sentence.start <= LONGEST and len({name.nodes for _, name in sentence.names}) > 1
        if short and all(claim.start != sentence.start for claim in claims):
            whole = " ".join(text[sentence.start : sentence.end].split())
            yield {"start": sentence.start, "end": sentence.end, "sentence": whole, "names": names}


def _item(source: str, text: str, claim: Claim) -> Item:
    place = {name: getattr(claim, name) for name in ("start", "end", "from_start", "from_end", "to_start", "to_end")}
    said = {name: getattr(claim, name) for name in ("relation", "mode", "verdict", "from_name", "to_name", "graph")}
    ends = {"first": text[claim.from_start : claim.from_end], "second": text[claim.to_start : claim.to_end]}
    return (
        {"kind": "claim", "src": source}
        | place
        | said
        | ends
        | {"sentence": " ".join(text[claim.start : claim.end].split())}
    )


SHOWN = ("id", "kind", "sentence", "names", "first", "second", "from_name", "to_name", "relation", "mode")
KEPT = ("kind", "src", "start", "end", "from_start", "from_end", "to_start", "to_end", "relation", "mode", "verdict")


def merge(items: list[Item], first: dict[int, Item], second: dict[int, Item]) -> list[Item]:
    """The items without their texts, with both readers' labels: 1 where the claim is right, or the silent sentence states a relation."""
    field = {"claim": "right", "silent": "states"}
    return [
        {name: item[name] for name in KEPT if name in item}
        | {"first": first[item["id"]][field[item["kind"]]], "second": second[item["id"]][field[item["kind"]]]}
        for item in items
    ]


def score() -> Iterator[str]:
    """Per verdict and relation the share that both readers call right, with intervals by text."""
    kg, rows = KG.load(GRAPH, "none"), [json.loads(line) for line in READINGS.read_text("utf-8").splitlines()]
    wanted = {row["src"] for row in rows}
    now = {source: claims for source, _, claims in claims_of(kg, [one for one in sorted(texts()) if one[0] in wanted])}
    groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
    gone = Counter[str]()
    for row in rows:
        both = row["first"] + row["second"]
        here = [c for c in now[row["src"]] if c.start == row["start"]]
        if row["kind"] == "silent":
            if not any(c.mode in ("stated", "denied") for c in here):
                groups["silent sentences that state a relation"].append((row["src"], both))
            continue
        place = {row["from_start"], row["to_start"]}
        same = [c for c in here if {c.from_start, c.to_start} == place and c.relation == row["relation"]]
        if not any(c.mode == row["mode"] and c.verdict == row["verdict"] for c in same):
            gone[f"{row['verdict']}, {'right' if both == 2 else 'wrong'}"] += 1
            continue
        groups[f"{row['verdict']}, right"].append((row["src"], both))
        groups[f"{row['relation']}{' denied' if row['mode'] == 'denied' else ''}, right"].append((row["src"], both))
    for name, labels in sorted(groups.items()):
        yield f"{name}: {_share(labels)}"
    yield f"made when they were labelled, and not now: {dict(gone)}"
    yield agreement_of([(row["first"], row["second"]) for row in rows if row["kind"] == "claim"], "claims")
    yield agreement_of([(row["first"], row["second"]) for row in rows if row["kind"] == "silent"], "silent sentences")


def _share(labels: list[tuple[str, int]]) -> str:
    """The share that both readers affirm; bootstrap over texts."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for source, both in labels:
        by_text[source].append(both == 2)
    groups, draw = list(by_text.values()), np.random.default_rng(SEED)
    shares = []
    for _ in range(2000):
        taken = [groups[i] for i in draw.integers(len(groups), size=len(groups))]
        shares.append(sum(map(sum, taken)) / sum(map(len, taken)))
    low, high = np.quantile(shares, [0.025, 0.975])
    right = sum(both == 2 for _, both in labels)
    return f"{right} of {len(labels)} ({right / len(labels):.0%} [{low:.0%}, {high:.0%}])"


def main(argv: list[str]) -> None:
    """Sample, merge or score."""
    if argv[0] == "score":
        print("\n".join(score()))
        return
    if argv[0] == "sample":
        items = sample()
        Path(f"{argv[1]}.key").write_text(
            "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), "utf-8"
        )
        shown = [{name: item[name] for name in SHOWN if name in item} for item in items]
        Path(argv[1]).write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in shown), "utf-8")
        return
    items = [json.loads(line) for line in Path(f"{argv[1]}.key").read_text("utf-8").splitlines()]
    readers = [
        {(row := json.loads(line))["id"]: row for line in Path(path).read_text("utf-8").splitlines()}
        for path in argv[2:4]
    ]
    READINGS.write_text("".join(json.dumps(row) + "\n" for row in merge(items, *readers)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
