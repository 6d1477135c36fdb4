"""Record the requests of a stage, for tests/llm/test_request_keys.py: python -m tests.support.record_requests "medreason: name_topic"

Run it where a prompt was changed on purpose (its answers are then paid for again), or for a new stage. A stage that is recorded keeps its rows;
of a new one the first three rows of the sample that ask something are taken. The scripted model replies, to the first of them with
nothing that can be used, so that the follow-up is recorded too.
"""

import json
import sys
from pathlib import Path
from typing import Any

from dataset_builder.apply import apply_to_live_rows, merged
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.judge_calibration.calibration import judge_calibration_cases
from dataset_builder.llm.model import LLM, Request
from dataset_builder.pipelines import medreason, reasonmed
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.stage import Stage
from kg import KG
from tests.support.converse import converse
from tests.support.llm_server.replies import reply

FILE = Path(__file__).parents[1] / "fixtures" / "request_keys.jsonl"
ROWS, KEPT = 14, 3
UNUSABLE = "I cannot tell."


def pipelines() -> dict[str, list[Stage]]:
    """The pipelines with models, with the tools of the recordings."""
    kg, reader, judge, editor = KG.load("sample"), claim_reader("spacy"), LLM.named("judge"), LLM.named("editor")
    writers = tuple(map(LLM.named, ("weak", "fair", "strong@local")))
    return {
        "medreason": medreason(kg, reader, 0, LLM.named("writer"), judge),
        "reasonmed": reasonmed(kg, reader, 0, writers, judge, editor),
        "reasonmed grounded": reasonmed(kg, reader, 0, writers, judge, editor, judge_votes=2, grounded=True),
    }


def asking_stages() -> dict[str, Stage]:
    """Every stage that asks a model, by "pipeline: stage"; and the calibration of judges."""
    found = {f"{name}: {s.name}": s for name, stages in pipelines().items() for s in stages if s.asks_model}
    judge, votes = LLM.named("judge"), {"check_answer": 1, "judge_rationales": 2}
    return found | {
        f"calibration: {name}": judge_calibration_cases.using(llm=judge, votes=number)
        for name, number in votes.items()
    }


def recorded() -> dict[str, dict[str, Any]]:
    """By "pipeline: stage": the columns of a few rows (``batch``), and per request key the reply (``answers``)."""
    return {line["of"]: line for line in map(json.loads, FILE.read_text("utf-8").splitlines())}


def rows_for(name: str) -> dict[str, list[Any]]:
    """The columns of the first rows of the sample that come to this stage of a pipeline."""
    pipeline, _, wanted = name.partition(": ")
    batch: dict[str, list[Any]] = on_disk(read_questions(["sample"], {}, rows=ROWS)[0]).to_dict()  # pyright: ignore[reportAssignmentType]
    for unbound in pipelines()[pipeline]:
        stage = unbound.bound(batch.keys())
        if not stage.asks_model:
            batch |= apply_to_live_rows(batch, stage)
            continue
        live = [i for i, why in enumerate(batch["rejected_because"]) if why is None]
        needed = {column: [batch[column][i] for i in live] for column in stage.needs}
        if stage.name == wanted:
            return {column: values[:KEPT] for column, values in needed.items()}
        columns, _ = converse(stage, needed, lambda request: reply(request.body))
        batch |= merged(batch, stage, live, columns)
    sys.exit(f"{pipeline} has no stage {wanted} that asks a model")


def record(name: str) -> None:
    """Write the line of this stage, in the place of its earlier one."""
    lines = recorded()
    answers: dict[str, str] = {}

    def say(request: Request) -> str:
        text = UNUSABLE if not answers else reply(request.body)
        answers[request.key.hex()] = text
        return text

    batch = lines[name]["batch"] if name in lines else rows_for(name)
    converse(asking_stages()[name], batch, say)
    lines[name] = {"of": name, "batch": batch, "answers": answers}
    FILE.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines.values()), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in asking_stages():
        sys.exit(f"{__doc__}\nStages: {', '.join(asking_stages())}")
    record(sys.argv[1])
