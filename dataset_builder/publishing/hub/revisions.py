"""A dataset by its name: a local folder, or ``org/name[@revision]`` on the Hub, downloaded into the client's cache."""

import re
from dataclasses import dataclass
from pathlib import Path

from dataset_builder.publishing.hub.errors import HubError
from dataset_builder.publishing.hub.repository import Repository
from dataset_builder.publishing.pushable import REPOSITORY


@dataclass(frozen=True)
class Place:
    """A dataset: its folder on this disk, its name, and its commit where it comes from the Hub."""

    folder: Path
    name: str
    commit: str | None = None


def place_of(text: str) -> Place:
    """The folder of this name, else all files of this Hub dataset at a tag, branch or commit (default: main).

    Raises HubError where there is neither, or the Hub does not answer: the cache may not contain what the Hub has now.
    """
    if Path(text).exists() or not (found := re.fullmatch(rf"({REPOSITORY.pattern})(?:@(\S+))?", text)):
        return Place(Path(text), text)
    repository, revision = Repository(found[1]), found[2] or "main"
    try:
        commit = repository.commit_of(revision)
    except HubError as why:
        raise HubError(f"there is no folder {text} here; {why}") from why
    if commit is None:
        tags = ", ".join(sorted(repository.tags())) or "none"
        raise HubError(f"{found[1]} has no revision {revision!r}; its tags are: {tags}")
    return Place(repository.download(commit), text, commit)
