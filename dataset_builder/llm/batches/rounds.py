"""The first half of a stage with batches: round after round, every request that its rows lack goes into a batch.

A pass over the rows runs each conversation on the answers that are there, and puts the requests at which it stops into files; nothing of
such a conversation is kept. When batches have ended, the next pass begins. So memory does not grow with the requests, and a build that
was killed goes on with its first pass.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tqdm import tqdm

from dataset_builder.answer_store.batches import DROPPED, FREE, Batch, Claimed
from dataset_builder.answer_store.entry import NOTHING, Entry
from dataset_builder.llm.batches.batches import Batches
from dataset_builder.llm.batches.options import BatchesUnderWay, BatchOptions
from dataset_builder.llm.batches.provider import ProviderError
from dataset_builder.llm.batches.request_file import RequestFile, line_of
from dataset_builder.llm.batches.results import REFUSED
from dataset_builder.llm.calls.attempts import MAX_BAD_ANSWERS, MAX_TRUNCATED
from dataset_builder.llm.calls.connection import Change
from dataset_builder.llm.completion import TRUNCATED_AT
from dataset_builder.llm.conversation import ConversationState
from dataset_builder.llm.heard import HeardRow
from dataset_builder.llm.model import LLM, Answer, ModelError, Request
from dataset_builder.llm.remaining import Remaining
from dataset_builder.llm.replay import AnswerLookup, advance, said_of, start_conversations
from dataset_builder.llm.usage import say

if TYPE_CHECKING:
    from dataset_builder.llm.calls.dispatch import Dispatcher
    from dataset_builder.stage import Stage

MAX_TRIES = 3  # batches that a request is put into


class BatchRounds:
    """The rows of one stage while batches get their answers."""

    def __init__(
        self,
        stage: "Stage",
        dispatcher: "Dispatcher",
        batches: Batches,
        options: BatchOptions,
        lookup: AnswerLookup,
        ended: dict[int, HeardRow],
    ) -> None:
        """What the rows have heard is added to ``ended``."""
        self.stage, self.dispatcher, self.batches, self.options = stage, dispatcher, batches, options
        self.lookup, self.ended, self.usage, self.journal = lookup, ended, lookup.usage, batches.journal
        self.given_up: dict[bytes, Entry] = {}
        self._files: dict[str, tuple[Batch, RequestFile]] = {}  # that are being written, by model
        self._elsewhere = 0  # requests that another build asks online
        self._said = ""  # of the last look

    async def ask(self, rows: Remaining) -> None:
        """Get all answers. Raises BatchesUnderWay where it may not wait for those that are still to come, and ModelError."""
        try:
            self._bar = tqdm(desc=f"{self.stage.name}, in batches", unit="request", disable=None)
            await self._look()
            while waiting := await self._pass(rows.without(self.ended)):
                under_way, changed = self._under_way(), False
                while not changed:
                    await self._wait(waiting)
                    await self._look()
                    changed = self._elsewhere > 0 or self._under_way() != under_way
        except asyncio.CancelledError:  # Ctrl-C
            if number := len(self._under_way()):
                say(f"{number} batches go on at their provider; `batches cancel` ends them")
            raise
        finally:
            self._bar.close()
            self.drop_unsent()
            await self.dispatcher.write_queue.flush()

    def drop_unsent(self) -> None:
        """Drop the batches that are being written, because something else ended the build."""
        for batch, file in self._files.values():
            file.delete()
            self.journal.end(batch.id, DROPPED, "its build ended before it was sent")

    async def _look(self) -> None:
        """Take in what has ended. What fails for now is tried at the next look."""
        self.batches.arrived = self._arrived
        self.batches.notes.clear()
        try:
            await asyncio.to_thread(self.batches.find_again)
        except ProviderError as why:
            self.batches.note(f"batches whose build was killed could not be looked for: {why}")
        await asyncio.to_thread(self.batches.look_at_all, [b for b in self.journal.under_way() if b.batch_id])
        for note in self.batches.notes:
            self.usage.note(note)

    def _arrived(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.lookup.seen.add(entry.key)
            self.usage.now.add(entry.prompt_tokens, entry.completion_tokens, entry.usd)
            self.usage.good += entry.status == "good"
            self.usage.bad += entry.status == "bad"

    async def _pass(self, rows: Remaining) -> int:
        """Run all conversations as far as they come, and send what they lack. Returns how many wait."""
        waiting, self._elsewhere, self.usage.done = 0, 0, len(rows) - rows.number
        for start, batch in rows.batches():
            states = await asyncio.to_thread(start_conversations, self.stage, batch, start)
            left = await asyncio.to_thread(advance, states, self._known)
            while left and await self._put(left):
                left = await asyncio.to_thread(advance, left, self._known)
            waiting += len(left)
            self.ended |= {s.row: HeardRow(s.digest, s.keys) for s in states if s.columns is not None}
            self.usage.done += len(states) - len(left)
        for name in list(self._files):
            await self._send(name)
        return waiting

    def _under_way(self) -> set[str]:
        return {batch.id for batch in self.journal.under_way()}

    def _known(self, requests: Sequence[Request]) -> Mapping[bytes, Answer]:
        found = self.lookup(requests)
        for request in requests:
            if request.key not in found and (entry := self.given_up.get(request.key)) is not None:
                found[request.key] = Answer(request, *said_of(entry))
        return found

    async def _put(self, states: Sequence[ConversationState]) -> bool:
        """Put what these conversations lack into batches. Returns whether some of it has an answer by now: asked online, or given up."""
        requests = {request.key: request for state in states for request in state.requests}
        paid = await asyncio.to_thread(self.lookup.store.find, list(requests))
        missing = [
            request
            for key, request in requests.items()
            if key not in self.given_up and (key not in paid or self.lookup.said(paid[key].entry) is None)
        ]
        claims = await asyncio.to_thread(self.journal.claims, [request.key for request in missing])
        # below a cap, an online call would wait for what a batch has reserved
        may_call = self.dispatcher.budget.cap is None or not self.journal.under_way()
        online: list[Request] = []
        new: dict[str, list[tuple[Request, Change]]] = {}
        for request in missing:
            claim, bad = claims.get(request.key, FREE), paid.get(request.key, NOTHING).bad
            name = self.batches.name(request.llm)
            if claim.batch is not None:
                continue
            if name not in self.batches.tried or (self.options.then_online and claim.tries):
                if may_call:
                    self.batches.provider(name)  # an endpoint that takes no batch is an error before a call is paid
                    self.batches.tried.add(name)  # one finds out what the endpoint refuses, before a day is spent
                    online.append(request)
            elif (entry := end_of(request, claim, bad, self.stage.name)) is not None:
                self.given_up[request.key] = entry
            else:
                new.setdefault(name, []).append((request, change_of(request, claim, bad)))
        answers = await asyncio.gather(*map(self._online, online))
        for some in new.values():
            await self._claim(some)
        ended = [self.given_up[r.key] for r in missing if r.key in self.given_up]
        if ended:
            await self.dispatcher.write_queue.put(*ended)
        self.given_up |= {entry.key: entry for entry in answers if entry.status == "failed"}
        return bool(online or ended)

    async def _online(self, request: Request) -> Entry:
        self.lookup.seen.add(request.key)
        return await self.dispatcher.answer(
            request, self.stage.name, counts=lambda entry: self.lookup.said(entry) is not None
        )

    async def _claim(self, requests: Sequence[tuple[Request, Change]]) -> None:
        """Put requests of one model into its batch, as far as the cap allows; a batch that is full is sent."""
        llm, name = requests[0][0].llm, self.batches.name(requests[0][0].llm)
        url, [connection] = self.batches.provider(name).url, self.dispatcher.servers(llm).connections
        most = await self._reserve(name, [request for request, _ in requests])
        waiting: list[tuple[bytes, bytes]] = []
        size = 0  # bytes
        for request, change in requests:
            if request.key not in most:
                continue
            line = line_of(request.key, url, connection.body(request, change))
            size += len(line)
            if name in self._files and not self._files[name][1].has_room(
                len(waiting) + 1, size, self.batches.room(name)
            ):
                await self._write(name, waiting, most)
                waiting, size = [], len(line)
                await self._send(name)
            if name not in self._files:
                self._files[name] = await asyncio.to_thread(self.batches.begin, llm, self.stage.name)
            waiting.append((request.key, line))
        await self._write(name, waiting, most)

    async def _reserve(self, name: str, requests: Sequence[Request]) -> dict[bytes, float]:
        """The most that each request can cost, of those that no other build has under way and that the cap allows."""
        build, budget, price = self.dispatcher.build, self.dispatcher.budget, self.batches.price(name)
        if price is None and budget.cap is not None:
            raise ModelError(
                f"--max-usd needs the price of {name} in batches, which is not in prices.tsv; add --price {LLM.named(name).model}:batch=IN/OUT"
            )
        mine = await asyncio.to_thread(build.take, [request.key for request in requests])
        self._elsewhere += len(requests) - len(mine)
        most = {r.key: price.usd(r.size, r.llm.max_tokens) if price else 0.0 for r in requests if r.key in mine}
        if budget.cap is None:
            return most
        sent = [Entry(key, "sent", None, None, None, name, self.stage.name, usd=usd) for key, usd in most.items()]
        fits, _ = await asyncio.to_thread(build.reserve, sent, budget.cap - budget.before)
        over = [entry.key for entry, fit in zip(sent, fits, strict=True) if not fit]
        for key in over:
            self.dispatcher.turns.release(key)
            if not self.journal.under_way():  # else what these cost less than they may leaves room
                self.given_up[key] = Entry(key, "failed", "over_budget", budget.reached(), None, name, self.stage.name)
        return {key: usd for key, usd in most.items() if key not in over}

    async def _write(self, name: str, lines: Sequence[tuple[bytes, bytes]], most: Mapping[bytes, float]) -> None:
        """Write down that these requests are in the batch of this model, then into its file."""
        if not lines:
            return
        batch, file = self._files[name]
        claimed = await asyncio.to_thread(self.journal.claim, batch.id, [(key, most[key]) for key, _ in lines])
        for key, line in lines:
            if key in claimed:
                file.add(key, line)

    async def _send(self, name: str) -> None:
        batch, file = self._files.pop(name)
        await asyncio.to_thread(self.batches.send, batch, file)
        self.usage.sent += file.requests

    async def _wait(self, waiting: int) -> None:
        """Wait until the next look. Raises BatchesUnderWay where the build may not wait."""
        batches = self.journal.under_way()
        done, requests = sum(b.done + b.failed for b in batches), sum(b.requests for b in batches)
        said = f"{waiting:,} rows of {self.stage.name} wait for {len(batches)} batches: {done:,} of {requests:,} requests are done"
        said = "; ".join([said, *self.batches.notes])
        if not self.options.wait:
            raise BatchesUnderWay(
                f"{said}. Run the same command again later, and it goes on; with --wait it stays. `batches` lists them"
            )
        if self._bar.disable and said != self._said:  # where there is no terminal, a line for each change
            say(said)
        self._said, self._bar.n, self._bar.total = said, done, requests
        self._bar.set_postfix_str(f"{len(batches)} batches, {waiting:,} rows wait", refresh=False)
        self._bar.refresh()
        await asyncio.sleep(self.options.poll_s)


def end_of(request: Request, claim: Claimed, bad: int, stage: str) -> Entry | None:
    """The entry with which a request is given up after its last batch; None: it goes into another.

    ``bad``: answers that were paid for and cannot be used. As online, what would end in the same way again is asked no more.
    """
    if not claim.tries:
        return None
    why = claim.why or "no answer"
    of_model = claim.reason in ("lasting", "unusable", "content_filter")  # an answer came
    fixed = request.llm.temperature == 0 and claim.reason == "lasting"
    may_seed = why.startswith("empty") and request.llm.seed is None
    used_up = bad >= MAX_BAD_ANSWERS or (why.startswith(TRUNCATED_AT) and bad >= MAX_TRUNCATED)
    if of_model and (claim.reason == "content_filter" or used_up or (fixed and not may_seed)):
        return Entry(request.key, "final", "llm_failed", f"the answer is {why}", None, str(request.llm), stage)
    if claim.reason == REFUSED or (claim.tries >= MAX_TRIES and not of_model):
        return Entry(request.key, "failed", "llm_failed", why, None, str(request.llm), stage)
    return None


def change_of(request: Request, claim: Claimed, bad: int) -> Change:
    """What the next batch asks otherwise: at temperature 0 an empty answer would come again without a seed."""
    empty = request.llm.temperature == 0 and request.llm.seed is None and (claim.why or "").startswith("empty")
    return Change(seed=bad) if empty else Change()
