"""Pushes to a local Hub, timed, or killed at random moments: python -m benchmarks.push speed [MB] | kills [TIMES]."""

import sys

from benchmarks.push_speed import measure
from tests.support.killed_pushes import kill


def main(words: list[str]) -> int:
    """Print what was found."""
    what, number = words[0] if words else "", float(words[1]) if len(words) > 1 else None
    if what == "speed":
        print("\n".join(measure(number or 500)))
    elif what == "kills":
        for victim in ("client", "server"):
            print(kill(victim, int(number or 10)), flush=True)
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
