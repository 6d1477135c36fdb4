"""Questions to the store that wait for their outcome: asked again, stopped, cancelled."""

import asyncio
from collections.abc import Sequence

import pytest

from dataset_builder.llm.calls.waiting import Waiting


def test_a_question_is_asked_until_it_has_its_outcome() -> None:
    asked: list[list[int]] = []

    def ask(questions: Sequence[int]) -> list[str | None]:
        asked.append(list(questions))
        return ["even" if question % 2 == 0 or len(asked) > 2 else None for question in questions]

    async def both() -> list[str]:
        waiting = Waiting(ask, undo=print)
        return await asyncio.gather(*map(waiting.outcome, (1, 2)))

    assert asyncio.run(both()) == ["even", "even"]
    assert asked == [[1, 2], [1], [1]]


def test_what_nobody_waits_for_is_undone_and_a_stop_ends_all() -> None:
    undone: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun, go_on = asyncio.Event(), asyncio.Event()

        def ask(questions: Sequence[int]) -> list[bool | None]:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(5)
            return [question == 1 or None for question in questions]

        waiting = Waiting(ask, undone.append)
        tasks = [asyncio.create_task(waiting.outcome(question)) for question in (1, 2)]
        await begun.wait()
        tasks[0].cancel()
        waiting.stop(KeyError("stopped"))
        go_on.set()
        with pytest.raises(KeyError, match="stopped"):
            await tasks[1]
        with pytest.raises(KeyError, match="stopped"):
            await waiting.outcome(3)
        await asyncio.sleep(0.02)

    asyncio.run(main())
    assert undone == [1]


def test_an_error_reaches_all_that_wait() -> None:
    def ask(questions: Sequence[int]) -> list[bool | None]:
        raise OSError("the disk is full")

    async def main() -> tuple[BaseException | bool, ...]:
        waiting = Waiting(ask, undo=print)
        return await asyncio.gather(waiting.outcome(1), waiting.outcome(2), return_exceptions=True)

    assert [str(why) for why in asyncio.run(main())] == ["the disk is full"] * 2
