"""What tokens cost."""

import pytest

from dataset_builder.llm.model import ModelError
from dataset_builder.llm.prices import TABLE, Price, price_of, read_prices


def test_a_dated_version_costs_what_its_model_costs_and_an_unknown_one_is_unknown() -> None:
    prices = read_prices()
    assert price_of("gpt-4o-2024-11-20", prices) == price_of("gpt-4o", prices) is not None
    assert price_of("gpt-4o-mini", prices) != price_of("gpt-4o", prices)
    assert price_of("gpt-4o-audio", prices) is None
    assert all(price.completion >= price.prompt > 0 and "20" in price.origin for price in prices.values())


def test_the_command_line_wins() -> None:
    prices = read_prices(["gpt-4o=1/2", "my=model=0/0"])
    assert prices["gpt-4o"].usd(1_000_000, 500_000) == pytest.approx(2.0)
    assert prices["my=model"].usd(10**9, 10**9) == 0


@pytest.mark.parametrize("word", ["gpt-4o", "gpt-4o=1", "gpt-4o=a/b", "=1/2"])
def test_another_form_is_an_error(word: str) -> None:
    with pytest.raises(ModelError, match="expected MODEL=IN/OUT"):
        read_prices([word])


def test_the_table_is_dated() -> None:
    rows = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert rows[0] == ["model", "input", "output", "cached_input", "batch_input", "batch_output", "as_of"]
    assert all(len(row) == 7 and row[6][:2] == "20" for row in rows[1:])


def test_cached_tokens_and_batches_have_prices_of_their_own() -> None:
    price = read_prices()["gpt-4o"]
    assert price.usd(1_000_000, 0, 400_000) == pytest.approx(0.6 * 2.5 + 0.4 * 1.25)
    assert price.usd(10, 0, 10**6) == pytest.approx(10 * 1.25 / 1e6), "more than all of the prompt"
    assert price.batch is not None and price.batch.usd(1_000_000, 1_000_000) == pytest.approx(6.25)
    given = read_prices(["gpt-4o:batch=1/2", "mine=3/4", "qwen3:8b=1/1"])
    assert given["gpt-4o"].batch == Price(1.0, 2.0, "the command line") and given["gpt-4o"].prompt == 2.5
    assert given["mine"].batch is None and given["mine"].usd(1_000_000, 0, 500_000) == 3.0 and "qwen3:8b" in given
    with pytest.raises(ModelError, match="the price of other itself is not known; add --price other=IN/OUT"):
        read_prices(["other:batch=1/2"])
