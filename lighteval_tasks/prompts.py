"""The evaluation prompts: each file ``question*.jinja`` in dataset_builder/prompts, with the suffix of its tasks."""

from dataset_builder.prompt import FOLDER

FREE = "question"  # the question exactly as in training
FIRST = (FREE, "question_strict")  # the order in which scores are listed; other prompts follow by name
LETTERED = ("question_huatuo_compat",)  # these show yes, no and maybe as options with letters, too

_FILES = sorted(
    (path.stem for path in FOLDER.glob(f"{FREE}*.jinja")),
    key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name),
)
PROMPTS = {
    name.removeprefix(FREE): name for name in _FILES
}  # suffix of a task to prompt file: "_strict" to "question_strict"
PROMPT_NAMES = {suffix: suffix.removeprefix("_") or "free" for suffix in PROMPTS}  # suffix to the name in scores.json


def split_suffix(task: str) -> tuple[str, str]:
    """A task's name without its suffix, and the suffix: the longest that matches; "" for the free prompt."""
    suffix = max((suffix for suffix in PROMPTS if task.endswith(suffix)), key=len)
    return task.removesuffix(suffix), suffix
