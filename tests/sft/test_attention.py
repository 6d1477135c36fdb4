"""Rows that lie end to end do not see each other: logits and loss equal those of each row alone, on every attention that runs here."""

import pytest

from sft.attention import BY_LENGTHS, BY_MASK, KEEPS_ROWS_APART
from tests.sft import scenario

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", [*BY_MASK, "told"])
def test_logits_are_those_of_each_row_alone(name: str) -> None:
    found = scenario.result("run_attention")[name]
    assert len(found["differences"]) == 4  # padding-free and packed, each without and with gradient checkpointing
    assert max(found["differences"]) < 1e-5
    together, alone = found["losses"]
    assert together == pytest.approx(alone, rel=1e-5)


def test_attention_that_does_not_know_of_rows_would_be_seen() -> None:
    found = scenario.result("run_attention")["deaf"]
    assert min(found["differences"]) > 1e-3
    together, alone = found["losses"]
    assert together != pytest.approx(alone, rel=1e-5)


def test_every_attention_that_is_accepted_is_tested() -> None:
    """Those by lengths need a GPU; what they are told is tested by the stand-in `told`."""
    assert KEEPS_ROWS_APART == BY_MASK + BY_LENGTHS
    assert all(name.startswith("flash_attention_") for name in BY_LENGTHS)
    assert "deaf" not in KEEPS_ROWS_APART
