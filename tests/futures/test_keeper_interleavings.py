"""Whatever is called, cancelled and broken at the same time: keeper and exchange never disagree."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

import anyio
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from trio.testing import MockClock

from binance_mcp.futures.binance_error import BinanceError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ActiveKey, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.faults import FAULTS
from tests.simulation.storm.exchange import Exchange
from tests.simulation.storm.machine import Machine
from tests.simulation.storm.weather import LATE, Strike, Weather

URL: Final = "http://sandbox.invalid"
LONGEST_TROUBLE: Final = 16 * 60.0
"""What will hardly pass is tried again in at most 15 minutes."""


@dataclass(frozen=True)
class Step:
    """Something that is started, and what happens before the next is."""

    name: str
    patience: float
    """After so many seconds it is cancelled."""
    then: float
    """How many seconds later the next step is started."""


STEPS: Final = st.builds(
    Step,
    name=st.sampled_from(
        ["create", "keepalive", "close", "create", "others_close", "others_create"]
    ),
    patience=st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0, 6.0, 100.0, 100.0]),
    then=st.sampled_from([0.0, 0.0, 0.1, 0.3, 0.5, 5.0, 100.0, 1800.0, 4000.0]),
)
STRIKES: Final = st.lists(
    st.builds(
        Strike,
        at=st.floats(0, 10_000),
        fault=st.sampled_from([*FAULTS, LATE]),
        retry_after=st.none(),
    ),
    max_size=8,
).map(lambda strikes: tuple(sorted(strikes, key=lambda strike: strike.at)))


@dataclass(frozen=True)
class Table:
    """Everybody who takes part."""

    keeper: ListenKeyKeeper
    exchange: Exchange
    machine: Machine
    other: RestApi
    sandbox: Sandbox

    @property
    def posts(self) -> int:
        return [request.method for request in self.sandbox.requests].count("POST")

    async def take(self, step: Step) -> None:
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "create": self.keeper.create,
            "keepalive": self.keeper.keepalive,
            "close": self.keeper.close,
            "others_close": self.other.close_listen_key,
            "others_create": self.other.create_listen_key,
        }
        with anyio.move_on_after(step.patience):
            with suppress(BinanceError):  # whoever calls is told so
                await calls[step.name]()

    def check(self) -> None:
        """Compare what the keeper believes with what is, but for an end it cannot know of yet."""
        history, active = self.exchange.history, self.keeper.life.active
        if active and not any(end >= active.extended_at for end in history.ends):
            assert active.key.matches(history.keys[-1])
            assert active.expires_at <= history.valid_until + 1e-6

    def check_at_rest(self) -> None:
        """Compare them when the keeper has had the time to learn of every end."""
        self.check()
        history, keeper = self.exchange.history, self.keeper
        if active := keeper.life.active:
            assert active.key.matches(history.keys[-1])
            assert self.machine.now() < history.valid_until
            assert keeper.next_keepalive_at is not None
        else:
            assert keeper.life.state is not State.EXPIRED
            assert keeper.next_keepalive_at is None


@asynccontextmanager
async def seated(strikes: tuple[Strike, ...], seed: int) -> AsyncGenerator[Table]:
    """Let a keeper run, until the end of the block."""
    machine, rng = Machine(), Random(seed)  # noqa: S311  # hypothesis is to see the same again
    sandbox = Sandbox(
        answer_seconds=0,  # its exchange takes time, and at random
        wall_clock=machine.wall_clock,
        steady_clock=machine.now,
    )
    credentials = Credentials(SecretStr(sandbox.new_account().api_key))
    exchange = Exchange(sandbox, Weather(0.0, strikes=strikes), machine, rng)
    async with (
        http_client(URL, app=exchange.for_the_keeper) as http,
        http_client(URL, app=exchange.for_another) as others_http,
        anyio.create_task_group() as tasks,
    ):
        api = RestApi(
            http, credentials, RequestWeight(2400), wall_clock=machine.wall_clock, rng=rng.random
        )
        keeper = ListenKeyKeeper(api, Schedule(), rng=rng.random)
        other = RestApi(others_http, credentials, RequestWeight(2400))
        table = Table(keeper, exchange, machine, other, sandbox)
        keeper.listeners.append(table.check)
        tasks.start_soon(keeper.run)
        yield table
        tasks.cancel_scope.cancel()


def on_a_virtual_clock(play: Callable[[], Awaitable[None]]) -> None:
    """Run a function, and see to it that no task is left behind."""

    async def run() -> None:
        before = trio.lowlevel.current_statistics().tasks_living
        await play()
        assert trio.lowlevel.current_statistics().tasks_living == before

    clock = MockClock(autojump_threshold=0)
    anyio.run(run, backend="trio", backend_options={"clock": clock})


async def play_at_once(steps: list[Step], strikes: tuple[Strike, ...], seed: int) -> None:
    async with seated(strikes, seed) as table:
        async with anyio.create_task_group() as tasks:
            for step in steps:
                tasks.start_soon(table.take, step)
                await anyio.sleep(step.then)
                table.check()
        await anyio.sleep_until(10_000)
        await anyio.sleep(2100 + LONGEST_TROUBLE)
        table.check_at_rest()
        assert table.exchange.history.trespasses == []


async def play_then_create(steps: list[Step], seed: int, creates: int) -> None:
    results: list[ActiveKey] = []

    async def create() -> None:
        results.append(await table.keeper.create())

    async with seated((), seed) as table:
        for step in steps:
            await table.take(step)
            await anyio.sleep(step.then)
        before = table.posts
        async with anyio.create_task_group() as tasks:
            for _ in range(creates):
                tasks.start_soon(create)
        assert table.posts - before <= 1  # a replacement may be on its way
        assert results == [table.keeper.life.active] * creates
        table.check()


@given(st.lists(STEPS, max_size=12), STRIKES, st.integers(0, 2**32))
@settings(deadline=None, max_examples=50)
def test_keeper_and_exchange_agree_after_any_interleaving_of_calls(
    steps: list[Step], strikes: tuple[Strike, ...], seed: int
) -> None:
    on_a_virtual_clock(partial(play_at_once, steps, strikes, seed))


@given(st.lists(STEPS, max_size=5), st.integers(0, 2**32), st.integers(2, 100))
@settings(deadline=None, max_examples=25)
def test_concurrent_creates_cost_one_request_after_any_interleaving(
    steps: list[Step], seed: int, creates: int
) -> None:
    on_a_virtual_clock(partial(play_then_create, steps, seed, creates))
