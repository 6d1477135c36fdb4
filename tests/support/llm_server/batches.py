"""Batches of the scripted server, as OpenAI's `/v1/batches`: their states over time, and what is paid for.

The answers are those of the online endpoint (same reply, usage, body and key), one per request, in the order of the file. They go to
`work/<batch>.jsonl` before they are counted, and that file is the record of what was paid: a server that starts on the folder of
one that was killed counts it again, cuts off half a line, and goes on behind it. Settings (settings.py), and what each imitates.
[D] OpenAI's documentation and the types of openai 2.6.1; [S] what users of the real endpoint have shown; [A] assumed, not seen.

- batch_validate_ms, batch_run_ms, batch_finalize_ms, batch_cancel_ms: the states, each with its time [D].
- batch_file_wait_ms: a file is 404 just after its upload [A]; a batch made of it meanwhile fails with invalid_request, as one of an
  unknown file does [S: llama-stack's tests of batches, whose comments quote OpenAI's answers; below: S1].
- batch_create_500, batch_create_cut: the batch is made, and its maker does not learn its id [A: any call can end so].
- batch_invalid, batch_invalid_code: fails at validation; nothing is paid. Without them the file is checked: invalid_json_line,
  duplicate_custom_id, url_mismatch, model_mismatch, empty_file, too_many_tasks [D: codes], missing_required_parameter [S1], with
  the line from 1 [S1]. The real upload refuses an empty file itself [S1]; here the batch fails.
- batch_enqueued_tokens: token_limit_exceeded, an error of a failed batch and not of its creation [S: openai-python #1643, #2084].
- batch_request_400, batch_request_500: lines of the error file have `error: null` and the error in `response.body`
  [S: openai-openapi #302]. If all fail, a batch is completed without output_file_id [S: kaapi-backend #723].
- batch_expire, batch_expire_done: what is done is in the output file and paid, the rest in the error file as batch_expired, with
  `response: null` [D]. That request_counts.failed counts the rest is assumed [A]. Cancelling: the same, as batch_cancelled [D]. A batch that
  has ended or is finalizing is not cancelled: 409; one that is cancelled may be, again [S1; finalizing: A].
- batch_stuck: half of the requests are answered, then nothing comes [S: warmbly PR #333, 1 of 10 done after a day].
- batch_shuffle: the order of the output is not that of the input [D]. batch_double, batch_missing: lines twice, or in neither file [A].
- batch_torn: a download ends in the middle, of the length that was announced [A]. batch_poll_429, batch_poll_500 [A: any call].
- batch_max_requests, batch_max_bytes: 50,000 and 200 MB [D]; that a larger file is refused at its upload is assumed [A].
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tests.support.llm_server.batch_lines import (
    STEP,
    Checked,
    Life,
    Results,
    Usage,
    Work,
    answer_line,
    error,
    no_file,
    unexecuted,
)
from tests.support.llm_server.files import Files, forget_files, new_id, read_records, write_json

if TYPE_CHECKING:
    from tests.support.llm_server.state import State

DAY = 86_400  # seconds of the completion window
LOOK = 0.01  # seconds between two looks at what may have changed
ENDED = ("failed", "completed", "expired", "cancelled")
TIMES = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


class Batches:
    """Files, batches, and what goes on with them in the loop of the server."""

    def __init__(self, state: State) -> None:
        self.state, self.loop = state, asyncio.get_running_loop()
        given = state.settings.batch_dir
        self.folder = Path(given or tempfile.mkdtemp(prefix="scripted-batches-"))
        self.temporary = not given
        if self.temporary:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        for name in ("batches", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / "incoming", ignore_errors=True)
        self.files, self.records = Files(self.folder / "files"), read_records(self.folder / "batches")
        self.polls = self.downloads = 0
        self.lives: set[Life] = set()
        for batch in self.records.values():
            state.note_batch(Work(self.work(batch)).paid)
            if batch["status"] not in ENDED:
                self.begin(batch)

    def work(self, batch: dict[str, Any]) -> Path:
        """Where the answers of a batch are written first."""
        return self.folder / "work" / f"{batch['id']}.jsonl"

    def counts(self) -> dict[str, int]:
        """How many batches are in each state."""
        return dict(Counter(batch["status"] for batch in list(self.records.values())))

    def listed(self) -> list[dict[str, Any]]:
        """The batches, newest first."""
        return list(reversed(self.records.values()))

    def create(self, file_id: str, endpoint: str, window: str, metadata: dict[str, str] | None) -> dict[str, Any]:
        """Make a batch, which is then validating."""
        number, now = len(self.records) + 1, time.time()
        batch = {
            "id": new_id("batch_", number),
            "object": "batch",
            "endpoint": endpoint,
            "model": None,
            "errors": None,
            "input_file_id": file_id,
            "completion_window": window,
            "status": "validating",
            "output_file_id": None,
            "error_file_id": None,
            "created_at": int(now),
            "expires_at": int(now) + DAY,
            **{f"{name}_at": None for name in TIMES},
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
            "usage": None,
            "metadata": metadata,
            "_number": number,
            "_since": now,
            "_tokens": 0,
        }
        self.records[batch["id"]] = batch
        self.save(batch)
        self.begin(batch)
        return batch

    def save(self, batch: dict[str, Any]) -> None:
        """Write a batch's record."""
        write_json(self.folder / "batches" / f"{batch['id']}.json", batch)

    def move(self, batch: dict[str, Any], status: str, **more: Any) -> None:
        """A batch enters another state."""
        now = time.time()
        batch.update(more, status=status, _since=now, **{f"{status}_at": int(now)})
        self.save(batch)

    def cancel(self, batch: dict[str, Any]) -> bool:
        """Cancel a batch; False where it is too late."""
        if batch["status"] in ("validating", "in_progress"):
            self.move(batch, "cancelling")
        return batch["status"] in ("cancelling", "cancelled")

    def begin(self, batch: dict[str, Any]) -> None:
        """Let a batch live."""
        life = self.live(batch)
        self.lives.add(life)
        self.loop.call_soon(self.go, life)

    def go(self, life: Life) -> None:
        """The next step of a batch."""
        for wait in life:
            self.loop.call_later(wait, self.go, life)
            return
        self.lives.discard(life)

    def live(self, batch: dict[str, Any]) -> Life:
        """From the state in which a batch is to its end."""
        settings, number = self.state.settings, batch["_number"]
        if batch["status"] == "validating":
            yield from self.wait(batch, "batch_validate_ms")
            yield from self.validate(batch)
        if batch["status"] == "failed":
            return
        if batch["in_progress_at"] is None:  # cancelled before
            yield from self.wait(batch, "batch_cancel_ms")
            return self.move(batch, "cancelled")
        if (found := self.files.find(batch["input_file_id"])) is None:
            return self.fail(batch, no_file(batch["input_file_id"]))
        total, expires = batch["request_counts"]["total"], settings.uniform("batch_expire", number)
        end = int(total * settings.batch_expire_done) if expires < settings.batch_expire else total
        with found[1].open("rb") as file:
            lines = (line for line in file if line.strip())
            yield from self.answer(batch, lines, end)
            if batch["status"] == "cancelling":
                yield from self.wait(batch, "batch_cancel_ms")
                yield from self.finish(batch, lines, "cancelled")
            elif expires < settings.batch_expire:
                yield from self.wait(batch, "batch_run_ms")
                yield from self.finish(batch, lines, "expired")
            else:
                if batch["status"] == "in_progress":
                    self.move(batch, "finalizing")
                yield from self.wait(batch, "batch_finalize_ms")
                yield from self.finish(batch, lines, "completed")

    def wait(self, batch: dict[str, Any], setting: str) -> Life:
        """Wait until a batch has been so long in its state, or is in another."""
        status = batch["status"]
        while (left := batch["_since"] + getattr(self.state.settings, setting) / 1000 - time.time()) > 0:
            yield min(left, LOOK)
            if batch["status"] != status:
                return

    def validate(self, batch: dict[str, Any]) -> Life:
        """Look through the input; the batch then is in progress, or has failed."""
        settings = self.state.settings
        if batch["status"] != "validating":
            return
        if settings.uniform("batch_invalid", batch["_number"]) < settings.batch_invalid:
            said = "The scripted server finds this line invalid, as it was told."
            return self.fail(batch, error(settings.batch_invalid_code, said, 1))
        if (found := self.files.find(batch["input_file_id"], settings.batch_file_wait_ms)) is None:
            return self.fail(batch, no_file(batch["input_file_id"]))
        checked = Checked(batch["endpoint"], settings.batch_max_requests)
        with found[1].open("rb") as file:
            yield from checked.read(file)
        if batch["status"] != "validating":  # cancelled in between
            return
        if checked.errors:
            return self.fail(batch, *checked.errors)
        others = [one for one in self.records.values() if one["status"] not in ENDED and one["model"] == checked.model]
        limit, enqueued = settings.batch_enqueued_tokens, sum(one["_tokens"] for one in others)
        if limit and enqueued + checked.tokens > limit:
            said = f"Enqueued token limit reached for {checked.model} in organization org-scripted. Limit: {limit:,} enqueued tokens."
            said += " Please try again once some in_progress batches have been completed."
            return self.fail(batch, error("token_limit_exceeded", said))
        counts = {"total": checked.lines, "completed": 0, "failed": 0}
        self.move(batch, "in_progress", model=checked.model, request_counts=counts, _tokens=checked.tokens)

    def fail(self, batch: dict[str, Any], *errors: dict[str, Any]) -> None:
        """The batch has failed; nothing of it is answered."""
        self.move(batch, "failed", errors={"object": "list", "data": list(errors)})

    def answer(self, batch: dict[str, Any], lines: Iterator[bytes], end: int) -> Life:
        """Answer requests up to ``end``, evenly over batch_run_ms; those that an earlier server has answered are passed over."""
        done = Work(self.work(batch))
        total, counts, usage = batch["request_counts"]["total"], batch["request_counts"], Usage(done.paid)
        counts["completed"], counts["failed"] = len(done.paid), done.lines - len(done.paid)
        for _ in islice(lines, done.lines):
            pass
        stuck = self.state.settings.uniform("batch_stuck", batch["_number"])
        with self.work(batch).open("ab") as work:
            for index in range(done.lines, end):
                due = batch["_since"] + self.state.settings.batch_run_ms / 1000 * (index + 1) / total
                while batch["status"] == "in_progress" and (
                    (left := due - time.time()) > 0 or (index >= end // 2 and stuck < self.state.settings.batch_stuck)
                ):
                    yield min(left, LOOK) if left > 0 else LOOK
                if batch["status"] != "in_progress":
                    break
                line, paid = answer_line(self.state, batch["_number"], index, next(lines))
                work.write(line)
                work.flush()  # first it is on the disk, then it counts
                counts["completed" if paid else "failed"] += 1
                if paid:
                    self.state.note_batch([paid])
                    usage.add(paid)
                if index % STEP == 0:
                    yield 0.0
        batch["usage"] = usage.said()

    def finish(self, batch: dict[str, Any], rest: Iterator[bytes], status: str) -> Life:
        """Write the two files and end: a server that is killed in between writes them again, under the same ids."""
        counts, number = batch["request_counts"], batch["_number"]
        first = counts["completed"] + counts["failed"]
        unanswered = (unexecuted(i, line, f"batch_{status}") for i, line in zip(count(first), rest, strict=False))
        ids = {}
        with (
            self.part(batch, "output") as output,
            self.part(batch, "error") as errors,
            self.work(batch).open("rb") as work,
        ):
            yield from Results(output, errors).write(work, unanswered, self.state.settings, number)
        for kind in ("output", "error"):
            path = self.folder / "work" / f"{batch['id']}.{kind}"
            if path.stat().st_size:
                file_id, name = f"file-{batch['id']}-{kind}", f"{batch['id']}_{kind}.jsonl"
                ids[f"{kind}_file_id"] = self.files.add(path, name, "batch_output", file_id)["id"]
            else:
                path.unlink()
        counts["failed"] = counts["total"] - counts["completed"]
        self.move(batch, status, **ids)

    def part(self, batch: dict[str, Any], kind: str) -> BinaryIO:
        """A result file that is being written."""
        return (self.folder / "work" / f"{batch['id']}.{kind}").open("wb")

    def close(self) -> None:
        """Nothing goes on. A temporary folder is deleted, a given one stays."""
        for life in self.lives:
            life.close()
        self.lives.clear()
        if self.temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def forget(self) -> None:
        """Delete every file and batch; from any thread. Raises TimeoutError if the loop does not do so within 10 s."""
        done = threading.Event()

        def now() -> None:
            self.close()
            forget_files(self.folder)
            done.set()

        if not self.loop.is_running() or asyncio._get_running_loop() is self.loop:
            now()
        else:
            self.loop.call_soon_threadsafe(now)
        if not done.wait(10):
            raise TimeoutError("the server's loop did not forget its batches within 10 s: it hangs in something")
