"""The scripted server in a thread of the test process."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.llm_server.replies import reply as medreason
from tests.support.llm_server.server import serve
from tests.support.llm_server.settings import Settings
from tests.support.llm_server.state import Reply, State


@dataclass
class Running:
    """A server that answers at ``url``."""

    url: str
    state: State

    def stats(self) -> dict[str, Any]:
        """The counters."""
        return self.state.stats()

    def change(self, **settings: Any) -> None:
        """These settings from now on, all others as at first, and counters at zero."""
        self.state.reset()
        self.state.set(Settings().changed(settings))


@contextlib.contextmanager
def running(reply: Reply | None = medreason, **settings: Any) -> Iterator[Running]:
    """Serve as long as the block runs."""
    state, loop, ready = State(Settings(**settings), reply), asyncio.new_event_loop(), threading.Event()
    ports: list[int] = []

    async def main() -> None:
        server = await serve(state)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        async with server:
            await server.serve_forever()

    def work() -> None:
        asyncio.set_event_loop(loop)
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()

    task = loop.create_task(main())
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield Running(f"http://127.0.0.1:{ports[0]}/v1", state)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        state.close()
