"""What a graph's exact synonyms add to the mentions of real questions: python -m benchmarks.synonyms [--kg hpo].

Finds mentions in MedQA test, MedMCQA validation and MedBullets ($SHARED_DATA, default ../shared/data) by the dictionary with the
graph's synonyms and by the same without them. Prints per source: texts with a mention, mentions, distinct nodes, mentions per type; then which
mentions are new, lost (a longer one took their place, or they are ambiguous now), and the most frequent new ones. Then how many synonyms are looked up, and what
they cost. ``--sample 100 --seed 1 --out FILE`` writes new mentions for readers who judge them without seeing each other's verdicts.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.mentions import questions
from kg import KG
from kg.contents import Nodes
from kg.linker import Linker
from kg.mentions import Mention, MentionFinder
from tests.support.shared_data import SHARED_DATA

SOURCES = {
    "MedQA test": "GBaker/MedQA-USMLE-4-options/test.jsonl.gz",
    "MedMCQA validation": "openlifescienceai/medmcqa/validation.jsonl.gz",
    "MedBullets": "medbullets/op5/test.jsonl.gz",
}
AROUND = 100  # characters on either side of a mention that a reader sees
SHOWN = 40


class Found(NamedTuple):
    """A mention and the question that it is in."""

    source: str
    row: int
    mention: Mention

    @property
    def place(self) -> tuple[str, int, int, int]:
        """Source, row, start and end: what one finder may find and the other not."""
        return self.source, self.row, self.mention.start, self.mention.end


def find(finder: MentionFinder, texts: dict[str, list[str]]) -> list[Found]:
    """All mentions of all texts."""
    return [
        Found(source, row, mention)
        for source, some in texts.items()
        for row, text in enumerate(some)
        for mention in finder.find(text)
    ]


def finders(nodes: Nodes) -> tuple[MentionFinder, MentionFinder, int]:
    """The dictionaries without and with synonyms, each timed, and how many synonyms are looked up."""
    made = []
    for what, some in ("without", replace(nodes, synonyms=None)), ("with", nodes):
        start, linker = time.process_time(), Linker(some)
        made.append(MentionFinder(some, linker))
        print(f"- dictionary {what} synonyms: {time.process_time() - start:.1f} s CPU")
    return made[0], made[1], sum(1 for _ in Linker(nodes).synonyms())


def line(name: str, found: Sequence[Found]) -> str:
    """One row of the table."""
    types = Counter(one.mention.type for one in found)
    texts = len({(one.source, one.row) for one in found})
    nodes = len({node for one in found for node in one.mention.nodes})
    per_type = ", ".join(f"{type_} {count:,}" for type_, count in types.most_common())
    return f"| {name} | {texts:,} | {len(found):,} | {nodes:,} | {per_type} |"


def frequent(found: Iterable[Found], nodes: Nodes) -> Iterator[str]:
    """The most frequent mentions: how often, the words, the name of the node."""
    names = dict(zip(nodes.index.tolist(), nodes.name, strict=True))
    counts = Counter((one.mention.text.lower(), one.mention.nodes) for one in found)
    for (text, meant), count in counts.most_common(SHOWN):
        yield f"  {count:4} {text} = {' | '.join(names[node] for node in meant)}"


def to_judge(found: Sequence[Found], texts: dict[str, list[str]], nodes: Nodes) -> Iterator[dict[str, object]]:
    """Mentions with the words around them, without a verdict."""
    names = dict(zip(nodes.index.tolist(), nodes.name, strict=True))
    for number, (source, row, mention) in enumerate(found):
        text = texts[source][row]
        before, after = text[max(mention.start - AROUND, 0) : mention.start], text[mention.end :][:AROUND]
        yield {
            "id": number,
            "text": f"{before}[[{mention.text}]]{after}",
            "mention": mention.text,
            "node": " | ".join(names[node] for node in mention.nodes),
        }


def report(nodes: Nodes, texts: dict[str, list[str]]) -> list[Found]:
    """Print what synonyms change, and return the new mentions."""
    plain, full, looked_up = finders(nodes)
    total = sum(1 for _ in nodes.every_synonym())
    print(
        f"- {len(nodes.name):,} names, {total:,} exact synonyms, {looked_up:,} of them looked up as such: nobody's name, not ambiguous\n"
    )
    before, after = find(plain, texts), find(full, texts)
    print("| questions | with a mention | mentions | distinct nodes | mentions per type |\n|---|---|---|---|---|")
    for source, some in texts.items():
        for what, found in ("without", before), ("with", after):
            print(line(f"{source} ({len(some):,}), {what}", [one for one in found if one.source == source]))
    old, there = {one.place for one in before}, {one.place for one in after}
    new, lost = [one for one in after if one.place not in old], [one for one in before if one.place not in there]
    same = {one.place: one.mention.nodes for one in before}
    other = [one for one in after if one.place in old and same[one.place] != one.mention.nodes]
    for what, found in ("new", new), ("no longer there", lost), ("other nodes than before", other):
        print(f"\n{len(found):,} mentions {what}; the most frequent:")
        print("\n".join(frequent(found, nodes)))
    return new


def main() -> None:
    """Report, and write the sample if it is asked for."""
    top = argparse.ArgumentParser(prog="python -m benchmarks.synonyms", description="what synonyms add to mentions")
    top.add_argument("--kg", default="hpo", help="a graph whose nodes have synonyms")
    top.add_argument("--sample", type=int, default=0, help="how many new mentions to write for readers")
    top.add_argument("--seed", type=int, default=1)
    top.add_argument("--out", type=Path, help="the .jsonl for the sample")
    args = top.parse_args()
    if args.sample and args.out is None:
        top.error(f"found --sample {args.sample} without --out; expected the file for the sample")
    nodes = KG.load(args.kg).nodes
    if nodes.synonyms is None:
        top.error(f"the graph {args.kg} has no synonyms; expected one that has, such as hpo")
    texts = {source: questions(SHARED_DATA / "hub" / path) for source, path in SOURCES.items()}
    new = report(nodes, texts)
    if args.sample:
        drawn = random.Random(args.seed).sample(new, min(args.sample, len(new)))
        lines = [json.dumps(one, ensure_ascii=False) for one in to_judge(drawn, texts, nodes)]
        args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"\n{len(lines)} of {len(new):,} new mentions are in {args.out}, seed {args.seed}")


if __name__ == "__main__":
    main()
