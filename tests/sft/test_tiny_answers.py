"""What tiny-grpo learns first: an answer in one sentence, which is rewarded."""

from pathlib import Path

import pytest
from datasets import Dataset, load_dataset

from sft.rewards import answer_reward
from sft.tiny_answers import main, make

OPTIONS = [{"label": "A", "text": "Insulin (human)"}, {"label": "B", "text": "Metformin"}]
CONFIG = "---\nconfigs:\n- config_name: rl\n  data_files:\n  - split: train\n    path: rl/train-*\n---\n"


def folder_of(place: Path) -> Path:
    """A folder with the config `rl`: two questions with options, and an open one."""
    rows = [
        {
            "id": f"q{number}",
            "prompt": [{"role": "user", "content": f"Question {number}?"}],
            "answer": answer,
            "answer_label": label,
            "options": options,
        }
        for number, (answer, label, options) in enumerate(
            [("Metformin", "B", OPTIONS), ("Insulin (human)", "A", OPTIONS), ("Metformin", None, [])]
        )
    ]
    (place / "rl").mkdir(parents=True)
    Dataset.from_list(rows).to_parquet(place / "rl" / "train-00000-of-00001.parquet")
    (place / "README.md").write_text(CONFIG)
    return place


def test_each_answer_is_one_sentence_that_is_rewarded(tmp_path: Path) -> None:
    assert make(str(folder_of(tmp_path / "in")), tmp_path / "out") == 2
    rows = load_dataset(str(tmp_path / "out"), split="train")
    assert rows["completion"][0] == [{"role": "assistant", "content": "The answer is B. Metformin"}]
    given = {"answer_label": ["B", "A"], "options": [OPTIONS, OPTIONS]}
    assert answer_reward(prompts=rows["prompt"][:], completions=rows["completion"][:], **given) == [1.0, 1.0]


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(str(tmp_path / "none"), str(tmp_path / "out")) == 2
    assert "expected a dataset folder with the config `rl`" in capsys.readouterr().err
