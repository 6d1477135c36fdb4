"""The examples of docs/learning.md, run on a built folder."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "learning.md"


@pytest.fixture
def names(built: dict[str, Path], tmp_path: Path) -> dict[str, Any]:
    """What the page's Python code has defined in the end."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
    found: dict[str, Any] = {"FOLDER": str(built["twelve"]), "FILE": tmp_path / "verl.parquet"}
    exec(compile(code.replace('"verl.parquet"', "str(FILE)"), str(PAGE), "exec"), found)
    return found


def test_the_conversions_are_short() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 3 and all(len([line for line in block.splitlines() if line]) <= 11 for block in blocks)


def test_verl_gets_the_columns_that_its_reader_and_reward_manager_use(names: dict[str, Any]) -> None:
    rows = pq.read_table(names["FILE"]).to_pylist()
    assert len(rows) == len(names["choices"]) > 5
    for number, (row, given) in enumerate(zip(rows, names["choices"], strict=True)):
        assert set(row) == {"data_source", "prompt", "ability", "reward_model", "extra_info"}
        assert row["prompt"] == given["prompt"] and row["data_source"] == "sample"
        assert row["reward_model"] == {"style": "rule", "ground_truth": given["answer_label"]}
        assert row["extra_info"] == {"index": number, "id": given["id"], "options": given["options"]}


def test_verifiers_gets_question_answer_and_info(names: dict[str, Any]) -> None:
    rows = names["dataset"].to_list()
    for row, given in zip(rows, names["choices"], strict=True):
        assert set(row) == {"question", "answer", "info"}
        assert row["question"] == given["prompt"][0]["content"] and row["answer"] == given["answer_label"]
        assert row["info"] == {"id": given["id"], "options": given["options"]}
