"""A server that fails is left out, and tried again by one call at a time; with a clock of its own."""

import asyncio

import pytest

from dataset_builder.answer_store.entry import Entry
from dataset_builder.llm.calls.errors import UNSENT, CallError, ErrorAction
from dataset_builder.llm.calls.outage import FIRST_S, IN_A_ROW, LONGEST_S, Outage
from tests.llm.fake_servers import BROKEN, GONE, GOOD, REFUSED, in_time, passed, servers_of


def test_a_server_that_refuses_connections_is_out_and_tried_by_one_call_after_ever_longer_times() -> None:
    async def main() -> tuple[list[float], str]:
        servers, tried_at = servers_of(100, 100), []
        a, _ = servers.connections
        loop = asyncio.get_running_loop()
        assert servers.heard(a, GONE) and not servers.heard(a, GONE), "said once"
        assert servers.withdrawn(a), "what waits for its turn there"
        while len(tried_at) < 7:
            await asyncio.sleep(0.5)
            server = await servers.enter()
            if server is a:
                tried_at.append(loop.time())
                assert not servers.withdrawn(a), "it would come back at once, again and again"
                assert await passed(servers, 3) == "bbb", "one call at a time"
                servers.heard(a, GONE)
            servers.leave(server)
        await asyncio.sleep(LONGEST_S + 1)
        assert await servers.enter() is a
        servers.heard(a, GOOD)
        names = await passed(servers, 8)
        servers.heard(a, GONE)  # and again, after 5 seconds
        assert a.outage.retry_at == loop.time() + FIRST_S
        return tried_at, names

    tried_at, names = in_time(main())
    waits = [round(after - before) for before, after in zip([0.0, *tried_at], tried_at, strict=False)]
    assert waits == [5, 10, 20, 40, 60, 60, 60]
    assert "a" in names, "in again"


@pytest.mark.parametrize("answer", [GOOD, REFUSED, CallError("400", ErrorAction.GIVE_UP, "status 400")])
def test_other_failures_put_a_server_out_only_in_a_row(answer: Entry | CallError) -> None:
    async def main() -> list[bool]:
        servers = servers_of(9, 9)
        a = servers.connections[0]
        return [servers.heard(a, outcome) for outcome in [BROKEN] * (IN_A_ROW - 1) + [answer] + [BROKEN] * IN_A_ROW]

    assert in_time(main()) == [False] * (2 * IN_A_ROW - 1) + [True]


def test_calls_that_were_in_flight_when_a_server_went_out_do_not_prolong_it() -> None:
    outage = Outage()
    assert outage.failed(0.0, UNSENT)
    for number in range(100):
        assert not outage.failed(number / 100, UNSENT)
    assert (outage.delay, outage.retry_at) == (FIRST_S, FIRST_S)


def test_where_all_are_out_all_are_asked_and_an_answer_brings_one_in() -> None:
    async def main() -> tuple[str, str]:
        servers = servers_of(4, 4)
        a, b = servers.connections
        servers.heard(a, GONE)
        servers.heard(b, GONE)
        assert not servers.another(()) and not servers.withdrawn(a)
        all_out = await passed(servers, 4)
        servers.heard(b, GOOD)
        return all_out, await passed(servers, 2)

    all_out, after = in_time(main())
    assert sorted(all_out) == ["a", "a", "b", "b"] and after == "bb"


def test_a_single_server_is_never_out() -> None:
    async def main() -> str:
        servers = servers_of(4)
        assert not any(servers.heard(servers.connections[0], GONE) for _ in range(9))
        return await passed(servers, 4)

    assert in_time(main()) == "aaaa"


def test_a_call_that_waits_for_a_full_server_is_the_one_that_tries_another_again() -> None:
    """The calls at the full one may take minutes: nobody would try the other in the meantime."""

    async def main() -> tuple[str, float]:
        servers = servers_of(1, 1)
        a, _ = servers.connections
        servers.heard(a, GONE)
        await passed(servers)
        return (await servers.enter()).name, asyncio.get_running_loop().time()

    name, now = in_time(main())
    assert (name, round(now, 1)) == ("a", FIRST_S)
