"""Each text is read once: what a pure function found in a text is remembered under the text's hash.

A build meets the same texts several times: when it asks, when it makes the columns from the answers, when it counts the tiers. To read a
text of 6 kB takes some 10 ms, to hash it 10 µs.
"""

from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any, TypeVar

R = TypeVar("R")
MOST = 500_000  # results in memory, some 150 bytes each; the oldest are forgotten first


def read_once(function: Callable[..., R]) -> Callable[..., R]:
    """The same function, which computes each result once in a process.

    Its arguments are texts, or have a `repr` that says all of them; nobody changes its results.
    """
    known: dict[bytes, R] = {}

    @wraps(function)
    def reading(*texts: Any, **named: Any) -> R:
        digest = blake2b(digest_size=16)
        for value in (*texts, *sorted(named.items())):
            part = (value if isinstance(value, str) else repr(value)).encode("utf-8", "surrogatepass")
            digest.update(b"%d:%b" % (len(part), part))
        key = digest.digest()
        if key not in known:
            if len(known) >= MOST:
                del known[next(iter(known))]
            known[key] = function(*texts, **named)
        return known[key]

    return reading
