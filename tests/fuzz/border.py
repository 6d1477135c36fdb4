"""A border: a place where the project reads what a stranger wrote."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CORPUS = Path(__file__).parent / "corpus"  # a folder per border: inputs that once found a fault
Form = Literal["json", "jsonl", "yaml", "csv", "bytes"]


@dataclass(frozen=True)
class Border:
    """What is mutated, and what reads it.

    ``form``: how the content is mutated, beside its bytes; ``seeds``: valid contents; ``read(data, folder)``: puts the bytes where the
    project reads them and reads them in every way that users do (the folder is empty at first, and kept between the calls of one
    process); ``refusals``: the project's own errors, whose message is for the user: whatever else ``read`` raises is a finding.
    """

    name: str
    form: Form
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], object]
    refusals: tuple[type[Exception], ...]

    @property
    def corpus(self) -> list[Path]:
        """The files that once found a fault."""
        return sorted(path for path in (CORPUS / self.name).glob("*") if path.is_file())
