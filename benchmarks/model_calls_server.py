"""The scripted server as a process for benchmarks: its URL, its counters, and its log's entries about a limit."""

import os
import tempfile
from pathlib import Path
from typing import Any

from tests.support.llm_server.process import ServerProcess
from tests.support.llm_server.settings import Limits, Settings


def environment_of(home: Path, url: str) -> dict[str, str]:
    """The environment of a command that has a home of its own and asks the server at this URL."""
    return os.environ | {
        "HF_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "HF_DATASETS_CACHE": str(home / "datasets"),
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": "none",
    }


class Server(ServerProcess):
    """A context manager, with a log in a folder of its own; the settings are those of tests/support/llm_server."""

    def __init__(self, reply: str = "echo", **settings: Any) -> None:
        self.folder = tempfile.TemporaryDirectory()
        super().__init__(Path(self.folder.name) / "log.tsv", reply, **settings)

    def __exit__(self, *why: object) -> None:
        super().__exit__(*why)
        self.folder.cleanup()

    def use(self, seconds: float) -> str:
        """The share of the limit that was used, in all and after 5 s, and the share of 429s. Time runs from the first request."""
        self.stats()  # flushes the log
        lines = [line.split("\t") for line in self.log.read_text().splitlines()]
        start = min(float(line[0]) for line in lines)
        limit = Limits(Settings(**self.settings))
        shares = []
        for since in (0.0, 5.0):
            allowed = (
                sum(limit.rate_at(start_of / 100) for start_of in range(int(since * 100), int(seconds * 100))) / 100
            )
            taken = sum(
                since <= float(line[0]) - start < seconds and not line[3].startswith(("over", "429")) for line in lines
            )
            shares.append(taken / allowed)
        over = sum(line[3].strip().startswith("over") for line in lines)
        return f"{shares[0]:.1%} of the limit used, {shares[1]:.1%} after 5 s; {over / len(lines):.2%} of {len(lines):,} calls over it"
