"""Claims of real outputs against the real subset graph: python -m benchmarks.factuality. The tables of docs/factuality.md (three minutes).

Per file of $SHARED_DATA's model outputs: claims per 100 outputs by verdict, with intervals. Then GPT-4 against GPT-3.5 on the same questions
of MedQA: the claims of each verdict in pairs, beside the accuracies by our rule. Then every contradicted claim, to be read.
"""

import time

import numpy as np

from benchmarks.claim_gold import GRAPH
from benchmarks.scoring import read_all
from dataset_builder.claim_check.reader import claim_reader
from kg import KG
from lighteval_tasks.compare import compare
from lighteval_tasks.factuality.claims import ItemClaims, claims_of
from lighteval_tasks.factuality.outputs import read_outputs
from lighteval_tasks.factuality.paired import differences, in_words, share_differences, share_in_words
from lighteval_tasks.factuality.report import paired_table, table
from lighteval_tasks.factuality.summary import summarize
from tests.support.shared_data import SHARED_DATA, outputs

A, B = "mirage.medqa.cot.gpt-35-turbo-16k", "mirage.medqa.cot.gpt-4-32k"


def main() -> None:
    """Print the tables."""
    kg, reader = KG.load(GRAPH), claim_reader("spacy")
    assert reader is not None  # only "none" is None
    read: dict[str, list[ItemClaims]] = {}
    started = time.process_time()
    for path in sorted((SHARED_DATA / "model_outputs").glob("*.jsonl.gz")):
        (found,) = read_outputs(path).items()
        read[found[0]] = list(claims_of(kg, found[1], reader))
    spent = time.process_time() - started
    print("\n".join(table({name: summarize(items) for name, items in read.items()})))
    number = sum(map(len, read.values()))
    print(f"\n{number:,} outputs in {spent:.0f} s of CPU, {number / spent:.0f} a second\n")
    a, b = ({one.id: one.counts() for one in read[name]} for name in (A, B))
    assert list(a) == list(b)  # in one order, as the accuracies below need it
    pairs = {("medqa", "free"): (a, b)}
    made = differences(pairs)
    print("\n".join(paired_table(made)))
    right_a, right_b = (
        np.array([one.correct for one in read_all(rows)], bool)
        for rows in map(outputs(SHARED_DATA).__getitem__, (A, B))
    )
    (accuracy,), _ = compare({("medqa", "free"): (right_a, right_b)})
    gained = [100 * share for share in (accuracy.difference, accuracy.low, accuracy.high)]
    print(
        f"\naccuracy {gained[0]:+.1f} points [{gained[1]:+.1f}, {gained[2]:+.1f}]; {'; '.join(map(in_words, made))}; {share_in_words(share_differences(pairs)[0])}\n"
    )
    for name, items in read.items():
        for claim in (claim for one in items for claim in one.claims if claim.counted):
            if claim.verdict == "contradicted":
                print(
                    f"- {name} {claim.id}: {claim.from_name} / {claim.relation} ({claim.mode}) / {claim.to_name}; the graph has: {claim.graph}"
                )


if __name__ == "__main__":
    main()
