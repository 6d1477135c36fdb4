"""How often the claim reader is right, and what it misses: measured once, by two readers (docs/evidence.md), and said with every result."""

from dataclasses import asdict, dataclass
from typing import Any

from dataset_builder.claim_check.reader import VERSION

SOURCE = "docs/evidence.md, Measured on real texts: `python -m benchmarks.claim_readings score`"
OF_VERSION = "3"  # the rules of the reader that were measured


@dataclass(frozen=True)
class Share:
    """``right`` of ``of``, with a 95 % interval in per cent."""

    right: int
    of: int
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.right} of {self.of} ({100 * self.right / self.of:.0f} % [{self.low}, {self.high}])"


READ_RIGHTLY = {  # of the claims with this verdict: the sentence states this claim
    "supported": Share(81, 86, 88, 99),
    "contradicted": Share(3, 4, 0, 100),
    "unknown": Share(70, 84, 75, 90),
}
SILENT = Share(19, 118, 10, 23)  # of the sentences with two names in which nothing is read: state a relation


def measured() -> dict[str, Any] | None:
    """The entry in a result; None where the rules have changed since."""
    if VERSION != OF_VERSION:
        return None
    rightly = {verdict: asdict(share) for verdict, share in READ_RIGHTLY.items()}
    return {"read_rightly": rightly, "silent_sentences_that_state_a_relation": asdict(SILENT), "source": SOURCE}


def in_words() -> str:
    """The same for readers of a table."""
    if VERSION != OF_VERSION:
        return f"How often this version of the claim reader ({VERSION}) is right has not been measured; version {OF_VERSION}: {SOURCE}."
    rightly = ", ".join(f"{verdict} {share}" for verdict, share in READ_RIGHTLY.items())
    return (
        f"How far the readings can be trusted, by two readers' labels of real texts: read rightly are, by verdict, "
        f"{rightly}. Claims are missed: {SILENT} of the sentences with two names in which nothing is read state a relation ({SOURCE})."
    )
