"""A conversation: how one row asks a model and what it makes of the answers, written as a generator.

It yields a list of requests, is sent their answers, may ask again in view of them, and returns the row's new columns::

    def _write(row, llm: LLM) -> Conversation:
        [answer] = yield [llm.request(render("write_rationale", paths=row["paths"]))]
        if leaks(answer.text):
            [answer] = yield [answer.reply("You named the given paths. Write it again without them.")]
            if leaks(answer.text):
                raise Rejected("leaked_answer", "the rationale names the given paths")
        return {"rationale": answer.text}

It must be pure (no clock, no random numbers, no network): run again over the same answers it does the same. So nothing but
the answers is kept, a changed reader of answers costs nothing, and a killed run goes on where it was.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dataset_builder.llm.json_reply import NotJSON, find_object
from dataset_builder.llm.model import Answer, Request

ASK_AGAIN = 2  # times, where a reply is not the JSON that was asked for
ROUNDS = 50  # more of them is a conversation that never ends: an error of its author

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Rejected(Exception):
    """Raised in a conversation, it rejects the row with this code and detail."""

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

    A reply that is no such object, or of which ``check`` complains (in words for the model), is shown its error and asked
    for again, at most ASK_AGAIN times. Raises Rejected("bad_json") after that.
    """
    if (schema := request.schema) is None:
        raise TypeError("ask_json needs a request with a schema")
    error = None
    for again in range(ASK_AGAIN + 1):
        [answer] = yield [request]
        if answer.failure:  # only where the request may fail
            raise Rejected(answer.failure, answer.detail)
        value, error = read_json(answer.text, schema)
        if value is not None and (error := check(value) if check else None) is None:
            return value
        if again < ASK_AGAIN:
            request = answer.reply(
                f"This reply cannot be used: {error}\nReply again, with nothing but the corrected JSON."
            )
    raise Rejected("bad_json", f"after {ASK_AGAIN + 1} replies: {error}")


def together(parts: Iterable[Part[T]]) -> Part[list[T]]:
    """``values = yield from together(parts)``: several parts that do not wait for each other, their requests in one round."""
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


class ConversationState:
    """One row's conversation on its way: what it asks now, and in the end its columns."""

    def __init__(self, row: int, conversation: Conversation) -> None:
        self.row, self.requests, self.columns, self.received = row, [], None, 0
        self._conversation, self._rounds = conversation, 0
        self._heard = hashlib.blake2b(digest_size=16)
        self._step(lambda: next(conversation))

    requests: Round
    columns: dict[str, Any] | None

    @property
    def digest(self) -> bytes:
        """16 bytes over all answers that it was given."""
        return self._heard.digest()

    def receive(self, answers: Sequence[Answer]) -> None:
        """Go on with the answers to ``requests``. A failed one rejects the row, unless its request may fail."""
        self.received += len(answers)
        for answer in answers:
            self._heard.update(f"{answer.failure}\0{answer.detail}\0{answer.text}\0".encode("utf-8", "surrogatepass"))
        failed = next((a for a in answers if a.failure and not a.request.may_fail), None)
        if failed is not None:
            self._conversation.close()
            self._reject(str(failed.failure), failed.detail)
        else:
            self._step(lambda: self._conversation.send(list(answers)))

    def _step(self, go_on: Callable[[], Round]) -> None:
        self._rounds += 1
        if self._rounds > ROUNDS:
            raise RuntimeError(f"a conversation has asked for {ROUNDS} rounds and does not end: {self._conversation}")
        try:
            self.requests = go_on()
        except StopIteration as end:
            self.requests, self.columns = [], end.value
        except Rejected as why:
            self._reject(why.code, why.detail)

    def _reject(self, code: str, detail: str) -> None:
        self.requests, self.columns = [], {"rejected_because": code, "rejected_detail": detail}
