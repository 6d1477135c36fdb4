"""Nodes of a Ray cluster as processes of this machine: a head, and others that join it. Each is a process group, which can be killed."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

START_S = 120.0
STARTED = b"Ray runtime started"
RAY = Path(sys.executable).with_name("ray")  # the command


@dataclass
class Nodes:
    """A cluster. Its head has no CPU for tasks, so that it is no node that works. Logs and sockets lie in the folder."""

    folder: Path
    address: str
    token: dict[str, str]  # environment variables of its nodes, and of a build on them
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def join(self, cpus: int) -> None:
        """Start another node with so many CPUs, and wait until it belongs to the cluster."""
        self.start(f"--address={self.address}", f"--num-cpus={cpus}")

    def start(self, *words: str) -> None:
        """Start a node with these arguments of `ray start`. Raises TimeoutError with what it said."""
        log = self.folder / f"node-{len(self.processes)}.log"
        command = [str(RAY), "start", *words, f"--temp-dir={self.folder}", "--block", "--disable-usage-stats"]
        with log.open("wb") as file:
            self.processes.append(
                subprocess.Popen(
                    command, env=os.environ | self.token, stdout=file, stderr=file, start_new_session=True
                )
            )
        deadline = time.monotonic() + START_S
        while STARTED not in log.read_bytes():
            if time.monotonic() > deadline or self.processes[-1].poll() is not None:
                raise TimeoutError(f"a node did not start: {log.read_text()}")
            time.sleep(0.1)

    def kill(self, number: int) -> None:
        """Kill a node, and with it all of its workers. Number 0 is the head."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.processes[number].pid, signal.SIGKILL)
        self.processes[number].wait()


@contextlib.contextmanager
def ray_nodes(*cpus: int) -> Iterator[Nodes]:
    """A cluster with a node for each of these numbers of CPUs, besides its head."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # a socket's path has at most 107 characters
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    nodes = Nodes(folder, f"127.0.0.1:{port}", token)
    try:
        nodes.start("--head", f"--port={port}", "--num-cpus=0", "--include-dashboard=false")
        for number in cpus:
            nodes.join(number)
        yield nodes
    finally:
        for number in reversed(range(len(nodes.processes))):
            nodes.kill(number)
        shutil.rmtree(folder, ignore_errors=True)
