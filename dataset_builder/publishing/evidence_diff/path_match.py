"""Which paths of a question are the same in two builds.

Two graphs give one node two indexes, so a path is known by the names of its nodes, in their order. What else it says is compared part by
part: a path with the same names and, for example, another source has changed.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kg.phrases import plain

SIZE = 8  # bytes of a digest
PARTS = ("relation", "type", "wording", "provenance")  # that can change, each with a digest behind that of the names
PROVENANCE = ("source", "evidence", "score")
LENGTH = SIZE * (1 + len(PARTS))  # of a path's digests


@dataclass
class Matched:
    """Positions of paths in the two builds: same ones in pairs, changed ones with the parts that differ, and those of one build."""

    same: list[tuple[int, int]] = field(default_factory=list)
    changed: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    won: list[int] = field(default_factory=list)

    @property
    def differ(self) -> bool:
        """Whether any path was won, lost or changed."""
        return bool(self.changed or self.lost or self.won)


def folded(name: str) -> str:
    """A node's name in the spelling by which it is compared: without case, MONDO's suffix and repeated spaces."""
    return " ".join(plain(name).casefold().split())


def digests(path: Mapping[str, Any]) -> bytes:
    """The digest of the path's names, and of each of its PARTS; LENGTH bytes.

    The order of the relations of a hop says nothing. A field that is null equals one that the row does not have.
    """
    hops = path["hops"]
    relations = [_sorted([hop["relation"], hop["display_relation"], hop["direction"]] for hop in one) for one in hops]
    wording = [_sorted(folded(hop["statement"]) for hop in one) for one in hops]
    provenance = [_sorted(map(_provenance, one)) for one in hops]
    parts = ([folded(name) for name in path["names"]], relations, path["types"], wording, provenance)
    return b"".join(digest(part) for part in parts)


def digest(value: Any) -> bytes:
    """SIZE bytes, equal for equal values."""
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=SIZE).digest()


def match(before: bytes, after: bytes) -> Matched:
    """Pair the paths of two rows, given as their digests one behind the other.

    Equal paths first, then those of equal names in their order: several nodes can have one name, so several paths can too.
    """
    old, new = _split(before), _split(after)
    found = Matched(same=_pairs(dict(enumerate(old)), dict(enumerate(new))))
    paired = [set(side) for side in zip(*found.same, strict=True)] or [set(), set()]
    left = {i: path[0] for i, path in enumerate(old) if i not in paired[0]}
    right = {j: path[0] for j, path in enumerate(new) if j not in paired[1]}
    for i, j in _pairs(left, right):
        found.changed.append((i, j, _differing(old[i][1:], new[j][1:])))
        del left[i], right[j]
    found.lost, found.won = list(left), list(right)
    return found


def _pairs(left: Mapping[int, Any], right: Mapping[int, Any]) -> list[tuple[int, int]]:
    """Positions with equal values, each position once."""
    free: dict[Any, list[int]] = defaultdict(list)
    for j in sorted(right, reverse=True):
        free[right[j]].append(j)
    return [(i, free[value].pop()) for i, value in left.items() if free.get(value)]


def _differing(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[str, ...]:
    """The parts that differ. Another relation has another wording: that is one change."""
    parts = [name for name, was, is_ in zip(PARTS, old, new, strict=True) if was != is_]
    return tuple(part for part in parts if part != "wording" or "relation" not in parts)


def _split(paths: bytes) -> list[tuple[bytes, ...]]:
    starts = range(0, len(paths), LENGTH)
    return [tuple(paths[at : at + SIZE] for at in range(start, start + LENGTH, SIZE)) for start in starts]


def _provenance(hop: Mapping[str, Any]) -> list[Any]:
    """The source, publications, evidence and score of a relation; format 1 has none of them."""
    papers = sorted(paper for paper in hop.get("publications") or () if paper is not None)
    return [*(hop.get(name) for name in PROVENANCE), papers]


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=json.dumps)
