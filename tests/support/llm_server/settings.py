"""The settings of the scripted server, and the draws and limits that follow from them."""

import hashlib
import time
from dataclasses import dataclass, fields, replace
from itertools import accumulate
from typing import Any

# 429 without and with Retry-After; 500; TCP reset; nothing for hang_s, then closed; a byte a second, which defeats per-read
# time-outs; half a body; content ""; content that is not JSON; finish_reason "length"
FAULTS = ("429", "429ra", "500", "reset", "hang", "drip", "cut", "empty", "badjson", "length")
PAID = ("good", "empty", "badjson", "length", "cut")  # the model ran


def request_hash(body: bytes) -> str:
    """16 hex digits that name a request by its bytes, so that a client can prove that an answer is its own."""
    return hashlib.blake2b(body, digest_size=8).hexdigest()


@dataclass(frozen=True)
class Settings:
    """All of them can be changed while the server runs (POST /control)."""

    latency_ms: float = 0.0
    jitter: float = 0.0  # +- this share of the latency, seeded per request
    knee: int = 0  # above 0: a server that fills up, latency grows in proportion above this many in flight
    slots: int = 0  # above 0: a small server: so many requests at once, the others wait in a queue, also when their client is gone
    tokens_per_second: float = 20.0  # of each slot
    answer_tokens: int = 600  # of a reply that no rule makes
    seed: int = 0
    fault_429: float = 0.0
    fault_429ra: float = 0.0
    fault_500: float = 0.0
    fault_reset: float = 0.0
    fault_hang: float = 0.0
    fault_drip: float = 0.0
    fault_cut: float = 0.0
    fault_empty: float = 0.0
    fault_badjson: float = 0.0
    fault_length: float = 0.0
    canned: float = 0.0  # share of the attempts that are answered with one of State.canned
    retry_after_s: float = 1.0
    hang_s: float = 60.0
    permanent: float = 0.0  # share of requests whose first draw holds for every attempt
    max_concurrency: int = 0  # above 0: 429 above
    rate: str = ""  # requests a second, 429 above: "300", or a schedule "0:50,10:300,40:100" (linear between)
    tpm: int = 0  # above 0: tokens (prompt and completion) a minute, 429 above
    burst_s: float = 0.2  # depth of both buckets, in seconds' worth
    header_rpm: int = 0  # above 0: x-ratelimit-limit-requests on every answer
    header_tpm: int = 0
    key: str = ""  # 401 for every other one; the message repeats the key that came, as a careless server does
    context: int = 0  # above 0: 400 context_length_exceeded for prompts of more tokens
    schema: bool = True  # False: 400 for response_format
    # of reasonmed's scripted models (replies_reasonmed.py)
    error: str = ""  # a model's share of texts with a wrong final answer: "weak:0.6,fair:0.3"; others: none
    hard: float = 0.0  # share of questions that are hard
    hard_error: float = 0.95  # on these, of every writer
    flaw: float = 0.0  # share of texts that have a false step, right or wrong in the end
    judge_error: float = 0.0  # share of judgements that are the opposite of what they should be
    unclear: float = 0.0  # share of judgements that decide nothing
    long: int = 0  # characters of prose within a rationale
    # of the scripted judge, on the calibration cases (replies_calibration.py)
    judge: str = ""  # "substring": it looks for words
    false_positive: float = 0.0  # share of wrong ones that it calls right
    false_negative: float = 0.0
    # of files and batches (batches.py says what each imitates); `_ms` in milliseconds, the others shares unless they say
    batch_dir: str = ""  # folder that keeps files and batches over a restart; "": a temporary one
    batch_file_wait_ms: float = 0.0  # a new file is not found for so long
    batch_validate_ms: float = 0.0  # how long a batch is validating
    batch_run_ms: float = 0.0  # in_progress; its requests are answered evenly over this time
    batch_finalize_ms: float = 0.0
    batch_cancel_ms: float = 0.0  # cancelling
    batch_create_500: float = 0.0  # of the batches made, whose maker gets a 500
    batch_create_cut: float = 0.0  # of the batches made, whose maker's connection is cut before the answer
    batch_invalid: float = 0.0  # of the batches, which fail with batch_invalid_code whatever they hold
    batch_invalid_code: str = "invalid_json_line"
    batch_enqueued_tokens: int = (
        0  # above 0: prompt tokens of all unfinished batches of a model; a batch above it fails
    )
    batch_request_400: float = 0.0  # of the requests
    batch_request_500: float = 0.0  # of the requests
    batch_expire: float = 0.0  # of the batches
    batch_expire_done: float = 0.5  # of the requests of such a batch, answered before it expires
    batch_stuck: float = 0.0  # of the batches, which stay in_progress until this is set to 0
    batch_shuffle: float = 0.0  # of the batches, whose output lines are in another order
    batch_double: float = 0.0  # of the lines, written twice
    batch_missing: float = 0.0  # of the lines, in neither file
    batch_torn: float = 0.0  # of the downloads, cut in the middle
    batch_poll_429: float = 0.0  # of the calls that retrieve a batch or a file's content; with Retry-After
    batch_poll_500: float = 0.0  # of the same
    batch_max_requests: int = 50_000  # a number, of one file
    batch_max_bytes: int = 200_000_000  # of one file
    log: str = ""  # path of the request log: seconds, hash, attempt, outcome

    def changed(self, given: dict[str, Any]) -> "Settings":
        """With these settings, which may be texts. Raises KeyError or ValueError."""
        kinds = {f.name: type(f.default) for f in fields(self)}
        new = {name: kinds[name](value) for name, value in given.items()}
        if isinstance(given.get("schema"), str):
            new["schema"] = given["schema"] not in ("0", "false", "False")
        return replace(self, **new)

    def draw(self, key: str, attempt: int) -> str:
        """The outcome of an attempt: fixed by seed, request and number of the attempt, whatever the order of arrival."""
        shares = list(accumulate(getattr(self, f"fault_{name}") for name in FAULTS))
        if not shares[-1]:
            return "good"
        lasting = self.permanent and self.uniform("permanent", key) < self.permanent
        u = self.uniform("fault", key, 1 if lasting else attempt)
        return next((name for share, name in zip(shares, FAULTS, strict=True) if u < share), "good")

    def uniform(self, *what: object) -> float:
        """A number in [0, 1) fixed by the seed and what it is for."""
        digest = hashlib.blake2b(f"{self.seed}|{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def error_of(self, model: str) -> float:
        """A model's share of wrong final answers."""
        rates = dict(pair.split(":", 1) for pair in self.error.split(",") if pair)
        return float(rates.get(model, 0.0))

    def schedule(self) -> list[tuple[float, float]]:
        """(second, requests a second) points of ``rate``."""
        points = [("0:" + point).split(":")[-2:] for point in self.rate.split(",") if point]
        return [(float(second), float(rate)) for second, rate in points]


@dataclass
class Limits:
    """Two token buckets and a cap on calls in flight. The schedule's time runs from the first request."""

    settings: Settings
    start: float | None = None

    def __post_init__(self) -> None:
        self.filled, self.schedule = 0.0, self.settings.schedule()
        self.bucket = self.rate_at(0.0) * self.settings.burst_s
        self.tokens = self.settings.tpm / 60 * self.settings.burst_s

    def rate_at(self, t: float) -> float:
        """The limit t seconds after the start."""
        for (t0, r0), (t1, r1) in zip(self.schedule, self.schedule[1:], strict=False):
            if t < t1:
                return r0 + max(0.0, t - t0) / (t1 - t0) * (r1 - r0)
        return self.schedule[-1][1] if self.schedule else 0.0

    def over(self, tokens: int, in_flight: int) -> str | None:
        """Which limit a request is over, or None; what is over a limit takes nothing from the buckets."""
        now, s = time.monotonic(), self.settings
        if self.start is None:
            self.start = self.filled = now
        elapsed, self.filled = now - self.filled, now
        if s.max_concurrency and in_flight >= s.max_concurrency:
            return "over_concurrency"
        rate, per_second = self.rate_at(now - self.start), s.tpm / 60
        self.bucket = min(self.bucket + rate * elapsed, max(rate * s.burst_s, 1.0))
        self.tokens = min(self.tokens + per_second * elapsed, max(per_second * s.burst_s, tokens))
        if self.schedule and self.bucket < 1.0:
            return "over_rate"
        if s.tpm and self.tokens < tokens:
            return "over_tpm"
        self.bucket, self.tokens = self.bucket - 1.0, self.tokens - tokens
        return None
