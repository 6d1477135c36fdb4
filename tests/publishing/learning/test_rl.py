"""Which questions are in `rl`: those whose gold answer a reward can read."""

from typing import Any

import pyarrow as pa
import pytest

from dataset_builder.configs import CONFIGS
from dataset_builder.publishing.learning.rl import gold_answer_is_read, rl_rows
from dataset_builder.row import HOP, PATH, as_features

PROMPT = [{"role": "user", "content": "Which?"}]


def question(**more: Any) -> dict[str, Any]:
    options = [{"label": label, "text": text} for label, text in zip("AB", ("gout", "a sprain"), strict=True)]
    same = {"id": "s:1", "source": "s", "license": "mit", "answer_type": "choice", "options": options}
    return same | {"answer": "gout", "answer_label": "A"} | more


def yes_no_maybe(answer: str, label: str) -> dict[str, Any]:
    options = [{"label": label, "text": text} for label, text in zip("ABC", ("yes", "no", "maybe"), strict=True)]
    return question(answer_type="yes/no/maybe", options=options, answer=answer, answer_label=label)


@pytest.mark.parametrize(
    ("row", "read"),
    [
        (question(), True),
        (yes_no_maybe("no", "B"), True),
        (question(answer_type="open", options=[], answer="gout", answer_label=None), True),
        (question(answer_label="B"), True),  # the letter counts: that text and label differ is the source's matter
        (question(answer_label="C"), False),
        (question(answer_label=None), False),
        (question(answer=None), False),
        (yes_no_maybe("no", "A"), False),
        (question(options=[{"label": f"{n}", "text": f"{n}"} for n in range(30)], answer_label="3"), False),
    ],
)
def test_a_gold_answer_is_read_or_the_question_is_left_out(row: dict[str, Any], read: bool) -> None:
    assert gold_answer_is_read(row) is read
    assert len(list(rl_rows(row, PROMPT))) == read


def test_what_a_row_does_not_have_is_empty() -> None:
    [row] = rl_rows(question(), PROMPT)
    assert (row["paths"], row["pass_rate"], row["prompt"]) == ([], None, PROMPT)
    rate = [{"model": "weak", "right": 1, "judged": 3, "rate": 1 / 3}]
    [row] = rl_rows(question(pass_rate=rate, paths=None), PROMPT)
    assert (row["paths"], row["pass_rate"]) == ([], rate)


def test_a_path_of_an_earlier_version_gets_the_fields_of_this_one() -> None:
    """So the rows are those that are read back from the file, where a missing field is null."""
    hop = [{"relation": "r", "display_relation": "is", "direction": "forward", "statement": "a is b"}]
    old = {"nodes": [1, 2], "names": ["a", "b"], "types": ["t", "t"], "hops": [hop], "length": 1, "total": 1}
    [row] = rl_rows(question(paths=[old]), PROMPT)
    [path] = row["paths"]
    assert path.keys() == PATH.keys() and path["hops"][0][0].keys() == HOP.keys()
    assert {name: path[name] for name in old if name != "hops"} == {name: old[name] for name in old if name != "hops"}
    schema = as_features(CONFIGS["rl"].columns).arrow_schema
    assert pa.Table.from_pylist([row], schema=schema).to_pylist() == [row]
