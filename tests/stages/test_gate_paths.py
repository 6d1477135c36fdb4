"""A row without a relevant path is rejected, with the relevance of its best one; without a threshold none is."""

from dataset_builder.stages.gate_paths import gate_paths


def gate(least: float, *rows: list[float]) -> dict[str, list]:
    return gate_paths({"paths": [[{"relevance": one} for one in row] for row in rows]}, min_relevance=least)


def test_the_best_path_decides() -> None:
    found = gate(0.5, [0.2, 0.5], [0.49, 0.1])
    assert found["rejected_because"] == [None, "no_relevant_path"]
    assert found["rejected_detail"][1] == "the most relevant path has 0.49, less than 0.5"


def test_without_a_threshold_nothing_is_rejected() -> None:
    assert gate(0, [0.0])["rejected_because"] == [None]
