"""The scripted server as a process that can be killed, and started again at the same port."""

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple, Self


class Outcome(NamedTuple):
    """A line of the server's log: when a call ended (seconds of the machine's monotonic clock), and how."""

    at: float
    key: str  # digest of the request's body
    outcome: str


class ServerProcess:
    """A context manager. ``log``: file of its request log, which a start goes on with; the settings are those of settings.py."""

    def __init__(self, log: Path, reply: str = "echo", **settings: Any) -> None:
        self.log, self.reply, self.settings, self.port = log, reply, settings, 0
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start it, at the port of before."""
        words = [f"{name}={value}" for name, value in self.settings.items()] + [f"log={self.log}"]
        command = [sys.executable, "-m", "tests.llm_server", "--port", str(self.port), "--reply", self.reply]
        self.process = subprocess.Popen([*command, "--set", *words], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2].partition("/")[0])

    def kill(self) -> None:
        """Kill it (SIGKILL); what it works on is never answered."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def stats(self) -> dict[str, Any]:
        """The counters since it was started."""
        with urllib.request.urlopen(self.url.replace("/v1", "/stats")) as answer:
            return json.load(answer)

    def outcomes(self) -> list[Outcome]:
        """What it has logged, over all its starts."""
        lines = [line.split("\t") for line in self.log.read_text("utf-8").splitlines()] if self.log.exists() else []
        return [Outcome(float(at), key, outcome) for at, key, _attempt, outcome in lines]

    def answered(self) -> Counter[str]:
        """How many answers it has sent to a client that was there, by request."""
        return Counter(key for _, key, outcome in self.outcomes() if outcome == "good")
