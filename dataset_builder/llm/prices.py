"""The prices of models per token: a small dated table, which the command line can override."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dataset_builder.llm.model import ModelError

TABLE = Path(__file__).parent / "prices.tsv"
BATCH = ":batch"  # after a model's name: its price in batches
DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|latest)$")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, and where the price comes from. ``cached``: of prompt tokens that the provider had in its cache."""

    prompt: float
    completion: float
    origin: str
    cached: float | None = None  # as other tokens of prompts, where it is not known
    batch: "Price | None" = None  # for the same in a batch

    def usd(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """The cost of these tokens in dollars. ``cached_tokens``: how many of the prompt's were in the provider's cache."""
        cached = min(cached_tokens, prompt_tokens) if self.cached is not None else 0
        prompt = (prompt_tokens - cached) * self.prompt + cached * (self.cached or 0.0)
        return (prompt + completion_tokens * self.completion) / 1e6


def read_prices(given: Sequence[str] = ()) -> dict[str, Price]:
    """The table, overridden by the ``MODEL=IN/OUT`` and ``MODEL:batch=IN/OUT`` arguments of the command line.

    Raises ModelError for any other form.
    """
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    prices = {row["model"]: _row(row) for row in csv.DictReader(lines, delimiter="\t")}
    for word in sorted(given, key=lambda word: BATCH in word):  # a model's own price first, which has none for batches
        match = re.fullmatch(r"(.+)=([\d.]+)/([\d.]+)", word)
        if match is None:
            raise ModelError(
                f"--price {word!r}: expected MODEL=IN/OUT in dollars per million tokens, such as qwen3-8b=0/0, or MODEL:batch=IN/OUT"
            )
        price = Price(float(match[2]), float(match[3]), "the command line")
        if (model := match[1].removesuffix(BATCH)) == match[1]:
            prices[model] = price
        elif (online := price_of(model, prices)) is not None:
            prices[model] = replace(online, batch=price)
        else:
            raise ModelError(f"--price {word!r}: the price of {model} itself is not known; add --price {model}=IN/OUT")
    return prices


def _row(row: Mapping[str, str]) -> Price:
    origin = f"prices.tsv, {row['as_of']}"
    cached, prompt, completion = (
        None if row[name] == "-" else float(row[name]) for name in ("cached_input", "batch_input", "batch_output")
    )
    batch = None if prompt is None or completion is None else Price(prompt, completion, origin)
    return Price(float(row["input"]), float(row["output"]), origin, cached, batch)


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of a model or, for a dated version, of the model without the date; None where it is not known."""
    return prices.get(model) or prices.get(DATED.sub("", model))


def dollars(usd: float | None) -> str:
    """``$12.34``; more digits below a dollar."""
    return "price unknown" if usd is None else f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"
