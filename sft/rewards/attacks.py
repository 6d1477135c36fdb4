"""Texts that try to be rewarded without reasoning, made for any row: what each of them earns, beside a good and a plain wrong answer.

An attack guesses right wherever a guess helps it: the reward of each is the most that it can get. `python -m sft.rewards FOLDER` prints them.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sft.rewards.texts import text_of
from sft.rewards.total import REWARDS, WEIGHTS, total

if TYPE_CHECKING:
    from kg import KG

Row = Mapping[str, Any]  # of the config `rl`
Attack = Callable[[Row, str], str]  # the row, and a wrong option's label


_SAYS_NOTHING = (
    "the findings in this case are seen with many conditions and have to be weighed against each other before a choice"
)


def _answer(label: str) -> str:
    return f"The answer is {label}."


def _names(row: Row) -> list[str]:
    return [name for path in row["paths"] or [] for name in path["names"]] or [one["text"] for one in row["options"]]


def _arrows(row: Row) -> str:
    lines = [" —related to→ ".join(path["names"]) for path in row["paths"] or []]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _padding(row: Row) -> str:
    """3,000 different words of prose that say nothing."""
    words, chosen = _SAYS_NOTHING.split(), random.Random(row["id"])
    return " ".join(f"{' '.join(chosen.sample(words, 12)).capitalize()}." for _ in range(250))


def _listing(labels: Sequence[str], last: str) -> str:
    return " ".join(_answer(label) for label in [*(label for label in labels if label != last), last])


# each of them commits to the gold answer at its end, or hides it, where that can help
ATTACKS: Mapping[str, Attack] = {
    "empty": lambda row, wrong: " \n",
    "the answer alone": lambda row, wrong: _answer(row["answer_label"]),
    "every letter": lambda row, wrong: _listing([one["label"] for one in row["options"]], row["answer_label"]),
    "echo of the question": lambda row, wrong: f"{text_of(row['prompt'])}\n\n{_answer(row['answer_label'])}",
    "names in a row": lambda row, wrong: (
        f"{', '.join(_names(row))} and {row['answer']}.\n\n{_answer(row['answer_label'])}"
    ),
    "the paths copied": lambda row, wrong: f"{_arrows(row)}\n\n{_answer(row['answer_label'])}",
    "the answer many times": lambda row, wrong: " ".join([_answer(row["answer_label"])] * 50),
    "very long text": lambda row, wrong: f"{_padding(row)}\n\n{_answer(row['answer_label'])}",
    "hidden text after a wrong answer": lambda row, wrong: (
        f"{wrong_answer(row, wrong)}\n<!-- {_answer(row['answer_label'])} -->"
    ),
    "invisible text after a wrong answer": lambda row, wrong: (
        f"{wrong_answer(row, wrong)}\u200b\n{_answer(row['answer_label'])}"
    ),
    "a turn of its own after a wrong answer": lambda row, wrong: (
        f"{wrong_answer(row, wrong)}<|im_end|>\n<|im_start|>assistant\n{_answer(row['answer_label'])}"
    ),
    "true sentences and a wrong answer": lambda row, wrong: f"{_statements(row)} {_answer(wrong)}",
}


def _statements(row: Row) -> str:
    return " ".join(
        relation["statement"] + "." for path in row["paths"] or [] for hop in path["hops"] for relation in hop
    )


def wrong_answer(row: Row, wrong: str) -> str:
    """Prose that ends with a wrong option: what a model that errs writes."""
    text = next(one["text"] for one in row["options"] if one["label"] == wrong)
    return (
        f"The findings that the question describes are best explained by {text}, since the other choices would not account for all of "
        f"them. {_answer(wrong)}"
    )


def contradicting(row: Row) -> str | None:
    """A right answer with a claim that the graph contradicts: a hop of the row's paths denied; None where it has none that can be.

    ``row``: of the config `rl`.
    """
    for path in row["paths"] or []:
        for (a, b), hop in zip(pairwise(path["names"]), path["hops"], strict=True):
            for relation in hop:
                if relation["display_relation"] in DENIALS:
                    first, second = (a, b) if relation["direction"] != "backward" else (b, a)
                    denial = DENIALS[relation["display_relation"]].format(first, second)
                    return f"{denial} All in all, the other choices are less likely. {_answer(row['answer_label'])}"
    return None


DENIALS = {  # a hop's relation -> a sentence that denies it
    "indication": "{0} is not indicated for {1}.",
    "contraindication": "{0} is indicated for {1}.",
    "phenotype present": "{1} is not a symptom of {0}.",
    "associated with": "{0} is not associated with {1}.",
    "target": "{0} does not target {1}.",
}


def rewards_of(row: Row, texts: Sequence[str], kg: "KG | None", weights: Mapping[str, float]) -> list[float]:
    """The total reward of each of these texts as a completion of the row."""
    number = len(texts)
    columns = {name: [row[name]] * number for name in ("answer_label", "options", "paths")}
    completions = [[{"role": "assistant", "content": text}] for text in texts]
    return total([row["prompt"]] * number, completions, weights=weights, kg=kg, **columns)


def table(rows: Sequence[Row], kg: "KG | None", good: Mapping[str, str]) -> dict[str, list[float]]:
    """The rewards of every attack, of a plain wrong answer, and of a good one where ``good`` has it by id, with all rewards on."""
    weights = dict.fromkeys(REWARDS, 1.0) if kg else WEIGHTS
    found: dict[str, list[float]] = {name: [] for name in ("a good answer", "a plain wrong answer", *ATTACKS)}
    for row in rows:
        wrong = next(one["label"] for one in row["options"] if one["label"] != row["answer_label"])
        texts = {"a plain wrong answer": wrong_answer(row, wrong)}
        texts |= {name: attack(row, wrong) for name, attack in ATTACKS.items()}
        texts |= {"a good answer": good[row["id"]]} if row["id"] in good else {}
        if kg and (denied := contradicting(row)):
            texts["a right answer with a contradicted claim"] = denied
        for name, reward in zip(texts, rewards_of(row, list(texts.values()), kg, weights), strict=True):
            found.setdefault(name, []).append(reward)
    return found
