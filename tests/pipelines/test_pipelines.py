"""The pipelines as wholes: what medreason would ask before anything was asked, and what becomes of a row that a model answers for."""

from pathlib import Path

import pytest

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.apply import apply_to_live_rows, merged
from dataset_builder.claim_check.reader import claim_reader
from dataset_builder.commands.estimating.estimate import estimate
from dataset_builder.llm.model import LLM
from dataset_builder.pipelines import medreason
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.text_checks.rationale import leak, parts
from kg import KG
from tests.support.converse import converse
from tests.support.llm_server.replies import reply

ROWS = 30


@pytest.fixture(scope="module")
def stages():
    return medreason(KG.load("sample"), claim_reader("spacy"), 0, LLM("writer"), LLM("judge"))


@pytest.fixture
def questions():
    return on_disk(read_questions(["sample"], {}, rows=ROWS)[0])


def test_every_stage_that_asks_can_be_counted_before_anything_was_asked(stages, questions, tmp_path: Path) -> None:
    found, uncounted = estimate(questions, stages, AnswerStore(tmp_path / "answers.sqlite"), sample=ROWS, seed=0)
    assert uncounted is None
    assert {e.stage for e in found} >= {"extract_mentions", "restate_question", "write_rationale", "check_answer"}
    assert {e.stage: str(e.llm) for e in found}["check_answer"] == "judge"
    assert all(e.calls > 0 and e.prompt_tokens > 0 for e in found)


def test_a_row_from_its_question_to_its_messages(stages, questions) -> None:
    batch = questions.to_dict()
    for stage in stages:
        if stage.asks_model:
            live = [i for i, why in enumerate(batch["rejected_because"]) if why is None]
            needed = {name: [batch[name][i] for i in live] for name in stage.needs}
            columns, _ = converse(stage, needed, lambda request: reply(request.body))
            batch |= merged(batch, stage, live, columns)
        else:
            batch |= apply_to_live_rows(batch, stage)
    done = [i for i, why in enumerate(batch["rejected_because"]) if why is None]
    assert len(done) > ROWS / 2
    for i in done:
        assert parts(batch["rationale"][i])[0]
        assert leak(batch["rationale"][i]) is None
        assert batch["verdict"][i]["label"] == "right"
        assert batch["completion"][i][0]["content"].startswith("## Thinking\n\n**Finding reasoning paths:**")
        sides = batch["restated"][i]
        ends = {(path["nodes"][0], path["nodes"][-1]) for path in batch["paths"][i]}
        assert ends <= {(s, t) for s in sides["question_nodes"] for t in sides["answer_nodes"]}
    rejected = [i for i in range(len(batch["id"])) if i not in done]
    assert all(
        batch["rejected_detail"][i] or batch["rejected_because"][i] in ("empty_question", "no_options")
        for i in rejected
    )
