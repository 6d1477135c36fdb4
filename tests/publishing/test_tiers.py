"""What each tier cost, from the keys of the requests that its rows made: no conversation is run for it."""

from datasets import Dataset

from dataset_builder.answer_store.store import AnswerStore, Entry
from dataset_builder.publishing.tiers import tiers_of

KEYS = [bytes([number]) * 16 for number in range(4)]


def test_a_request_counts_once_per_tier_with_all_that_it_cost(tmp_path) -> None:
    store = AnswerStore(tmp_path / "answers.sqlite")
    store.add([Entry(key, "good", None, None, "{}", "writer", "stage", 100, 10, 0.5) for key in KEYS[:3]])
    store.add([Entry(KEYS[0], "bad", "unusable", "empty", "{}", "writer", "stage", 100, 0, 0.25)])
    rows = Dataset.from_dict(
        {
            "tier": ["easy", "easy", "medium", None],
            "rejected_because": [None, "unsupported_claim", None, "open_question"],
            "responses": [["a text", None], None, ["a text"], None],
        }
    )
    asked = {0: KEYS[0] + KEYS[1], 1: KEYS[1], 2: KEYS[1] + KEYS[2]}
    tiers = tiers_of(rows, asked, store)
    assert tiers["easy"] == {
        **{"questions": 2, "published": 1, "rationales": 1, "answers": 2},
        **{"prompt_tokens": 300, "completion_tokens": 20, "usd": 1.25, "usd_per_rationale": 1.25},
    }
    assert (tiers["medium"]["answers"], tiers["medium"]["usd"]) == (2, 1.0)
    assert (tiers["none"]["questions"], tiers["none"]["answers"], tiers["none"]["usd_per_rationale"]) == (1, 0, None)
