"""What tokens cost."""

import pytest

from dataset_builder.llm.model import ModelError
from dataset_builder.llm.prices import TABLE, price_of, read_prices


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
    assert rows[0] == ["model", "input", "output", "as_of"]
    assert all(len(row) == 4 and row[3][:2] == "20" for row in rows[1:])
