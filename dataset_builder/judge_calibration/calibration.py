"""How often does a judge err? Before its verdicts are trusted it judges cases of known verdict, through the prompts of the pipelines.

calibration_cases.jsonl holds rationales and answers of our own writing whose verdict is known: right ones, and wrong ones of many kinds
(empty, an opening, a mark, an injected order, the right letter with another text, …). The answers lie in the answer store like
all others, so a calibration is read from there: the same cases, prompts, model, endpoint and sampling give it again, unpaid.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset
from statsmodels.stats.proportion import proportion_confint

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.conversation import Conversation
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.replay import MissingAnswer, replay, start_conversations
from dataset_builder.llm.runner import Runner
from dataset_builder.stage import Batch, Stage, rows_of, stage
from dataset_builder.stages.check_answer import by_judge as compared
from dataset_builder.stages.check_answer import check_answer
from dataset_builder.text_checks.rationale import Rationale
from dataset_builder.text_checks.verdicts import by_judge as examined

CASES = Path(__file__).with_name("calibration_cases.jsonl")
PROMPTS = {
    "check_answer": ("check_answer", "check_answer_judge"),
    "judge_rationales": ("judge_rationales",),
}  # by stage
MAX_FALSE_POSITIVES, MAX_FALSE_NEGATIVES = 0.10, 0.30  # of the wrong cases, of the right ones
NEEDS = "question context options answer answer_label answer_type text prompt"


@dataclass(frozen=True)
class Rate:
    """A share of errors, with its 95 % Wilson interval."""

    errors: int
    of: int

    @property
    def share(self) -> float:
        """The point estimate."""
        return self.errors / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its bounds."""
        bounds: Any = proportion_confint(self.errors, self.of, method="wilson") if self.of else (0.0, 1.0)
        return round(float(bounds[0]), 6), round(float(bounds[1]), 6)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.1%} [{low:.1%}, {high:.1%}] of {self.of}"


@dataclass(frozen=True)
class JudgeCalibration:
    """What a judge said of the cases of one stage: (kind, expected) to counts of right, wrong and unjudged."""

    judge: str
    stage: str
    votes: int
    said: dict[tuple[str, str], Counter[str]]

    @property
    def false_positives(self) -> Rate:
        """Wrong ones that it calls right."""
        return self._errors("wrong", lambda counts: counts["right"])

    @property
    def false_negatives(self) -> Rate:
        """Right ones that it does not call right: their rows are lost."""
        return self._errors("right", lambda counts: counts.total() - counts["right"])

    def _errors(self, expected: str, errors: Any) -> Rate:
        counts = [counts for (_, of), counts in self.said.items() if of == expected]
        return Rate(sum(map(errors, counts)), sum(c.total() for c in counts))

    @property
    def faults(self) -> list[str]:
        """Why the judge is not to be trusted; empty where it is."""
        rates = (
            ("wrong answers taken for right", self.false_positives, MAX_FALSE_POSITIVES),
            ("right answers lost", self.false_negatives, MAX_FALSE_NEGATIVES),
        )
        return [f"{what}: {rate}, more than {most:.0%}" for what, rate, most in rates if rate.share > most]

    def as_dict(self) -> dict[str, Any]:
        """For manifest and card."""
        rates = {"false_positives": self.false_positives, "false_negatives": self.false_negatives}
        facts = {
            n: {"errors": r.errors, "of": r.of, "share": round(r.share, 4), "interval": r.interval}
            for n, r in rates.items()
        }
        kinds = [{"kind": kind, "expected": expected, **counts} for (kind, expected), counts in self.said.items()]
        return {
            "judge": self.judge,
            "stage": self.stage,
            "votes": self.votes,
            **facts,
            "faults": self.faults,
            "kinds": kinds,
        }

    def lines(self) -> Iterator[str]:
        """As it is printed: a table of kinds, then the two rates."""
        yield f"{self.judge}, as it is asked by {self.stage}:"
        yield from ("| cases | should be | right | wrong | unjudged |", "|---|---|---:|---:|---:|")
        for (kind, expected), counts in self.said.items():
            yield f"| {kind} | {expected} | {counts['right']} | {counts['wrong']} | {counts['unjudged']} |"
        yield f"false positives {self.false_positives}; false negatives {self.false_negatives}"
        yield from self.faults


def calibration_cases(stage_: str) -> list[dict[str, Any]]:
    """The cases for a stage's prompts, as rows."""
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    more = {"context": None, "answer_type": "choice", "rejected_because": None}
    return [row | more for row in rows if row["prompt"] in PROMPTS[stage_]]


@stage(needs=NEEDS, adds="said", asks="llm")
def judge_calibration_cases(batch: Batch, llm: LLM, votes: int) -> list[Conversation]:
    """Each case through its own prompt, as the pipeline's stage would ask."""
    return [_judge(row, llm, votes) for row in rows_of(batch)]


def _judge(row: dict[str, Any], llm: LLM, votes: int) -> Conversation:
    if row["prompt"] == "check_answer":
        rationale = str(Rationale("1. What follows.", row["text"], row["answer"]))
        [conversation] = check_answer(
            {name: [value] for name, value in (row | {"rationale": rationale}).items()}, llm=llm
        )
        columns = yield from conversation
        return {"said": columns["verdict"]["label"]}
    if row["prompt"] == "check_answer_judge":
        verdict = yield from compared(row["text"], row, llm)
    else:
        verdict = yield from examined(row, row["text"], llm, votes)
    return {"said": verdict["label"]}


def examine(stage_: str, llm: LLM, votes: int, runner: Runner) -> JudgeCalibration:
    """The judge's calibration for a stage; the judge is asked now about cases without an answer in the store.

    Raises MissingAnswer where nobody may be asked, ModelError where the cap on dollars was reached.
    """
    rows = calibration_cases(stage_)
    asking = judge_calibration_cases.using(llm=llm, votes=votes)
    dataset = Dataset.from_list(rows)
    runner.fetch_answers(asking, dataset)
    batch = dataset[:]
    columns = replay(asking, start_conversations(asking, batch), runner.store, dict(enumerate(batch["id"])))
    if over := columns["rejected_because"].count("over_budget"):
        raise ModelError(
            f"--max-usd was reached: {over} of {len(rows)} cases have no answer. Raise it, and run this again"
        )
    said: dict[tuple[str, str], Counter[str]] = {}
    for row, label in zip(rows, columns["said"], strict=True):
        said.setdefault((row["kind"], row["expected"]), Counter())[label or "unjudged"] += 1
    return JudgeCalibration(str(llm), stage_, votes, said)


def judges_of(stages: Sequence[Stage]) -> list[tuple[str, LLM, int]]:
    """Which stages of a pipeline ask which judge, and how many votes they take."""
    return [(s.name, s.tools["llm"], s.tools.get("votes", 1)) for s in stages if s.name in PROMPTS]


def calibrations_of(stages: Sequence[Stage], store: AnswerStore) -> list[JudgeCalibration]:
    """The calibrations of a pipeline's judges that the store holds; nobody is asked."""
    found = []
    for name, llm, votes in judges_of(stages):
        try:
            found.append(examine(name, llm, votes, Runner(store)))
        except MissingAnswer:
            continue
    return found
