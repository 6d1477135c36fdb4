"""Mutated contents at every border: python -m tests.fuzz [--minutes M | --examples N] [BORDER …]   (make fuzz MINUTES=10)

Every border is read in processes of its own. Exit status 1 where something else than a message for the user was raised, took more than
5 s or more than 1 GB; such contents are written to tests/fuzz/corpus, which the tests read.
"""

import argparse
import sys
import time

from tests.fuzz.driver import MEMORY_MB, SLOW_S, Tally, keep
from tests.fuzz.processes import borders, over_processes


def main() -> int:
    """Run the borders that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="BORDER", help=", ".join(borders()))
    parser.add_argument("--minutes", type=float, default=10.0, help="for all borders together (default: 10)")
    parser.add_argument("--examples", type=int, help="so many contents per border instead")
    parser.add_argument("--seed", type=int, help="(default: the clock)")
    given = parser.parse_args()
    if wrong := sorted(set(given.names) - set(borders())):
        parser.error(f"found the borders {', '.join(wrong)}; expected some of {', '.join(borders())}")
    names = given.names or borders()
    seed = time.time_ns() % 10**9 * 1000 if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    found = 0
    for name in names:
        tally = over_processes(name, given.examples, given.minutes * 60 / len(names), seed)
        found += report(name, tally)
    return 1 if found else 0


def report(name: str, tally: Tally) -> int:
    """Print what happened, write the findings to the corpus; returns the number of findings."""
    refused = ", ".join(f"{kind} {count:,}" for kind, count in tally.refused.most_common())
    print(
        f"{name}: {tally.number:,} contents: {tally.read:,} read, refused: {refused or 'none'}; "
        f"the slowest took {tally.slowest_s:.2f} s; {tally.memory_mb:,.0f} MB; {len(tally.findings)} findings"
        + (f" and {tally.once} that did not come again" if tally.once else ""),
        flush=True,
    )
    for where, data in sorted(tally.findings.items()):
        print(f"  {where}   {tally.again[where]:,} times   {keep(name, where, data)}", flush=True)
    too_much = tally.memory_mb > MEMORY_MB or tally.slowest_s > SLOW_S
    return len(tally.findings) + too_much


if __name__ == "__main__":
    sys.exit(main())
