"""A Hub on loopback, to try a push without an account: python -m tests.hub --root DIR --port N

It prints the environment to set in another terminal, and runs until it is stopped (Ctrl-C). Its content stays in DIR, one
bare git repository per Hub repository (`git -C DIR/datasets/org/name.git log`).
"""

import argparse
import shlex
import socket
import sys
from pathlib import Path

import uvicorn

from tests.support.hub.running import environment
from tests.support.hub.server import Hub, RootInUse
from tests.support.hub.tokens import User, default_users


def main() -> int:
    """Serve as the arguments say. Exit status: 0 stopped, 2 bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.hub", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--root", type=Path, default=Path("build/hub"), metavar="DIR", help="where all is kept (default: build/hub)"
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0: any that is free (default)")
    parser.add_argument(
        "--namespace", action="append", default=[], metavar="NAME", help="the writer may write there too, beside org"
    )
    parser.add_argument("--parts-above", type=int, metavar="BYTES", help="take larger files in parts of this size")
    given = parser.parse_args()
    try:
        hub = Hub(given.root.resolve(), default_users(given.namespace), given.parts_above)
        listener = socket.create_server(("127.0.0.1", given.port))
    except (RootInUse, OSError) as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    print(told(hub, f"http://127.0.0.1:{listener.getsockname()[1]}"), flush=True)
    config = uvicorn.Config(hub, log_level="warning", access_log=False, ws="none")
    uvicorn.Server(config).run([listener])
    return 0


def told(hub: Hub, url: str) -> str:
    """What to set, and whose tokens there are."""
    writer, *others = hub.users
    lines = ["# In another terminal (a client reads this when it starts; HF_HOME is a cache of its own for this Hub):"]
    lines += [
        f"export {name}={shlex.quote(value)}" for name, value in environment(url, hub.root / "home", writer).items()
    ]
    lines += ["# Then, for example:  make dataset push REPO=org/medreason TAG=v0.1"]
    lines += [f"# Another user: HF_TOKEN={user.token} ({_may(user)})" for user in others]
    lines += [f"serving {url} from {hub.root}; Ctrl-C stops it"]
    return "\n".join(lines)


def _may(user: User) -> str:
    namespaces = ", ".join((user.name, *user.organizations))
    return f"{user.name}: {'reads and writes' if user.may_write else 'only reads'} {namespaces}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
