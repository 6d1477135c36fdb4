"""A conversation: a generator with one row's requests to a model and what the row does with the answers.

It yields a list of requests, receives their answers, may yield further requests, and returns the row's new columns::

    def _write(row, llm: LLM) -> Conversation:
        [answer] = yield [llm.request(render("write_rationale", paths=row["paths"]))]
        if leaks(answer.text):
            [answer] = yield [answer.reply("You named the given paths. Write it again without them.")]
            if leaks(answer.text):
                raise Rejected("leaked_answer", "the rationale names the given paths")
        return {"rationale": answer.text}

It must be pure (no clock, no random numbers, no network): the same answers always give the same result. So only the answers
are stored, a change in the code that reads answers costs nothing, and a killed run continues where it stopped.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dataset_builder.llm.json_reply import NotJSON, find_object
from dataset_builder.llm.model import Answer, Request, Said

ASK_AGAIN = 2  # times, where a reply is not the requested JSON
SAME = 0.9  # of two replies with this share of common words, the second is no new one
ROUNDS = 50  # a conversation with more rounds never ends: a programming error

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Rejected(Exception):
    """Raise it in a conversation to reject the row with this code and detail."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


Round = list[Request]
Conversation = Generator[Round, list[Answer], dict[str, Any]]
Part = Generator[Round, list[Answer], T]  # a piece of a conversation, for `yield from`


def ask(request: Request) -> Part[str]:
    """``text = yield from ask(request)``: the answer's text."""
    [answer] = yield [request]
    return answer.text


def ask_json(request: Request, check: Callable[[Any], str | None] | None = None) -> Part[Any]:
    """``value = yield from ask_json(request)``: an object of the request's schema.

    Where the reply is not such an object, or ``check`` returns a complaint (in words for the model), the model gets the
    error and is called again, at most ASK_AGAIN times, and only until it makes the same error in nearly the same words.
    Raises Rejected("bad_json") after that.
    """
    if (schema := request.schema) is None:
        raise TypeError("found a request without a schema; ask_json needs LLM.request(…, schema=…)")
    error = before = text_before = None
    for number in range(1, ASK_AGAIN + 2):
        [answer] = yield [request]
        if answer.failure:  # only where the request may fail
            raise Rejected(answer.failure, answer.detail)
        value, error = read_json(answer.text, schema)
        if value is not None and (error := check(value) if check else None) is None:
            return value
        if error == before and text_before is not None and nearly_same(answer.text, text_before):
            raise Rejected("bad_json", f"after {number} replies, the last nearly the same as the one before: {error}")
        before, text_before = error, answer.text
        request = answer.reply(
            f"This reply cannot be used: {error}\nReply again, with nothing but the corrected JSON."
        )
    raise Rejected("bad_json", f"after {ASK_AGAIN + 1} replies: {error}")


def nearly_same(text: str, other: str) -> bool:
    """Whether two replies have nearly the same words, in any order: at least nine of ten of all of them stand in both."""
    one, two = Counter(text.casefold().split()), Counter(other.casefold().split())
    return (one & two).total() >= SAME * (one | two).total()


def together(parts: Iterable[Part[T]]) -> Part[list[T]]:
    """``values = yield from together(parts)``: several parts side by side, with their requests in one round."""
    running = {i: part for i, part in enumerate(parts)}
    results: dict[int, T] = {}
    received: dict[int, list[Answer]] = {}
    order = list(running)
    while running:
        asked: dict[int, Round] = {}
        for i, part in list(running.items()):
            try:
                asked[i] = part.send(received[i]) if i in received else next(part)
            except StopIteration as end:
                results[i] = end.value
                del running[i]
        answers = iter((yield [request for round_ in asked.values() for request in round_])) if asked else iter(())
        received = {i: [next(answers) for _ in round_] for i, round_ in asked.items()}
    return [results[i] for i in order]


def read_json(text: str, schema: type[M]) -> tuple[M | None, str | None]:
    """The object in a reply, or what is wrong with it, in words for the model."""
    try:
        return schema.model_validate(find_object(text)), None
    except NotJSON as why:
        return None, str(why)
    except ValidationError as why:
        problems = (f"{'.'.join(map(str, e['loc'])) or 'the object'}: {e['msg']}" for e in why.errors()[:5])
        return None, "; ".join(problems)


def new_digest() -> "hashlib.blake2b":
    """A digest of 16 bytes to which answers are added."""
    return hashlib.blake2b(digest_size=16)


def add_answer(digest: "hashlib.blake2b", said: Answer | Said) -> None:
    """Add all of an answer that a conversation can see."""
    digest.update(f"{said.failure}\0{said.detail}\0{said.text}\0".encode("utf-8", "surrogatepass"))


class ConversationState:
    """One row's conversation in progress: its current requests and, at the end, its columns."""

    def __init__(self, row: int, conversation: Conversation) -> None:
        self.row, self.requests, self.columns, self.received, self.rounds = row, [], None, 0, 0
        self._conversation = conversation
        self._heard, self._keys = new_digest(), bytearray()
        self._step(lambda: next(conversation))

    requests: Round
    columns: dict[str, Any] | None

    @property
    def digest(self) -> bytes:
        """A hash of 16 bytes over all answers that it received."""
        return self._heard.digest()

    @property
    def keys(self) -> bytes:
        """The keys of all requests whose answers it received, one after the other."""
        return bytes(self._keys)

    def receive(self, answers: Sequence[Answer]) -> None:
        """Continue with the answers to ``requests``. A failed one rejects the row, unless its request may fail."""
        self.received, self.rounds = self.received + len(answers), self.rounds + 1
        for request in self.requests:
            self._keys += request.key
        for answer in answers:
            add_answer(self._heard, answer)
        failed = next((a for a in answers if a.failure and not a.request.may_fail), None)
        if failed is not None:
            self._conversation.close()
            self._reject(str(failed.failure), failed.detail)
        else:
            self._step(lambda: self._conversation.send(list(answers)))

    def _step(self, go_on: Callable[[], Round]) -> None:
        if self.rounds >= ROUNDS:
            raise RuntimeError(f"a conversation did not end after {ROUNDS} rounds: {self._conversation}")
        try:
            self.requests = go_on()
        except StopIteration as end:
            self.requests, self.columns = [], end.value
        except Rejected as why:
            self._reject(why.code, why.detail)

    def _reject(self, code: str, detail: str) -> None:
        self.requests, self.columns = [], {"rejected_because": code, "rejected_detail": detail}
