"""How often does a judge err?

Before its verdicts are trusted, it judges cases of known verdict with the pipelines' prompts. calibration_cases.jsonl
contains rationales and answers, written for this project, with known verdicts: right ones, and wrong ones of many
kinds (empty, an opening, a mark, an injected order, the right letter with another text, …). The judge's answers are in
the answer store like all others: with the same cases, prompts, model, endpoint and sampling, a calibration is read
from there without a call.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.conversation import Conversation
from dataset_builder.llm.model import LLM, ModelError
from dataset_builder.llm.replay import AnswerLookup, MissingAnswer, replay, start_conversations
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
        """The bounds of the interval."""
        from scipy.stats import binomtest  # here: it takes 0.3 s to import

        if not self.of:
            return 0.0, 1.0
        bounds = binomtest(self.errors, self.of).proportion_ci(method="wilson")
        return round(float(bounds.low), 6), round(float(bounds.high), 6)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.1%} [{low:.1%}, {high:.1%}] of {self.of}"


@dataclass(frozen=True)
class JudgeCalibration:
    """A judge's verdicts on the cases of one stage: (kind, expected) to counts of right, wrong and unjudged."""

    judge: str
    stage: str
    votes: int
    said: dict[tuple[str, str], Counter[str]]

    @property
    def false_positives(self) -> Rate:
        """The wrong cases that it calls right."""
        return self._errors("wrong", lambda counts: counts["right"])

    @property
    def false_negatives(self) -> Rate:
        """The right cases that it does not call right: such rows are lost."""
        return self._errors("right", lambda counts: counts.total() - counts["right"])

    def _errors(self, expected: str, errors: Any) -> Rate:
        counts = [counts for (_, of), counts in self.said.items() if of == expected]
        return Rate(sum(map(errors, counts)), sum(c.total() for c in counts))

    @property
    def faults(self) -> list[str]:
        """The reasons not to trust the judge; empty where there are none."""
        rates = (
            ("wrong answers taken for right", self.false_positives, MAX_FALSE_POSITIVES),
            ("right answers lost", self.false_negatives, MAX_FALSE_NEGATIVES),
        )
        return [f"{what}: {rate}, more than {most:.0%}" for what, rate, most in rates if rate.share > most]

    def as_dict(self) -> dict[str, Any]:
        """The values for manifest and card."""
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
        """The lines to print: a table of kinds, then the two rates and the faults."""
        yield f"{self.judge}, with the prompts of {self.stage}:"
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
    """Judge each case with its own prompt, as the pipeline's stage does."""
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
    """The judge's calibration for a stage. The judge is called for the cases that have no answer in the store.

    Raises MissingAnswer where no model may be called, ModelError where the cap on dollars was reached.
    """
    rows = calibration_cases(stage_)
    asking = judge_calibration_cases.using(llm=llm, votes=votes)
    dataset = Dataset.from_list(rows)
    runner.fetch_answers(asking, dataset)
    batch = dataset[:]
    ids = dict(enumerate(batch["id"]))
    columns = replay(asking, start_conversations(asking, batch), AnswerLookup(runner.store), ids)
    if over := columns["rejected_because"].count("over_budget"):
        raise ModelError(
            f"--max-usd was reached: {over} of {len(rows)} cases have no answer. Raise it, and run the same command again"
        )
    said: dict[tuple[str, str], Counter[str]] = {}
    for row, label in zip(rows, columns["said"], strict=True):
        said.setdefault((row["kind"], row["expected"]), Counter())[label or "unjudged"] += 1
    return JudgeCalibration(str(llm), stage_, votes, said)


def judges_of(stages: Sequence[Stage]) -> list[tuple[str, LLM, int]]:
    """The stages of a pipeline that call a judge, each with the judge and the number of votes."""
    return [(s.name, s.tools["llm"], s.tools.get("votes", 1)) for s in stages if s.name in PROMPTS]


def calibrations_of(stages: Sequence[Stage], store: AnswerStore) -> list[JudgeCalibration]:
    """The calibrations of a pipeline's judges that are in the store; no model is called."""
    found = []
    for name, llm, votes in judges_of(stages):
        try:
            found.append(examine(name, llm, votes, Runner(store)))
        except MissingAnswer:
            continue
    return found
