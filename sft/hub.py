"""A checkpoint on the Hub: repository and branch are made before training, so that a missing right shows before the first step."""

from pathlib import Path

from huggingface_hub import CommitInfo, HfApi

from sft.recipe import PINNED_DATA, Recipe, RecipeError

# what `from_pretrained` and a reader need; never a pickle (training_args.bin, optimizer.pt)
FILES = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "tokenizer.model", "README.md", "loss.png")
NEVER = ("checkpoint-*", "*.bin", "*.pt", "*.pth", "*.pkl", "*.tmp")


def prepare(recipe: Recipe) -> None:
    """Make the repository and, if the recipe names one, the branch. Raises RecipeError where what is trained is not pinned."""
    repo = recipe.training.hub_model_id
    if not repo:
        raise RecipeError("push_to_hub is set, but hub_model_id is not; expected the name of a repository: org/name")
    for source in recipe.mixture.datasets:
        files = source.data_files if isinstance(source.data_files, str) else ""
        if source.path == "parquet" and not PINNED_DATA.fullmatch(files):
            raise RecipeError(f"found data {files}, which may change; expected hf://datasets/org/name@tag/… before a checkpoint is pushed")
    api = HfApi(token=recipe.training.hub_token)
    api.create_repo(repo, private=recipe.training.hub_private_repo, exist_ok=True)
    if recipe.training.hub_revision:
        api.create_branch(repo, branch=recipe.training.hub_revision, exist_ok=True)


def push(recipe: Recipe, folder: Path) -> CommitInfo:
    """Send model, tokenizer and card as one commit."""
    return HfApi(token=recipe.training.hub_token).upload_folder(
        repo_id=recipe.training.hub_model_id or "",
        folder_path=folder,
        revision=recipe.training.hub_revision,
        commit_message=f"{recipe.name}: trained by `make sft RECIPE={recipe.name}`",
        allow_patterns=list(FILES),
        ignore_patterns=list(NEVER),
    )
