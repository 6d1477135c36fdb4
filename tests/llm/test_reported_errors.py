"""Errors as real endpoints sent them (173 of them, tests/fixtures/endpoints/errors.jsonl): what each is taken for."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.llm.calls.connection import Connection
from dataset_builder.llm.calls.errors import (
    CONTEXT,
    FILTER,
    NO_MONEY,
    CallError,
    ErrorAction,
    classify,
    error_under_200,
    room_for_answer,
    seconds_of,
)
from dataset_builder.llm.calls.in_flight import InFlight
from dataset_builder.llm.calls.patience import Patience
from dataset_builder.llm.calls.rate_limit import RateLimiter
from dataset_builder.llm.completion import Completion, NoCompletion, read_completion
from dataset_builder.llm.model import LLM
from dataset_builder.llm.runner import Runner
from dataset_builder.run import run
from dataset_builder.sources.questions import on_disk
from tests.llm.asking import PRICES, WRITER, say
from tests.support.endpoint_cases import cases
from tests.support.llm_server.canned import Canned
from tests.support.llm_server.running import Running
from tests.test_stage import question


class Said(BaseModel):
    answer: str


def of(*kinds: str) -> Any:
    """The cases of these kinds. One is ambiguous by its own note: a limit of a minute and one of a day."""
    found = [case for case in cases("errors", *kinds) if not case.get("note", "").startswith("AMBIGUOUS")]
    return pytest.mark.parametrize("case", found, ids=lambda case: case["source"][-40:])


def error_of(case: dict[str, Any]) -> CallError:
    """The case as the SDK hands it over."""
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    left_out = ("content-length", "content-encoding", "transfer-encoding")
    headers = {name: str(value) for name, value in (case.get("headers") or {}).items() if name.lower() not in left_out}
    request = httpx.Request("POST", "http://host/v1/chat/completions")
    response = httpx.Response(case["status"] or 400, headers=headers, content=body.encode(), request=request)
    with openai.OpenAI(api_key="x", base_url="http://host/v1") as client:
        return classify(client._make_status_error_from_response(response))


@of("billing")
def test_no_money_ends_the_run(case: dict) -> None:
    error = error_of(case)
    assert (error.kind, error.action) == (NO_MONEY, ErrorAction.END_RUN)


@of("throttle_not_billing")
def test_a_throttle_that_speaks_of_quota_only_slows_down(case: dict) -> None:
    assert error_of(case).action in (ErrorAction.SLOW_DOWN, ErrorAction.TRY_AGAIN)


@of("content_refused")
def test_a_refused_content_costs_its_row_alone(case: dict) -> None:
    error = error_of(case)
    assert (error.kind, error.action) == (FILTER, ErrorAction.GIVE_UP)


@of("auth")
def test_a_wrong_key_ends_the_run(case: dict) -> None:
    error = error_of(case)
    assert error.action == ErrorAction.END_RUN and error.kind != NO_MONEY


@of("no_model")
def test_a_model_that_the_server_has_not_ends_the_run(case: dict) -> None:
    error = error_of(case)
    assert (error.action, error.kind) == (ErrorAction.END_RUN, "404")


@of("context_window")
def test_what_is_too_long_is_given_up_or_asked_with_less_room(case: dict) -> None:
    error = error_of(case)
    if case["body"]:  # one endpoint says nothing at all
        assert error.kind == CONTEXT or room_for_answer(error.said, 5000, 1000)
    assert error.action == ErrorAction.GIVE_UP


@pytest.mark.parametrize(
    ("words", "asked", "room"),
    [
        (
            "maximum context length is 4097 tokens. However, you requested 4107 tokens (107 in the messages, 4000 in the completion)",
            4000,
            3974,
        ),
        ("max_tokens is too large: 8192. This model supports at most 4096 completion tokens", 8192, 4096),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 9000, 8192),
        ("the request exceeds the available context size n_prompt_tokens: 300 n_ctx: 4096", 5000, 3780),
        ("Your request exceeded model token limit: 262144 (requested: 263144)", 5000, 3984),
        ("max_tokens: 9000 > 4096, which is the maximum allowed number of output tokens", 9000, 4096),
        ("the request exceeds the available context size n_prompt_tokens: 4090 n_ctx: 4096", 5000, None),
        ("the prompt is too long", 5000, None),
        ("max_tokens=5000 cannot be greater than max_model_len=4096. Please request fewer output tokens.", 5000, 3080),
    ],
)
def test_the_room_that_is_left_is_read_from_the_error(words: str, asked: int, room: int | None) -> None:
    assert room_for_answer(words, asked, 3000) == room


def test_vllms_window_is_found_with_the_errors_that_it_gives_one_after_the_other(
    server: Running, tmp_path: Path
) -> None:
    """Its second error names the least that the prompt has, so following it alone would go on for hundreds of requests."""
    asked: list[int] = []

    def refuse(body: bytes) -> Canned | None:
        most = json.loads(body)["max_tokens"]
        asked.append(most)
        if most > 4096:
            said = f"max_tokens={most} cannot be greater than max_model_len=4096. Please request fewer output tokens. (parameter=max_tokens, value={most})"
        elif most > 1000:  # a prompt of 3,096 tokens
            said = (
                f"This model's maximum context length is 4096 tokens. However, you requested {most} output tokens and your prompt contains "
                f"at least {4096 - most + 1} input tokens, for a total of at least 4097 tokens. Please reduce the length of the input prompt."
            )
        else:
            return None
        return Canned.of(
            400, {"error": {"message": said, "type": "BadRequestError", "param": "max_tokens", "code": 400}}
        )

    server.state.refuse = refuse
    with Runner(AnswerStore(tmp_path / "s.sqlite"), {"prices": PRICES}) as runner:
        done, _ = run(on_disk([question("q")]), [say.using(llm=replace(WRITER, max_tokens=5000))], runner=runner)
    assert done["rejected_because"] == [None]
    assert len(asked) <= 8 and asked[-1] <= 1000


OURS = (
    "temperature",
    "top_p",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "response_format",
    "json_schema",
    "grammar",
    "guided",
    "schema",
)


@of("refused_parameter")
def test_a_refused_parameter_of_ours_is_left_out_and_no_other(case: dict) -> None:
    error = error_of(case)
    connection = Connection(
        LLM("m"),
        openai.AsyncOpenAI(api_key="x"),
        RateLimiter(),
        InFlight(8),
        Patience(300),
        None,
        limit_is_given=False,
    )
    request = LLM("m", temperature=0.7, top_p=0.9, seed=1).request("x", schema=Said)
    noted = connection.adapt(request, error, connection.adapted)
    words = json.dumps(case["body"]).casefold() + case["note"].casefold()
    refused = [name for name in OURS if name in words.replace("'stop'", "")]
    if not refused or not any(
        name in json.dumps(case["body"]).casefold() for name in (*OURS, "xgrammar", "regex", "json")
    ):
        assert not noted, "it refuses what we do not send"
    else:
        assert noted, refused
        left = (connection.left_out or {"max_tokens"}).copy()
        assert all(name in words or name == "response_format" for name in left)


@of("error_under_200")
def test_an_error_under_status_200_is_none_of_the_good(case: dict) -> None:
    found = read_completion(case["body"] if isinstance(case["body"], str) else json.dumps(case["body"]))
    if isinstance(found, Completion):
        assert found.bad
    elif found.error is not None:
        assert not error_under_200(found.error).maybe_paid
    else:
        assert isinstance(found, NoCompletion) and found.why


@of("headers")
def test_limits_and_waits_in_headers_are_numbers_or_nothing(case: dict) -> None:
    error = error_of(case | {"status": 429, "body": {"error": {"message": "Rate limit reached"}}})
    assert 0 <= error.retry_after < 1e12
    plain = {name.lower(): str(value) for name, value in (case.get("headers") or {}).items()}
    for name, value in plain.items():
        assert (seconds_of(value) or 0.0) >= 0, name
    if plain.get("retry-after", "").isdigit():
        assert error.retry_after == float(plain["retry-after"]) or "retry-after-ms" in plain


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please retry in 20.04466179s.", 20.04466179),
        ("Please try again in 7m12s. Need more tokens?", 432.0),
        ("Please try again in 298ms.", 0.298),
        ("Please retry after 10 seconds.", 10.0),
        ("Please try again in 1h2m3.5s", 3723.5),
        ("Please wait and try again later", 0.0),
    ],
)
def test_a_wait_is_read_from_the_words_where_no_header_has_it(words: str, seconds: float) -> None:
    assert error_of(
        {"status": 429, "body": {"error": {"message": f"Rate limit reached. {words}"}}}
    ).retry_after == pytest.approx(seconds)
