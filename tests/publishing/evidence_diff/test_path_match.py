"""A path is known by the names of its nodes; everything else that it says can change."""

from typing import Any

import pytest

from dataset_builder.publishing.evidence_diff.path_match import digests, match
from tests.publishing.evidence_diff.test_evidence_diff import path


def paired(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> tuple[int, list[tuple[str, ...]], int, int]:
    found = match(*(b"".join(map(digests, paths)) for paths in (before, after)))
    return len(found.same), [parts for *_, parts in found.changed], len(found.lost), len(found.won)


PLAIN = path("Aspirin", "pain")


@pytest.mark.parametrize(
    ("after", "parts"),
    [
        (path("Aspirin", "pain", relation="off-label use", statement="x"), ("relation",)),
        (path("Aspirin", "pain", direction="backward"), ("relation",)),
        (path("Aspirin", "pain", statement="Aspirin treats pain"), ("wording",)),
        (path("Aspirin", "pain", source="infores:x"), ("provenance",)),
        (path("Aspirin", "pain", publications=["PMID:1"]), ("provenance",)),
        (path("Aspirin", "pain", evidence="TAS"), ("provenance",)),
        (path("Aspirin", "pain", score=0.5, statement="Aspirin treats pain"), ("wording", "provenance")),
        (PLAIN | {"types": ["drug", "disease"]}, ("type",)),
    ],
)
def test_what_of_a_path_changed(after: dict[str, Any], parts: tuple[str, ...]) -> None:
    assert paired([PLAIN], [after]) == (0, [parts], 0, 0)


def test_what_is_no_change() -> None:
    """The numbers of nodes, how a name is written, the order of relations and publications, relevance, fields that are null."""
    two = path("aspirin", "Pain  (disease)", nodes=9, relevance=0.9, publications=["PMID:2", "PMID:1"], score=None)
    two["hops"][0][0]["statement"] = "aspirin is indicated for Pain"
    one = path("Aspirin", "pain", publications=["PMID:1", "PMID:2"])
    more = one["hops"][0][0] | {"relation": "off-label use"}
    again = two["hops"][0][0] | {"relation": "off-label use"}
    one["hops"][0].append(more)
    two["hops"][0].insert(0, again)
    assert paired([one], [two]) == (1, [], 0, 0)


def test_paths_with_equal_names_are_paired_once() -> None:
    other = path("Aspirin", "pain", source="x")
    assert paired([PLAIN, other], [other]) == (1, [], 1, 0)  # the equal one, not the first
    assert paired([PLAIN], [other, path("Aspirin", "pain", source="y")]) == (0, [("provenance",)], 0, 1)
    assert paired([PLAIN, PLAIN], [PLAIN]) == (1, [], 1, 0)


def test_the_way_of_a_path_counts() -> None:
    assert paired([PLAIN], [path("pain", "Aspirin")]) == (0, [], 1, 1)
