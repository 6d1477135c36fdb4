"""A defect rejects the row under its code; a doubt is a flag, with the number of the rationale where there are several."""

from typing import Any

from dataset_builder.stages.check_style import check_style
from tests.support.rationales import batch

HOP = {
    "relation": "indication",
    "display_relation": "indication",
    "direction": "forward",
    "statement": "Colchicine treats gout",
}
PATH: dict[str, Any] = {
    "nodes": [1, 2],
    "names": ["Colchicine 0.6", "gout"],
    "types": ["drug", "disease"],
    "hops": [[HOP]],
}
PATH |= {"length": 1, "total": 1, "score": 1.0}
FINE = "Needles are urate, and urate crystals in a joint are gout."
DOUBT = f"{FINE} It is so in 83% of men."
LEAK = f"{FINE} The provided answer says so."


def test_one_rationale() -> None:
    for text, code, found in (
        (FINE, None, []),
        (DOUBT, None, ["unsupported_number: 83%"]),
        (LEAK, "leaked_answer", None),
    ):
        result = check_style(batch(rationale=text, paths=[PATH]))
        assert (result["rejected_because"], result["flags"]) == ([code], [found])
    assert result["rejected_detail"] == ["it says 'The provided answer'"]


def test_a_number_of_a_path_is_supported() -> None:
    assert check_style(batch(rationale=f"{FINE} Colchicine 0.6 treats it.", paths=[PATH]))["flags"] == [[]]


def test_a_number_of_another_option_is_supported() -> None:
    text, contrast = f"{FINE} Probenecid 250 treats it.", PATH | {"names": ["Probenecid 250", "gout"]}
    assert check_style(batch(rationale=text, paths=[PATH], contrasts=[contrast]))["flags"] == [[]]
    assert check_style(batch(rationale=text, paths=[PATH]))["flags"] == [["unsupported_number: 250"]]


def test_several_rationales() -> None:
    kept = [{"text": text} for text in (FINE, DOUBT)]
    for more in ({}, {"paths": []}):
        result = check_style(batch(rationales=kept, **more))
        assert result["flags"] == [["#2 unsupported_number: 83%"]] and result["rejected_because"] == [None]
        result = check_style(batch(rationales=[*kept, {"text": LEAK}], **more))
        assert result["rejected_because"] == ["leaked_answer"] and result["rejected_detail"][0].startswith("#3 ")


def test_paths_that_are_all_beside_the_point_are_a_flag(make_kg) -> None:
    def flagged(least: float, *relevances: float | None) -> list[str]:
        paths = [{"names": ["a"], "hops": [], "relevance": one} for one in relevances]
        row = {"question": "Why?", "context": None, "options": [], "rationale": "Because it is so.", "paths": paths}
        return check_style({name: [value] for name, value in row.items()}, min_relevance=least)["flags"][0]

    assert flagged(0.5, 0.1, 0.42) == ["low_relevance: 0.42"]
    assert flagged(0.5, 0.1, 0.5) == flagged(0, 0.1) == flagged(0.5) == flagged(0.5, None) == []
