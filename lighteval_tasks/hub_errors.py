"""What the Hub answers when it does not give what was asked for, as one line for whoever asked."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.errors import LocalEntryNotFoundError

from dataset_builder.publishing.hub.errors import FAILURES, said
from dataset_builder.sources.raw_files import SourceError


@contextmanager
def told(name: str) -> Iterator[None]:
    """Raises SourceError, which says what the Hub answered of this repository and what to do, in place of its client's errors."""
    try:
        yield
    except (*FAILURES, LocalEntryNotFoundError) as why:
        raise SourceError(said(why, name)) from why
