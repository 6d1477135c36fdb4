"""Which of an endpoint's servers a call goes to: its queue, its load, its pauses, what is left out for good; with a clock of its own."""

import asyncio
import time

from dataset_builder.llm.calls.attempts import AT_ONCE, Attempts
from dataset_builder.llm.calls.connection import Connection
from dataset_builder.llm.calls.in_flight import START
from dataset_builder.llm.calls.rate_limit import RateLimiter
from tests.llm.fake_servers import BROKEN, GONE, full, in_time, passed, servers_of


def test_calls_pass_in_their_order_and_never_more_than_allowed() -> None:
    async def main() -> tuple[list[int], int]:
        servers, order, most, now = servers_of(256), [], 0, 0

        async def one(number: int) -> None:
            nonlocal most, now
            server = await servers.enter()
            order.append(number)
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1
            servers.leave(server)

        tasks = [asyncio.create_task(one(i)) for i in range(100)]
        await asyncio.sleep(0)
        tasks[60].cancel()  # one that waits
        await asyncio.gather(*tasks, return_exceptions=True)
        assert servers.connections[0].in_flight.taken == 0
        return order, most

    order, most = in_time(main())
    assert order == [i for i in range(100) if i != 60]
    assert most == START


def test_a_call_that_is_cancelled_as_it_may_pass_leaves_its_room() -> None:
    async def main() -> int:
        servers = servers_of(1)
        first = await servers.enter()
        waits = asyncio.create_task(servers.enter())
        await asyncio.sleep(0)
        servers.leave(first)  # it may pass now, and has not heard of it
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        return first.in_flight.taken

    assert in_time(main()) == 0


def test_a_call_goes_to_the_server_with_the_smallest_share_of_its_calls() -> None:
    async def main() -> tuple[str, bool]:
        servers = servers_of(8, 4, 2)
        return await passed(servers, 14), await full(servers)

    names, is_full = in_time(main())
    assert {name: names.count(name) for name in "abc"} == {"a": 8, "b": 4, "c": 2} and is_full
    assert {name: names[:7].count(name) for name in "abc"} == {"a": 4, "b": 2, "c": 1}, "half full, all of them"


def test_equally_busy_servers_take_turns() -> None:
    async def main() -> str:
        servers, names = servers_of(4, 4, 4), ""
        for _ in range(6):
            server = await servers.enter()
            names += server.name
            servers.leave(server)
        return names

    assert sorted(in_time(main())) == sorted("aabbcc")


def test_who_waits_longest_gets_the_first_room_at_any_server() -> None:
    async def main() -> list[tuple[int, str]]:
        servers, order = servers_of(1, 1), []
        a, b = await servers.enter(), await servers.enter()

        async def one(number: int) -> None:
            order.append((number, (await servers.enter()).name))

        tasks = [asyncio.create_task(one(number)) for number in range(3)]
        for server in (b, a, b):
            await asyncio.sleep(0.01)
            servers.leave(server)
        await asyncio.gather(*tasks)
        return [(number, name == b.name) for number, name in order]

    assert in_time(main()) == [(0, True), (1, False), (2, True)]


def test_a_request_goes_to_servers_that_have_not_failed_it_and_keeps_its_place() -> None:
    async def main() -> list[str]:
        servers, order = servers_of(1, 1), []
        a, b = servers.connections
        assert (await servers.enter((b,))) is a and (await servers.enter((a,))) is b

        async def one(name: str, *tried: Connection) -> None:
            order.append(name + (await servers.enter(tried)).name)

        tasks = [asyncio.create_task(one("first", a)), asyncio.create_task(one("second"))]
        await asyncio.sleep(0.01)
        servers.leave(a)  # not for the first
        await asyncio.sleep(0.01)
        servers.leave(b)
        await asyncio.gather(*tasks)
        servers.leave(a)
        servers.leave(b)
        servers.heard(b, GONE)
        await one("third", a)  # there is no other
        return order

    assert in_time(main()) == ["seconda", "firstb", "thirda"]


def test_a_server_that_no_call_can_use_is_left_out_but_not_the_last() -> None:
    async def main() -> tuple[list[bool], str]:
        servers = servers_of(2, 2)
        a, b = servers.connections
        left = [servers.leave_out(a), servers.leave_out(a), servers.leave_out(b)]
        assert not servers.another((b,)) and servers.withdrawn(a) and not servers.withdrawn(b)
        return left, await passed(servers, 2)

    assert in_time(main()) == ([True, True, False], "bb")


def test_a_paused_server_gets_calls_only_where_all_are_paused() -> None:
    async def main() -> tuple[str, bool, str]:
        servers = servers_of(3, 3)
        a, b = servers.connections
        a.rate_limiter.controller.paused_until = time.monotonic() + 1000
        names = await passed(servers, 3)
        waits, withdrawn = await full(servers), servers.withdrawn(a)
        b.rate_limiter.controller.paused_until = time.monotonic() + 1000
        assert withdrawn and not servers.withdrawn(a)
        return names, waits, await passed(servers)

    assert in_time(main()) == ("bbb", True, "a")


def test_a_call_that_waits_for_its_turn_at_a_server_that_pauses_goes_elsewhere() -> None:
    async def main() -> list[bool]:
        limiter, sent = RateLimiter(ceiling=50.0), 0

        def withdrawn() -> bool:
            return sent >= 3

        async def one() -> bool:
            nonlocal sent
            at = await limiter.slot(10, None, withdrawn)
            sent += at is not None
            return at is not None

        return await asyncio.gather(*(one() for _ in range(10)))

    assert asyncio.run(main()) == [True] * 3 + [False] * 7


def test_requests_given_up_are_counted_over_all_servers() -> None:
    servers = servers_of(1, 1)
    assert [servers.gave_up() for _ in range(3)] == [1, 2, 3]
    servers.connections[1].answered += 1
    assert [servers.gave_up() for _ in range(2)] == [1, 2]


def test_a_request_that_fails_moves_on_at_once_and_its_errors_are_counted() -> None:
    """One that brings down whatever it is sent to must end before it has brought down all."""

    async def main() -> list[tuple[bool, int]]:
        servers, attempts, found = servers_of(*[9] * 8), Attempts(), []
        for server in servers.connections:
            servers.heard(server, BROKEN)
            found.append((attempts.failed(servers, server, BROKEN), attempts.errors))
        return found

    assert in_time(main()) == [((number + 1) % AT_ONCE != 0, number + 1) for number in range(8)]


def test_a_call_that_never_left_counts_only_where_no_other_server_is_in() -> None:
    async def main() -> list[tuple[bool, int]]:
        servers, attempts, found = servers_of(*[9] * 8), Attempts(), []
        for server in servers.connections:
            servers.heard(server, GONE)
            found.append((attempts.failed(servers, server, GONE), attempts.errors))
        return found

    assert in_time(main()) == [(True, 0)] * 7 + [(False, 1)]
