"""The checkpoint from which a stopped training continues, and the check that the folder belongs to the same training."""

import json
from pathlib import Path
from typing import Any

from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from sft.recipe import RecipeError

RUN = "run.json"


def last_whole(out: Path) -> Path | None:
    """The complete checkpoint of the highest step, or None.

    The Trainer writes `trainer_state.json` last, so a process that is killed while it saves leaves a folder without this file.
    """
    whole = [folder for folder in out.glob(f"{PREFIX_CHECKPOINT_DIR}-*") if _state(folder)]
    return max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


def _state(checkpoint: Path) -> dict[str, Any] | None:
    try:
        return json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def claim(out: Path, run: dict[str, Any]) -> None:
    """Write the settings of this training into the folder. Raises RecipeError where it has checkpoints of another training."""
    run = json.loads(json.dumps(run))  # with the types that JSON gives back
    file = out / RUN
    if file.is_file() and last_whole(out):
        earlier = json.loads(file.read_text("utf-8"))
        changed = [key for key in sorted(run.keys() | earlier.keys()) if run.get(key) != earlier.get(key)]
        if changed:
            what = "; ".join(f"{key}: {earlier.get(key)}, now {run.get(key)}" for key in changed)
            raise RecipeError(
                f"{out} contains checkpoints of another training ({what}). To continue that training, use its settings; "
                f"to start a new one, choose another OUT or remove the folder"
            )
    out.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    draft.replace(file)
