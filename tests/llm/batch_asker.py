"""What the tests of batches ask with: lines of a batch, and OpenAI's own client with what a test mostly does with it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

import openai
from openai.types import Batch

from tests.llm.asking import KEY

ENDED = ("failed", "completed", "expired", "cancelled")


def body(i: int, model: str = "scripted") -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": f"question {i}"}]}


def line(i: int, **other: Any) -> str:
    request = {"custom_id": f"row-{i}", "method": "POST", "url": "/v1/chat/completions", "body": body(i)}
    return json.dumps(request | other)


class Server(Protocol):
    """What answers at a URL."""

    url: str


class Asker:
    """The client, and what a test mostly does with it."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self.client = client

    async def upload(self, lines: list[str]) -> str:
        content = "".join(f"{line}\n" for line in lines).encode()
        return (await self.client.files.create(file=("in.jsonl", content), purpose="batch")).id

    async def create(self, lines: list[str], **metadata: str) -> Batch:
        file_id = await self.upload(lines)
        return await self.client.batches.create(
            input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h", metadata=metadata
        )

    async def until(self, batch_id: str, *states: str) -> Batch:
        async with asyncio.timeout(5):
            while (batch := await self.client.batches.retrieve(batch_id)).status not in (states or ENDED):
                await asyncio.sleep(0.002)
        return batch

    async def run(self, lines: list[str]) -> Batch:
        return await self.until((await self.create(lines)).id)

    async def lines(self, file_id: str | None) -> list[dict[str, Any]]:
        if file_id is None:
            return []
        return [json.loads(line) for line in (await self.client.files.content(file_id)).text.splitlines()]


@contextlib.asynccontextmanager
async def asker(server: Server) -> AsyncIterator[Asker]:
    http = openai.DefaultAsyncHttpxClient(verify=False)  # no certificates to load: 50 ms
    async with openai.AsyncOpenAI(base_url=server.url, api_key=KEY, max_retries=0, http_client=http) as client:
        yield Asker(client)


def asks(server: Server, test: Callable[[Asker], Any]) -> Any:
    """What ``test`` returns, with a client of this server."""

    async def main() -> Any:
        async with asker(server) as one:
            return await test(one)

    return asyncio.run(main())
