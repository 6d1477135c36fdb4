"""Make what `tiny-grpo` learns first: the answers alone of a dataset folder's config `rl`, as prompts and completions.

python -m sft.tiny_answers build/kg_only build/tiny-answers-data
"""

import sys
from pathlib import Path

from datasets import Dataset, load_dataset

from kg.terminal import protect
from sft.recipe import RecipeError


def make(dataset: str, folder: Path) -> int:
    """Write the questions that have an answer among their options; returns how many. A completion is one sentence, which `answer_reward` reads.

    Raises RecipeError where there is no such folder.
    """
    if not Path(dataset).is_dir():
        raise RecipeError(
            f"found no folder {dataset}; expected a dataset folder with the config `rl` (`make dataset OUT={dataset}`)"
        )
    rows = [
        {
            "id": row["id"],
            "prompt": row["prompt"],
            "completion": [{"role": "assistant", "content": f"The answer is {row['answer_label']}. {row['answer']}"}],
        }
        for row in load_dataset(dataset, "rl", split="train").to_list()
        if row["answer_label"] is not None
    ]
    (folder / "data").mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows).to_parquet(folder / "data" / "train-00000-of-00001.parquet")
    return len(rows)


def main(dataset: str, folder: str) -> int:
    """Exit status 0, or 2 where the dataset cannot be used."""
    try:
        made = make(dataset, Path(folder))
    except RecipeError as why:
        sys.stderr.write(f"error: {why}\n")
        return 2
    sys.stdout.write(f"{made} answers of {dataset} in {folder}\n")
    return 0


if __name__ == "__main__":
    protect()
    sys.exit(main(*sys.argv[1:3]))
