"""How a build uses batches, and what ends it before they have ended. Nothing here imports the SDK."""

from dataclasses import dataclass

POLL_S = 30.0  # seconds between looks at the batches that are under way


class BatchesUnderWay(Exception):
    """The build can go no further before batches have ended; the message says what to do."""


@dataclass(frozen=True)
class BatchOptions:
    """How a build uses batches.

    ``wait``: it stays until they have ended; else it ends, to be run again. ``then_online``: what a batch has not answered is asked online.
    """

    wait: bool = False
    then_online: bool = False
    poll_s: float = POLL_S
