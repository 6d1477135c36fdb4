"""The rationale: what its writer is shown, its three parts, and that it gives nothing away."""

from dataset_builder.llm.model import LLM
from dataset_builder.stages.write_rationale import write_rationale
from tests.support.converse import converse

GOOD = (
    "**Finding reasoning paths:**\n1. pain → gout\n\n**Reasoning Process:**\n1. Crystals.\n\n**Conclusion:**\nA. Gout"
)
LEAKY = GOOD.replace("Crystals.", "The provided paths say so.")
HOP = [{"relation": "indication", "display_relation": "indication", "direction": "backward", "statement": ""}]
ROW = {
    "question": "What is it?",
    "context": None,
    "options": [{"label": "A", "text": "Gout"}, {"label": "B", "text": "Pseudogout"}],
    "answer_type": "choice",
    "restated": {"question": "A joint hurts.", "answer": "It is gout."},
    "paths": [{"names": ["gout", "Colchicine"], "hops": [HOP]}],
}


def write(*replies: str):
    said = iter(replies)
    columns, requests = converse(
        write_rationale.using(llm=LLM("m")), {k: [v] for k, v in ROW.items()}, lambda _: next(said)
    )
    return {name: values[0] for name, values in columns.items()}, requests


def test_what_the_writer_is_shown() -> None:
    _, [request] = write(GOOD)
    prompt = request.messages[-1]["content"]
    assert "<question>\nWhat is it?\n\nA. Gout\nB. Pseudogout\n" in prompt
    assert "In short: A joint hurts.\n" in prompt
    assert "\n1. gout ←indication— Colchicine\n" in prompt
    assert "Where others ended up: It is gout.\n" in prompt
    assert request.body["temperature"] == 0
    assert request.body["max_tokens"] == 5000


def test_a_good_text_is_kept_without_what_stands_before_it() -> None:
    row, _ = write("Here you are.\n\n" + GOOD)
    assert (row["rationale"], row["rejected_because"]) == (GOOD, None)


def test_a_leak_is_asked_for_once_more_and_then_rejects() -> None:
    row, requests = write(LEAKY, GOOD)
    assert row["rationale"] == GOOD
    assert [m["role"] for m in requests[1].messages] == ["user", "assistant", "user"]
    assert 'learn of ("The provided paths")' in requests[1].messages[-1]["content"]
    row, requests = write(LEAKY, LEAKY, GOOD)
    assert (row["rejected_because"], row["rationale"], len(requests)) == ("leaked_answer", None, 2)
    assert "'The provided paths'" in row["rejected_detail"]


def test_a_text_without_its_parts_is_asked_for_twice_more_and_then_rejects() -> None:
    row, requests = write("Sure! Here is the JSON: {", "**Conclusion:** gout", GOOD)
    assert (row["rationale"], len(requests)) == (GOOD, 3)
    assert 'the title "Finding reasoning paths" is missing' in requests[1].messages[-1]["content"]
    row, requests = write("Gout.", "It is gout.", "I would say gout.")
    assert (row["rejected_because"], len(requests)) == ("bad_rationale", 3)
    row, requests = write(*["Gout."] * 2)
    assert (row["rejected_because"], len(requests)) == ("bad_rationale", 2)


def test_a_leak_and_missing_parts_are_counted_apart() -> None:
    row, requests = write("Gout.", LEAKY, "Gout.", GOOD)
    assert (row["rationale"], len(requests)) == (GOOD, 4)
