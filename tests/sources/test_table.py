"""The table of sources: every record says where its rows come from, at which revision, and under which terms."""

import re
from pathlib import Path

import pytest

from dataset_builder.sources.table import SOURCES, UNPINNED, Source

ROOT = Path(__file__).parents[2]
FIRST = [
    *("sample", "medqa", "medqa_5options", "medmcqa"),
    *("pubmedqa_labeled", "pubmedqa_artificial", "pubmedqa_unlabeled"),
    *("mmlu_medical", "mmlu_pro_health", "mmlu_pro_biology", "medxpertqa", "medbullets_op4", "medbullets_op5"),
    *("huatuo", "hle_medical"),
]
ONLY_SCORE = {
    "mmlu_medical",
    "mmlu_pro_health",
    "mmlu_pro_biology",
    "medxpertqa",
    "medbullets_op4",
    "medbullets_op5",
    "hle_medical",
}


def test_the_order_decides_which_repeat_is_kept_so_a_new_source_comes_last() -> None:
    assert list(SOURCES)[: len(FIRST)] == FIRST, "put a new source at the end of SOURCES"


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_is_pinned_or_local(source: Source) -> None:
    if source.folder is None:
        assert re.fullmatch("[0-9a-f]{40}", source.revision) or (source.revision == UNPINNED and source.local_only)
        assert source.page.startswith("https://") or source.made_from


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_has_a_split_a_license_and_terms_that_are_a_sentence(source: Source) -> None:
    assert source.splits
    assert source.license == source.license.lower() != ""
    assert source.terms == "" or source.terms.endswith(".")


def test_what_only_scores_has_no_train_split() -> None:
    assert {name for name in FIRST if SOURCES[name].train is None} == ONLY_SCORE


def test_what_must_not_be_pushed() -> None:
    names = [name for name in FIRST if not SOURCES[name].may_be_pushed]
    assert names == ["medbullets_op4", "medbullets_op5", "hle_medical"]


def test_all_pubmedqa_sets_are_held_against_the_same_official_test_ids() -> None:
    sets = [source for name, source in SOURCES.items() if name.startswith("pubmedqa")]
    assert len(sets) == 3
    assert len({source.test_ids for source in sets}) == 1 and sets[0].test_ids
