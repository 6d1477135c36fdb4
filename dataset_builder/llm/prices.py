"""The prices of models per token: a small dated table, which the command line can override."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.llm.model import ModelError

TABLE = Path(__file__).parent / "prices.tsv"
DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|latest)$")


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, and where the price comes from."""

    prompt: float
    completion: float
    origin: str

    def usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The cost of these tokens in dollars."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


def read_prices(given: Sequence[str] = ()) -> dict[str, Price]:
    """The table, overridden by the ``MODEL=IN/OUT`` arguments of the command line.

    Raises ModelError for any other form.
    """
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines, delimiter="\t")
    prices = {
        row["model"]: Price(float(row["input"]), float(row["output"]), f"prices.tsv, {row['as_of']}") for row in rows
    }
    for word in given:
        match = re.fullmatch(r"(.+)=([\d.]+)/([\d.]+)", word)
        if match is None:
            raise ModelError(
                f"--price {word!r}: expected MODEL=IN/OUT in dollars per million tokens, such as qwen3-8b=0/0"
            )
        prices[match[1]] = Price(float(match[2]), float(match[3]), "the command line")
    return prices


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of a model or, for a dated version, of the model without the date; None where it is not known."""
    return prices.get(model) or prices.get(DATED.sub("", model))


def dollars(usd: float | None) -> str:
    """``$12.34``; more digits below a dollar."""
    return "price unknown" if usd is None else f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"
