"""A question that a benchmark asks is rejected with its name; all others go on, and the ledger shapes the cache key."""

from datasets.fingerprint import Hasher

from dataset_builder.contamination.ledger import Ledger, LedgerEntry
from dataset_builder.stages.drop_contaminated import drop_contaminated

FOUND = (
    LedgerEntry("medqa", "medqa:1", "medbullets_op5", "medbullets_op5:7", "grams", 0.4),
    LedgerEntry("medqa", "medqa:1", "mmlu_medical", "mmlu_medical:anatomy:8", "exact", 1.0),
    LedgerEntry("medqa", "medqa:2", "medbullets_op5", "medbullets_op5:9", "answer", 0.93),
)


def test_the_detail_names_benchmark_id_rule_and_score() -> None:
    result = drop_contaminated({"id": ["medqa:0", "medqa:1", "medqa:2"]}, benchmarks=Ledger(("mmlu_medical",), FOUND))
    assert result["rejected_because"] == [None, "contaminated", "contaminated"]
    assert result["rejected_detail"] == [
        None,
        "mmlu_medical asks the same: mmlu_medical:anatomy:8 (exact 1), and 1 more",
        "medbullets_op5 asks the same: medbullets_op5:9 (answer 0.93)",
    ]


def test_without_a_benchmark_nothing_is_rejected() -> None:
    assert drop_contaminated({"id": ["medqa:1"]}, benchmarks=Ledger())["rejected_because"] == [None]


def test_another_ledger_is_another_cache_key_and_an_equal_one_is_not() -> None:
    one, same, other = (Ledger(("mmlu_medical",), found) for found in (FOUND, tuple(list(FOUND)), FOUND[:2]))
    one.of("medqa:1")  # what it keeps for looking up is no part of it
    assert Hasher.hash(one) == Hasher.hash(same) != Hasher.hash(other)
