"""The ledger of the same questions and benchmarks is made once, and kept in the cache.

So a build with other settings, a build after `make estimate`, and the parts of a build that have a cache in common do not compare anew. Parts
that begin at once wait for the first of them.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock

from dataset_builder.contamination.benchmarks import Benchmark, Row
from dataset_builder.contamination.check import check, compared, measured
from dataset_builder.contamination.ledger import Ledger, LedgerEntry
from kg.embedder import NONE, Embedder
from kg.prepared import cache_folder


def ledger_of(
    questions: Sequence[Row],
    benchmarks: Sequence[Benchmark],
    *,
    code: str,
    strict: bool = False,
    embedder: Embedder = NONE,
) -> Ledger:
    """The ledger that `check` makes of these, from the cache where it is there.

    ``code``: a hash of the code that compares. A damaged file is made anew, with a warning. Raises what `check` raises.
    """
    how = [code, strict, embedder.facts() if measured(embedder) else None]
    path = cache_folder() / "ledgers" / f"{_key(how, questions, benchmarks)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock := path.with_suffix(".lock")):
        if (ledger := _read(path)) is None:
            ledger = check(questions, benchmarks, strict=strict, embedder=embedder)
            _keep(path, ledger)
        lock.unlink(missing_ok=True)  # who waits for it finds the ledger, and so does who makes another one
    return ledger


def _key(how: object, questions: Sequence[Row], benchmarks: Sequence[Benchmark]) -> str:
    """32 hex digits over all that a ledger depends on."""
    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(how, questions, benchmarks):
        digest.update(json.dumps(part, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def _parts(how: object, questions: Sequence[Row], benchmarks: Sequence[Benchmark]) -> Iterator[object]:
    yield how
    yield from compared(questions)
    for benchmark in benchmarks:
        yield [benchmark.name]
        yield from benchmark.rows


def _read(path: Path) -> Ledger | None:
    try:
        data = json.loads(path.read_bytes())
        return Ledger(tuple(data["benchmarks"]), tuple(LedgerEntry(*entry) for entry in data["found"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as why:
        warnings.warn(f"{path} is cut or damaged ({why}): the questions are compared again", stacklevel=3)
        return None


def _keep(path: Path, ledger: Ledger) -> None:
    """Whoever reads it at the same time sees the whole file, or none."""
    written = path.with_suffix(f".{os.getpid()}")
    written.write_text(json.dumps({"benchmarks": ledger.names, "found": ledger.found}), encoding="utf-8")
    written.replace(path)
