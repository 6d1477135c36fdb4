"""Start the scripted server by hand: python -m tests.llm_server --port 8901 --set latency_ms=50 fault_429=0.05 rate=300

It prints its URL and runs until it is stopped. GET /stats returns its counters, POST /control changes settings
({"latency_ms": 0, "reset": true}). Files and batches (/v1/files, /v1/batches) and their faults: batches.py. With batch_dir=FOLDER
they are there again, and go on, when the server was killed and is started again.
"""

import argparse
import asyncio
import pkgutil
import signal
import sys
from dataclasses import fields

from tests.support.llm_server.server import serve
from tests.support.llm_server.settings import Settings
from tests.support.llm_server.state import State


async def main() -> None:
    """Serve as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.llm_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any that is free (default)")
    parser.add_argument("--reply", default="tests.support.llm_server.replies:reply", help="module:function, or echo")
    settings = ", ".join(f.name for f in fields(Settings))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help=settings)
    given = parser.parse_args()
    reply = None if given.reply == "echo" else pkgutil.resolve_name(given.reply)
    try:
        chosen = Settings().changed(dict(word.split("=", 1) for word in given.set))
    except (KeyError, ValueError) as why:
        parser.error(f"--set {' '.join(given.set)}: unknown setting or bad value ({why}); known: {settings}")
    state = State(chosen, reply)
    server = await serve(state, given.port)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(f"serving http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    try:
        await stop.wait()
    finally:
        state.close()  # a temporary folder of batches may hold gigabytes


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(0)
