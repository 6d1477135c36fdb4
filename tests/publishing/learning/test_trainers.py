"""TRL's trainers read the configs `rl` and `preference` of a folder as they are: one step each of a tiny model. Slow: they import torch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, load_dataset

from dataset_builder.__main__ import main
from tests.support.llm_server.running import running

pytestmark = pytest.mark.slow

ROLES = ["--writers", "weak,fair,strong", "--judge", "judge", "--editor", "editor"]
PRICES = [word for name in ("weak", "fair", "strong", "judge", "editor") for word in ("--price", f"{name}=1/2")]
ERRORS = {"error": "weak:0.6,fair:0.4,strong:0.2,editor:0.1", "hard": 0.1}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of `reasonmed`, and the tiny model."""
    from sft import tiny_model

    home = tmp_path_factory.mktemp("trainers")
    tiny_model.make(home / "model")
    with running(**ERRORS) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setenv("OPENAI_API_KEY", "sk-test")
        assert main(["build", "reasonmed", *ROLES, *PRICES, "--rows", "25", "--out", str(home / "out")]) == 0
    yield home


def rows_of(home: Path, config: str) -> Dataset:
    rows = load_dataset(str(home / "out"), config, split="train")
    assert isinstance(rows, Dataset)
    return rows


def one_step(home: Path, name: str) -> dict[str, Any]:
    return {
        "output_dir": str(home / name),
        "max_steps": 1,
        "per_device_train_batch_size": 2,
        "report_to": [],
        "use_cpu": True,
        "bf16": False,
        "logging_steps": 1,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


def test_grpo_reads_rl_and_gives_rewards_the_columns(home: Path) -> None:
    from trl import GRPOConfig, GRPOTrainer  # pyright: ignore[reportPrivateImportUsage]

    rows, seen = rows_of(home, "rl"), []

    def reward(completions: list, answer_label: list, options: list, paths: list, **more: Any) -> list[float | None]:
        seen.append((answer_label, options, paths, sorted(more)))
        return [float(len(one[0]["content"]) % 2) for one in completions]

    args = GRPOConfig(**one_step(home, "grpo"), num_generations=2, max_completion_length=8)
    trainer = GRPOTrainer(str(home / "model"), reward_funcs=reward, args=args, train_dataset=rows)
    trainer.train()
    [(labels, options, _, more), *_] = seen
    by_label = [{option["label"] for option in one} for one in options]
    assert len(labels) == 2 and all(label in known for label, known in zip(labels, by_label, strict=True))
    assert {"answer", "answer_type", "id", "license", "pass_rate", "source"} <= set(more)


def test_dpo_reads_preference(home: Path) -> None:
    from trl import DPOConfig, DPOTrainer  # pyright: ignore[reportPrivateImportUsage]

    rows = rows_of(home, "preference")
    assert len(rows) > 5
    args = DPOConfig(**one_step(home, "dpo"), max_length=512)
    trainer = DPOTrainer(str(home / "model"), args=args, train_dataset=rows)
    loss = trainer.train().training_loss
    assert 0.5 < loss < 0.9  # ln 2: the model prefers nothing yet
