"""What the tests of model calls ask with: two stages, a model, its price, and what the scripted model says to them."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from dataset_builder.llm.conversation import Conversation, ask, ask_json
from dataset_builder.llm.model import LLM
from dataset_builder.llm.prices import read_prices
from dataset_builder.stage import rows_of, stage
from tests.support.llm_server.settings import Settings

WRITER = LLM("scripted", max_tokens=200)
PRICES = read_prices(["scripted=1/2"])
KEY = "sk-planted-0123456789abcdef"


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: str


@stage(needs="question", adds="rationale", asks="llm")
def say(batch, llm: LLM):
    def one(row) -> Conversation:
        return {"rationale": (yield from ask(llm.request(row["question"])))}

    return [one(row) for row in rows_of(batch)]


@stage(needs="question", adds="rationale", asks="llm")
def say_json(batch, llm: LLM):
    def one(row) -> Conversation:
        said = yield from ask_json(llm.request(row["question"], schema=Said))
        return {"rationale": said.answer}

    return [one(row) for row in rows_of(batch)]


def says(request: dict[str, Any], settings: Settings) -> str:
    """The scripted model repeats what it is asked first."""
    return json.dumps({"answer": request["messages"][0]["content"]})
