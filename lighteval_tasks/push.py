"""Push a run's scores and details to the Hub: one commit to a dataset repository that `load_dataset` reads by task."""

import re
from pathlib import Path

import yaml
from huggingface_hub import HfApi

from dataset_builder.publishing.hub.errors import explained
from dataset_builder.sources.raw_files import SourceError
from lighteval_tasks.factuality.report import CLAIMS

DETAILS = re.compile(r"details_medical:(\w+)\|")


def push(out: Path, repository: str, *, private: bool = True) -> str:
    """Commit scores.json, the table as README.md, claims.parquet if there is one, and lighteval's results and details. Returns the commit's URL.

    Raises SourceError where there are no scores, or the Hub refuses.
    """
    if not (out / "scores.json").is_file():
        raise SourceError(f"found no scores.json in {out}; expected the folder of a finished run of `make score`")
    details = sorted((out / "details").rglob("*.parquet"))
    configs = [
        {"config_name": DETAILS.search(path.name)[1], "data_files": str(path.relative_to(out))}  # type: ignore[index]
        for path in details
    ]
    if (out / CLAIMS).is_file():
        configs.append({"config_name": "claims", "data_files": CLAIMS})
    head = yaml.safe_dump({"tags": ["lighteval", "medical"], "configs": configs}, sort_keys=False)
    (out / "README.md").write_text(f"---\n{head}---\n\n# Scores\n\n{(out / 'scores.md').read_text('utf-8')}", "utf-8")
    api = HfApi()
    with explained(repository, SourceError):
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=out,
            allow_patterns=["README.md", "scores.json", CLAIMS, "results/**", "details/**"],
            delete_patterns=["results/**", "details/**", CLAIMS],
            commit_message="Scores and details of a run",
        )
    return commit.commit_url
