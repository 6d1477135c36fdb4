"""What a build would still have to ask, before the first call: a sample of rows led through the stages without asking.

Where an answer is in the store it counts nothing and the row goes on with it. Where there is none, the stage's ``guess`` says
what it would typically add, so that later stages can be counted too; a follow-up round cannot be foreseen and is not counted.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset

from dataset_builder.answer_store import AnswerStore
from dataset_builder.asking import Recall, advance, begin, columns_of
from dataset_builder.conversation import Request
from dataset_builder.llm import LLM
from dataset_builder.prices import Price, price_of
from dataset_builder.row import features
from dataset_builder.stage import Batch, Stage, apply_to_live_arrow, apply_to_live_rows, check, merged

BYTES_PER_TOKEN = 4  # of English text
USUAL = (500, 10.0)  # completion tokens and seconds of an answer, until the store has one of the stage


@dataclass(frozen=True)
class Estimate:
    """What one stage would ask one model, for all rows."""

    stage: str
    llm: LLM
    calls: float
    prompt_tokens: float
    completion_tokens: float
    most_completion_tokens: float
    seconds: float  # of all calls, one after the other
    assumed: bool  # the length of an answer is a guess, not the mean of answers in the store


def estimate(
    rows: Dataset, stages: Sequence[Stage], store: AnswerStore, *, sample: int, seed: int
) -> tuple[list[Estimate], str | None]:
    """One entry per stage and model, scaled from the sample to all rows; and the first stage that could not be counted."""
    check(rows.column_names, stages)
    numbers = sorted(random.Random(seed).sample(range(len(rows)), min(sample, len(rows))))
    columns: dict[str, list[Any]] = {name: list(values) for name, values in rows[numbers].items()}
    scale, found = len(rows) / max(len(numbers), 1), []
    for stage in stages:
        if stage.arrow:
            rows_now = Dataset.from_dict(columns, features=features(list(columns)))
            columns |= apply_to_live_arrow(rows_now.data.table, stage).to_pydict()
            continue
        if not stage.asks:
            columns |= apply_to_live_rows(columns, stage)
            continue
        added, asked, counted = _lead(stage, columns, store)
        found += _estimates(stage, asked, store, scale)
        if not counted:
            return found, stage.name
        columns |= added
    return found, None


def _lead(stage: Stage, columns: Batch, store: AnswerStore) -> tuple[dict[str, list[Any]], list[Request], bool]:
    """The stage's columns, answered or guessed; what it asks; and False where it asks and cannot guess."""
    talks = begin(stage, columns)
    waiting = {talk.row: talk for talk in advance(talks, Recall(store))}
    asked = list({r.key: r for talk in waiting.values() for r in talk.requests if not _known(r, store)}.values())
    if waiting and stage.guess is None:
        return {}, asked, False
    done = [talk for talk in talks if talk.row not in waiting]
    result = merged(columns, stage, [talk.row for talk in done], columns_of(stage, done))
    if waiting and stage.guess is not None:
        needed = {name: [columns[name][row] for row in waiting] for name in stage.needs}
        guessed = stage.guess(needed, **stage.tools)
        result = merged({**columns, **result}, stage, list(waiting), guessed)
    return result, asked, True


def _known(request: Request, store: AnswerStore) -> bool:
    known = store.find([request.key]).get(request.key)
    return known is not None and known.entry is not None and known.entry.status in ("good", "final")


def _estimates(stage: Stage, asked: Sequence[Request], store: AnswerStore, scale: float) -> list[Estimate]:
    usual = store.usual(stage.name)
    tokens, seconds = usual or USUAL
    by_model: dict[str, list[Request]] = {}
    for request in asked:
        by_model.setdefault(str(request.llm), []).append(request)
    return [
        Estimate(
            stage=stage.name,
            llm=requests[0].llm,
            calls=scale * len(requests),
            prompt_tokens=scale * sum(request.size for request in requests) / BYTES_PER_TOKEN,
            completion_tokens=scale * len(requests) * min(tokens, requests[0].llm.max_tokens),
            most_completion_tokens=scale * sum(request.llm.max_tokens for request in requests),
            seconds=scale * len(requests) * seconds,
            assumed=usual is None,
        )
        for requests in by_model.values()
    ]


def table(
    found: Sequence[Estimate], prices: Mapping[str, Price], in_flight: int, per_minute: float | None
) -> list[str]:
    """The estimate as Markdown lines, and its sum in words."""
    lines = [
        "| stage | model | calls | prompt tokens | completion tokens | dollars | at most |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    usd = most = 0.0
    unknown = sorted({str(e.llm) for e in found if price_of(e.llm.model, prices) is None})
    for e in found:
        price, money = price_of(e.llm.model, prices), ("unknown", "unknown")
        if price:
            usual = price.usd(round(e.prompt_tokens), round(e.completion_tokens))
            # a token has at least a byte
            limit = price.usd(round(e.prompt_tokens * BYTES_PER_TOKEN), round(e.most_completion_tokens))
            usd, most, money = usd + usual, most + limit, (f"{usual:,.2f}", f"{limit:,.2f}")
        tokens = f"{e.prompt_tokens:,.0f} | {e.completion_tokens:,.0f}{' (assumed)' if e.assumed else ''}"
        lines.append(f"| {e.stage} | {e.llm} | {e.calls:,.0f} | {tokens} | {money[0]} | {money[1]} |")
    calls, seconds = sum(e.calls for e in found), sum(e.seconds for e in found)
    hours = max(seconds / in_flight, calls / per_minute * 60 if per_minute else 0.0) / 3600
    lines += [
        "",
        f"About {calls:,.0f} calls, ${usd:,.2f} (at most ${most:,.2f}), {hours:.1f} hours with {in_flight} in flight.",
    ]
    if unknown:
        lines.append(
            f"The price of {', '.join(unknown)} is not known, so only tokens are counted: --price MODEL=IN/OUT."
        )
    if any(e.assumed for e in found):
        lines.append(
            f"(assumed): no answer of that stage is in the store, so {USUAL[0]} tokens and {USUAL[1]:g} s per answer are "
            "taken. A build of a few rows (--rows 20) makes it exact."
        )
    return lines
