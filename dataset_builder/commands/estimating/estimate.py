"""``estimate``: the calls and the cost that a build still needs, before the first call, from a sample of rows.

The sample runs through the stages. An answer in the store costs nothing, and its row continues with it. Where there is no
answer, what its row will ask in later stages, and how often a stage asks again, is that of the rows that the store has answered to
their end (answered.py); without any, the stage's ``guess`` gives typical columns, so that later stages can be counted too.
"""

import argparse
import functools
import os
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore
from dataset_builder.apply import apply_to_live_rows, merged
from dataset_builder.commands import OUT
from dataset_builder.commands.contamination import check_contamination
from dataset_builder.commands.estimating.answered import Follow, read_answered
from dataset_builder.commands.graph import chosen_graph
from dataset_builder.commands.input_options import add_input, chosen_sources, chosen_splits
from dataset_builder.commands.model_options import choices_of, models_of, positive, reader_of, stages_of, store_of
from dataset_builder.llm.model import LLM, Request, variables
from dataset_builder.llm.prices import Price, price_of, read_prices
from dataset_builder.llm.replay import AnswerLookup, advance, columns_of, start_conversations
from dataset_builder.llm.secrets import split_urls
from dataset_builder.pipelines import PIPELINES
from dataset_builder.sources.option_order import shuffle_options
from dataset_builder.sources.questions import on_disk, read_questions
from dataset_builder.sources.table import expect_known
from dataset_builder.stage import Stage, bind

BYTES_PER_TOKEN = 4  # of English text
USUAL = (500, 10.0)  # completion tokens and seconds of an answer, while the store has none of the stage


@dataclass(frozen=True)
class Estimate:
    """The calls of one stage to one model, for all rows."""

    stage: str
    llm: LLM
    calls: float
    prompt_tokens: float
    completion_tokens: float
    max_completion_tokens: float
    seconds: float  # of all calls, one after the other
    per_second: float | None  # completion tokens, of all calls in flight together; None: not known
    follow_ups: float | None  # requests after the first ones, as a share of these; None: not known
    assumed: bool  # the length of an answer is a guess, not the mean of answers in the store
    rounds: int = 1  # batches one after the other, since a follow-up is asked when there is an answer

    def usd(self, price: Price | None) -> tuple[float | None, float | None]:
        """Dollars at this price: what it is expected to cost, and the most that it can cost, as a token has at least a byte."""
        if price is None:
            return None, None
        usual = price.usd(round(self.prompt_tokens), round(self.completion_tokens))
        return usual, price.usd(round(self.prompt_tokens * BYTES_PER_TOKEN), round(self.max_completion_tokens))


def add_command(command: argparse.ArgumentParser) -> None:
    """Add the command `estimate` and its options."""
    add_input(command)
    command.add_argument("--sample", type=positive, default=200, metavar="N", help="rows in the sample (default: 200)")
    command.set_defaults(command=print_estimate)


def estimate(
    rows: Dataset, stages: Sequence[Stage], store: AnswerStore, *, sample: int, seed: int
) -> tuple[list[Estimate], str | None]:
    """One entry per stage and model, scaled from the sample to all rows.

    Second, the first stage that could not be counted, or None.
    """
    stages = bind(rows.column_names, stages)
    numbers = sorted(random.Random(seed).sample(range(len(rows)), min(sample, len(rows))))
    columns: dict[str, list[Any]] = {name: list(values) for name, values in rows[numbers].items()}
    scale, found = len(rows) / max(len(numbers), 1), []
    answered, speed = read_answered(rows, stages, store), functools.cache(store.tokens_per_second)
    begun: list[tuple[str, Counter[str]]] = []  # stages, and by source the rows that wait there and are left out
    for stage in stages:
        if not stage.asks_model:
            columns |= apply_to_live_rows(columns, stage) if columns["id"] else {}
            continue
        made = [one for name, waiting in begun for one in answered.later(name, waiting, stage.name)]
        columns, asked, waiting = _lead(stage, columns, store, guess=not answered.tells_of(stage.name))
        follow = answered.follow.get(stage.name)
        made += [(request, 1 + (follow.follow_ups if follow else 0.0)) for request in asked]
        found += _estimates(stage, made, store, scale, follow, speed)
        if waiting is None:
            return found, stage.name
        if waiting:
            begun.append((stage.name, waiting))
    return found, None


def _lead(
    stage: Stage, columns: dict[str, list[Any]], store: AnswerStore, *, guess: bool
) -> tuple[dict[str, list[Any]], list[Request], Counter[str] | None]:
    """The rows after a stage, the requests that it would send, and the sources of the rows that wait for the answers and are left out.

    ``guess``: they are not left out, but get typical columns. None: the stage has no guess.
    """
    if not columns["id"]:
        return columns, [], Counter()
    states = start_conversations(stage, columns)
    waiting = {state.row: state for state in advance(states, AnswerLookup(store))}
    asked = list({r.key: r for state in waiting.values() for r in state.requests if not _known(r, store)}.values())
    if waiting and guess and stage.guess is None:
        return columns, asked, None
    done = [state for state in states if state.row not in waiting]
    columns = {**columns, **merged(columns, stage, [state.row for state in done], columns_of(stage, done))}
    if waiting and guess and stage.guess is not None:
        needed = {name: [columns[name][row] for row in waiting] for name in stage.needs}
        guessed = stage.guess(needed, **stage.tools)
        return {**columns, **merged(columns, stage, list(waiting), guessed)}, asked, Counter()
    kept = [row for row in range(len(columns["id"])) if row not in waiting]
    return (
        {name: [values[row] for row in kept] for name, values in columns.items()},
        asked,
        Counter(columns["source"][row] for row in waiting),
    )


def _known(request: Request, store: AnswerStore) -> bool:
    stored = store.find([request.key]).get(request.key)
    return stored is not None and stored.entry is not None and stored.entry.status in ("good", "final")


def _estimates(
    stage: Stage,
    made: Sequence[tuple[Request, float]],
    store: AnswerStore,
    scale: float,
    follow: Follow | None,
    speed: Callable[[str], float | None],
) -> list[Estimate]:
    usual = store.usual(stage.name)
    tokens, seconds = usual or USUAL
    by_model: dict[str, list[tuple[Request, float]]] = {}
    for request, times in made:
        by_model.setdefault(str(request.llm), []).append((request, scale * times))
    found = []
    for name, some in by_model.items():
        llm, calls = some[0][0].llm, sum(times for _, times in some)
        found.append(
            Estimate(
                stage=stage.name,
                llm=llm,
                calls=calls,
                prompt_tokens=sum(times * request.size for request, times in some) / BYTES_PER_TOKEN,
                completion_tokens=calls * min(tokens, llm.max_tokens),
                max_completion_tokens=sum(times * request.llm.max_tokens for request, times in some),
                seconds=calls * seconds,
                per_second=speed(name),
                follow_ups=follow and follow.follow_ups,
                assumed=usual is None,
                rounds=follow.rounds if follow else 1,
            )
        )
    return found


def table(
    found: Sequence[Estimate], prices: Mapping[str, Price], in_flight: int, per_minute: float | None
) -> list[str]:
    """The estimate as a Markdown table, then its sum in words."""
    lines = [
        "| stage | model | calls | prompt tokens | completion tokens | dollars | at most | in batches |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    usd = upper_bound = 0.0
    unknown = sorted({str(e.llm) for e in found if price_of(e.llm.model, prices) is None})
    for e in found:
        price = price_of(e.llm.model, prices)
        usual, limit = e.usd(price)
        usd, upper_bound = usd + (usual or 0.0), upper_bound + (limit or 0.0)
        money = [
            "unknown" if one is None else f"{one:,.2f}" for one in (usual, limit, e.usd(price and price.batch)[0])
        ]
        tokens = f"{e.prompt_tokens:,.0f} | {e.completion_tokens:,.0f}{' (assumed)' if e.assumed else ''}"
        lines.append(f"| {e.stage} | {e.llm} | {e.calls:,.0f} | {tokens} | {' | '.join(money)} |")
    local = _local(found, prices)
    elsewhere = [e for e in found if str(e.llm) not in local]
    calls = sum(e.calls for e in found)
    seconds = max(
        sum(e.seconds for e in elsewhere) / in_flight,
        sum(e.calls / _servers(e.llm) for e in elsewhere) / per_minute * 60 if per_minute else 0.0,
    )
    hours = f", {seconds / 3600:.1f} hours with {in_flight} in flight" if elsewhere or not found else ""
    lines += ["", f"About {calls:,.0f} calls, ${usd:,.2f} (at most ${upper_bound:,.2f}){hours}."]
    lines += [*local.values(), *_in_batches(elsewhere, prices)]
    if unknown:
        lines.append(
            f"The price of {', '.join(unknown)} is not known, so only tokens are counted: add --price MODEL=IN/OUT."
        )
    if any(e.follow_ups is None for e in found):
        lines.append("Follow-up requests are not counted where the store has no answered row of a stage.")
    elif extra := sum(e.calls * e.follow_ups / (1 + e.follow_ups) for e in found if e.follow_ups):
        lines.append(
            f"About {extra:,.0f} of the calls are follow-ups, as often as in the rows that the store has answered."
        )
    if any(e.assumed for e in found):
        lines.append(
            f"(assumed): the store has no answer of that stage, so {USUAL[0]} tokens and {USUAL[1]:g} s per answer are "
            "assumed. After a build of a few rows (--rows 20) the measured mean is used."
        )
    return lines


def _servers(llm: LLM) -> int:
    """How many servers the environment names for a model's endpoint: --rate is of each."""
    return len(split_urls(os.environ.get(variables(llm.endpoint)[0], "")))


def _in_batches(found: Sequence[Estimate], prices: Mapping[str, Price]) -> list[str]:
    """What the calls of these models cost as batches of their providers, and how long that takes at most; nothing without a price."""
    priced = [(e, price) for e in found if (price := price_of(e.llm.model, prices)) and price.usd(10**6, 10**6)]
    if not priced:
        return []
    if unknown := sorted({str(e.llm) for e, price in priced if price.batch is None}):
        return [f"The price of {', '.join(unknown)} in batches is not known: add --price MODEL:batch=IN/OUT."]
    sums = [e.usd(price.batch) for e, price in priced]
    usd, limit = (sum(one[n] or 0.0 for one in sums) for n in (0, 1))
    rounds = sum({e.stage: e.rounds for e, _ in priced}.values())
    return [
        f"In batches (--dispatch batch): ${usd:,.2f} (at most ${limit:,.2f}), in {rounds} rounds one after the other, of at most 24 hours each. "
        "A stage takes a round more where a reply is asked for again."
    ]


def _local(found: Sequence[Estimate], prices: Mapping[str, Price]) -> dict[str, str]:
    """By name, the models that cost nothing by the call and whose speed is known: about how many hours they need."""
    lines = {}
    for name, speed in {str(e.llm): e.per_second for e in found}.items():
        mine = [e for e in found if str(e.llm) == name]
        price = price_of(mine[0].llm.model, prices)
        if speed and (price is None or not price.usd(10**6, 10**6)):
            tokens = sum(e.completion_tokens for e in mine)
            lines[name] = (
                f"{name}: about {tokens / speed / 3600:,.1f} hours at {speed:,.0f} tokens/s, as measured in its last calls."
            )
    return lines


def print_estimate(given: argparse.Namespace) -> int:
    """Print calls, tokens, dollars and hours for the answers that are not in the store yet."""
    pipeline = expect_known("pipeline", given.pipeline, PIPELINES)
    models = models_of(PIPELINES[pipeline], pipeline, given)
    choices = choices_of(PIPELINES[pipeline], given)
    reader = reader_of(given)
    splits = chosen_splits(given.split)
    questions, origins = read_questions(chosen_sources(given)[0], splits, data_dir=given.data_dir, rows=given.rows)
    choices |= {"benchmarks": check_contamination(questions, origins, given)[0]}
    questions, _ = shuffle_options(questions, given.shuffle_options)
    kg = chosen_graph(given)
    stages = stages_of(PIPELINES[pipeline], kg, reader, given.seed, models, **choices)
    found, stopped = estimate(on_disk(questions), stages, store_of(given), sample=given.sample, seed=given.seed)
    OUT.print(f"{len(questions)} questions, estimated from {min(given.sample, len(questions))} of them:", markup=False)
    for line in table(found, read_prices(given.price), given.in_flight, given.rate):
        OUT.print(line, markup=False)
    if stopped:
        OUT.print(
            f"The stages after {stopped} cannot be counted without its answers: build a few rows (--rows 20) first."
        )
    return 0
