"""Rewards on the outputs of real models: python -m benchmarks.rewards [speed|outputs] [--kg FILE] [--texts N].

``outputs``: how often the form of a real output is faulted, by fault and model, and where `answer_reward` differs from the scores' rule.
``speed``: completions of 300 words per minute and core, all rewards on. Texts: $SHARED_DATA/model_outputs, with the real subset of PrimeKG.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.claim_gold import GRAPH
from dataset_builder.answer_extraction import extract
from kg import KG
from sft.rewards import total
from sft.rewards.answer import is_right
from sft.rewards.form import form_fault
from sft.rewards.total import REWARDS
from tests.support.shared_data import SHARED_DATA, output_of, raw_outputs

WORDS, GROUP = 300, 8  # of a completion; completions of one prompt


class Output(NamedTuple):
    """An output of a real model, and what it was asked (where the file has it)."""

    model: str
    question: str
    options: list[dict[str, str]]
    gold: str
    text: str


def main() -> None:
    """Print one of the two, or both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["outputs", "speed"])
    parser.add_argument("--kg", default=str(GRAPH))
    parser.add_argument("--texts", type=int, default=800)
    given = parser.parse_args()
    if "outputs" in given.parts:
        outputs_faulted()
    if "speed" in given.parts:
        speed(KG.load(given.kg), given.texts)


def outputs() -> Iterator[Output]:
    """Every output of the ten models."""
    for model, rows in raw_outputs(SHARED_DATA):
        for row in rows:
            text, by_label, gold, _ = output_of(row)
            options = [{"label": label, "text": words} for label, words in by_label.items()]
            asked = "\n".join([row.get("question", ""), *by_label.values()])
            yield Output(model, asked, options, gold or "", text)


def outputs_faulted() -> None:
    """By model: outputs, faults of form, right by the scores' rule, and of these not rewarded as an answer."""
    faults: dict[str, Counter[str]] = defaultdict(Counter)
    for one in outputs():
        scored = extract(one.text, {option["label"]: option["text"] for option in one.options}).label == one.gold
        counts = faults[one.model]
        counts["outputs"] += 1
        counts["right"] += scored
        counts["right, not rewarded"] += scored and not is_right(one.text, one.gold, one.options)
        if fault := form_fault(one.text, one.question):
            counts[fault] += 1
            counts["right, form faulted"] += scored
    for model, counts in faults.items():
        print(f"{model}: {', '.join(f'{name} {number}' for name, number in counts.items())}")


def speed(kg: KG, number: int) -> None:
    """Completions of WORDS words made of real outputs, several to a prompt as GRPO samples them."""
    words = [word for one in outputs() if "mirage.medqa" in one.model for word in [*one.text.split(), "\n"]]
    texts = [" ".join(words[start : start + WORDS]) for start in range(0, number * WORDS, WORDS)]
    options = [{"label": "A", "text": "gout"}, {"label": "B", "text": "asthma"}]
    prompts = [
        [{"role": "user", "content": f"Which of these has patient {n // GROUP}?\n\nA. gout\nB. asthma"}]
        for n in range(number)
    ]
    paths = [[{"nodes": [n // GROUP, n // GROUP + 1]}] for n in range(number)]
    columns: dict[str, Any] = {"answer_label": ["A"] * number, "options": [options] * number, "paths": paths}
    total(prompts[:GROUP], texts[:GROUP], weights=dict.fromkeys(REWARDS, 1.0), kg=kg, **{k: v[:GROUP] for k, v in columns.items()})  # fmt: skip
    started = time.process_time()
    batch = 64
    for start in range(0, number, batch):
        part = slice(start, start + batch)
        some = {name: values[part] for name, values in columns.items()}
        total(prompts[part], texts[part], weights=dict.fromkeys(REWARDS, 1.0), kg=kg, **some)
    seconds = time.process_time() - started
    print(
        f"{number} completions of {WORDS} words: {seconds:.1f} s CPU, {60 * number / seconds:,.0f} a minute and core"
    )


if __name__ == "__main__":
    main()
