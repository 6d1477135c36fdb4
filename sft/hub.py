"""Push a checkpoint to the Hub.

Repository and branch are created, and written to, before the first step: no GPU hour is spent on a checkpoint that cannot be pushed."""

from pathlib import Path

from huggingface_hub import CommitInfo, HfApi

from dataset_builder.publishing.hub.errors import explained
from sft import eval_results
from sft.checkpoints import RUN
from sft.model_card import base_of
from sft.recipe import PINNED_DATA, Recipe, RecipeError

# the files for `from_pretrained` and for readers; never a pickle (training_args.bin, optimizer.pt)
FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "*.jinja",
    "tokenizer.model",
    "README.md",
    "loss.png",
    eval_results.FILE,
)
ADVICE = (
    "Set HF_TOKEN to a token that may write there, name another repository (HUB_MODEL=org/name), "
    "or train without pushing (PUSH=false)"
)
NEVER = ("checkpoint-*", "*.bin", "*.pt", "*.pth", "*.pkl", "*.tmp")


def prepare(recipe: Recipe) -> None:
    """Create the repository and, if the recipe names one, the branch, and commit the settings of the training (run.json).

    Raises RecipeError where no repository is named, the data are not pinned, the base model's license is unknown, or the Hub
    refuses.
    """
    repo = recipe.training.hub_model_id
    if not repo:
        raise RecipeError(
            "found push_to_hub without hub_model_id; expected the name of a repository: HUB_MODEL=org/name"
        )
    if base_of(recipe)["license_id"] == "other":
        raise RecipeError(
            f"found base model {recipe.base}, which is not in sft/bases.tsv; add a line with its license before pushing a checkpoint"
        )
    for source in recipe.mixture.datasets:
        files = source.data_files if isinstance(source.data_files, str) else ""
        if source.path == "parquet" and not PINNED_DATA.fullmatch(files):
            raise RecipeError(
                f"found data {files}, which may change; expected hf://datasets/org/name@tag/… before pushing a checkpoint"
            )
    api, branch = HfApi(token=recipe.training.hub_token), recipe.training.hub_revision
    where = f"{api.endpoint}/{repo}{f', branch {branch}' if branch else ''}"
    with explained(repo, lambda why: RecipeError(f"cannot write to {where}: {why}\n{ADVICE}")):
        api.create_repo(repo, private=recipe.training.hub_private_repo, exist_ok=True)
        if branch:
            api.create_branch(repo, branch=branch, exist_ok=True)
        api.upload_file(
            path_or_fileobj=recipe.out / RUN,
            path_in_repo=RUN,
            repo_id=repo,
            revision=branch,
            commit_message="Training begins",
        )


def push(recipe: Recipe, folder: Path) -> CommitInfo:
    """Push model, tokenizer and card as one commit."""
    return HfApi(token=recipe.training.hub_token).upload_folder(
        repo_id=recipe.training.hub_model_id or "",
        folder_path=folder,
        revision=recipe.training.hub_revision,
        commit_message=f"{recipe.name}: trained by `make sft RECIPE={recipe.name}`",
        allow_patterns=list(FILES),
        ignore_patterns=list(NEVER),
    )
