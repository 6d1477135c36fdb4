"""The local Hub during a test: in a thread of its process, or as a process of its own that can be killed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn

from tests.support.hub.server import Hub
from tests.support.hub.tokens import User, default_users

ROOT = Path(__file__).parents[3]


def environment(url: str, home: Path | str, user: User | None) -> dict[str, str]:
    """What a client needs: without a user it has no token. HF_HOME of its own, since a cache does not know which Hub it is of."""
    return {
        "HF_ENDPOINT": url,
        "HF_TOKEN": user.token if user else "",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


@dataclass
class Running:
    """A server at ``url`` that keeps all in ``root``."""

    url: str
    root: Path
    users: dict[str, User] = field(default_factory=lambda: {user.name: user for user in default_users()})

    def token(self, user: str = "org") -> str:
        """Of ``org`` (writes to org/…), ``reader`` (of org, read-only), ``stranger``."""
        return self.users[user].token

    def env(self, user: str | None = "org", home: Path | None = None) -> dict[str, str]:
        """The whole environment of a process that is a client of this Hub; ``home``: its cache, else an empty one."""
        number = len(list(self.root.parent.glob(f"{self.root.name}-home-*")))
        home = home or self.root.parent / f"{self.root.name}-home-{number}"
        home.mkdir(parents=True, exist_ok=True)
        inherited = {k: v for k, v in os.environ.items() if k not in ("HF_HUB_OFFLINE", "HF_DATASETS_CACHE")}
        return inherited | environment(self.url, home, self.users[user] if user else None)


def use_here(hub: Running, patch: pytest.MonkeyPatch, home: Path, user: str | None = "org") -> None:
    """Make the clients in this process speak with this Hub, as this user: they have read the environment long ago."""
    for name, value in environment(hub.url, home, hub.users[user] if user else None).items():
        patch.setenv(name, value)
    for name, value in {
        "huggingface_hub.constants.ENDPOINT": hub.url,
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "huggingface_hub.constants.HF_HUB_OFFLINE": False,
        "huggingface_hub.constants.HF_HUB_DISABLE_XET": True,
        "huggingface_hub.constants.HF_HUB_CACHE": str(home / "hub"),
        "datasets.config.HF_ENDPOINT": hub.url,
        "datasets.config.HF_HUB_OFFLINE": False,
        "datasets.config.USE_PARQUET_EXPORT": False,  # it would look for http://datasets-server.127.0.0.1
        "datasets.config.HF_MODULES_CACHE": str(home / "modules"),
    }.items():
        patch.setattr(name, value)


@contextlib.contextmanager
def running(root: Path, parts_above: int | None = None) -> Iterator[Running]:
    """Serve in a thread as long as the block runs."""
    hub = Hub(root, default_users(), parts_above)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(hub, log_level="warning", access_log=False, ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", root)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        hub.close()


@dataclass
class Process:
    """A server that is a process; it can be killed and started again on the same port."""

    root: Path
    port: int = 0
    _process: subprocess.Popen[str] | None = None

    def start(self, **options: object) -> Running:
        """Start it (again); returns when it answers. ``options``: of subprocess.Popen."""
        command = [sys.executable, "-m", "tests.hub", "--root", str(self.root), "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **options)  # pyright: ignore
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("export HF_ENDPOINT="):
                self.port = int(line.rstrip().rsplit(":", 1)[1])
            if line.startswith("serving "):
                return Running(f"http://127.0.0.1:{self.port}", self.root)
        raise RuntimeError(f"the local Hub did not start: exit status {self._process.wait()}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it, by default as a power cut would."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
