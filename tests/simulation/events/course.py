"""A stream's course through all that happens to one, on the virtual clock, drawn from a seed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Final

import anyio
from anyio.abc import TaskGroup
from pydantic import SecretStr
from trio.testing import MockClock

from binance_mcp.futures.binance_error import BinanceError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.event_log import RecordedEvent
from binance_mcp.sandbox.stream_faults import StreamClose, StreamDeafForm, StreamFrame
from tests.futures.user_stream.documented_events import fill
from tests.futures.user_stream.pinging import Network, pinging_client
from tests.simulation.events.reader import Reader
from tests.simulation.events.recorder import Recorder
from tests.simulation.storm.exchange import Exchange
from tests.simulation.storm.machine import Machine
from tests.simulation.storm.weather import Weather, calm

_HELD: Final = 1000
_PAUSES: Final = (0.0, 0.01, 0.3, 5.0, 120.0)
"""The longest ones between two events."""
_QUIET: Final = 2400.0
_CALM: Final = 900.0


@dataclass
class Outcome:
    """What the exchange sent, what the journal had, and what each reader saw."""

    recorder: Recorder
    readers: tuple[Reader, ...]
    truth: list[RecordedEvent] = field(default_factory=list[RecordedEvent])
    happened: dict[str, int] = field(default_factory=dict[str, int])
    seconds: float = 0.0
    reconnects: int = 0


def sail(seed: int, events: int) -> Outcome:
    """Let so many events happen, and everything else between them."""
    clock = MockClock(autojump_threshold=0)
    course = partial(_sail, seed, events)
    return anyio.run(course, backend="trio", backend_options={"clock": clock})


async def _sail(seed: int, events: int) -> Outcome:
    rng = Random(seed)  # noqa: S311  # it is to be the same again
    recorder = Recorder()
    journal = Journal(most_events=_HELD, store=recorder)
    readers = [Reader(journal, *paces) for paces in ((1.0, 50), (60.0, 7), (977.0, 500))]
    readers.append(Reader(journal, 40_000.0, 300))
    outcome = Outcome(recorder, tuple(readers))
    async with at_work(rng, journal, outcome, calm(days=0), Machine()) as course:
        for reader in readers:
            course.tasks.start_soon(reader.run)
        await course.run(events)
        outcome.seconds, outcome.reconnects = course.machine.now(), course.stream.reconnects
    for reader in readers:
        while reader.read():
            pass
    return outcome


@asynccontextmanager
async def at_work(
    rng: Random, journal: Journal, outcome: Outcome, weather: Weather, machine: Machine
) -> AsyncGenerator["Course"]:
    """Yield a keeper and a stream at work; weather strikes the keeper's requests."""
    network = Network()
    sandbox = Sandbox(
        answer_seconds=0,  # its exchange takes time, and at random
        wall_clock=machine.wall_clock,
        steady_clock=machine.now,
    )
    account = sandbox.new_account()
    exchange = Exchange(sandbox, weather, machine, rng)
    async with (
        http_client("http://sandbox.invalid", app=exchange.for_the_keeper) as http,
        http_client("http://sandbox.invalid", app=exchange.for_another) as another_http,
        pinging_client(sandbox, network) as streams,
        anyio.create_task_group() as tasks,
    ):
        rest_api = RestApi(
            http,
            Credentials(SecretStr(account.api_key)),
            RequestWeight(2400),
            wall_clock=machine.wall_clock,
            rng=rng.random,
        )
        keeper = ListenKeyKeeper(rest_api, Schedule(), rng=rng.random)
        sandbox_urls = ENVIRONMENTS["sandbox"]
        stream = UserStream(
            keeper, streams, sandbox_urls, journal, machine.wall_clock, rng=rng.random
        )
        keeper.listeners.append(stream.wake)
        tasks.start_soon(keeper.run)
        tasks.start_soon(stream.run)
        other = replace(rest_api, http=another_http, weight=RequestWeight(2400))
        yield Course(rng, machine, network, sandbox, keeper, stream, other, tasks, outcome)
        tasks.cancel_scope.cancel()


@dataclass
class Course:
    """Pushes events, and lets things happen."""

    rng: Random
    machine: Machine
    network: Network
    sandbox: Sandbox
    keeper: ListenKeyKeeper
    stream: UserStream
    other: RestApi
    """Another program of the account."""
    tasks: TaskGroup
    outcome: Outcome
    pushed: int = 0
    seen: int = 0

    async def run(self, events: int) -> None:
        happenings: tuple[Callable[[], Awaitable[None]], ...] = (
            self._break,
            self._drop,
            self._close_streams,
            self._deafness,
            self._another_closes,
            self._close_here,
            self._sleep,
            self._unreadable,
            self._quiet,
            self._twice,
            self._deaf_form,
            self._day,
        )
        await self.keeper.create()
        while self.pushed < events:
            await self._burst(self.rng.randint(1, 40))
            if self.rng.random() < 0.3:
                happen = self.rng.choice(happenings)
                name = happen.__name__.strip("_")
                self.outcome.happened[name] = self.outcome.happened.get(name, 0) + 1
                await happen()
                if self.rng.random() < 0.7:
                    await self._burst(self.rng.randint(1, 20))
                    await anyio.sleep(self.rng.uniform(0, _CALM))
            self.note()
        await anyio.sleep(3600)
        self.note()

    async def _burst(self, count: int) -> None:
        longest = self.rng.choice(_PAUSES)
        for _ in range(count):
            self.push()
            await anyio.sleep(self.rng.uniform(0, longest))

    def push(self) -> None:
        """Push the next event."""
        self.pushed += 1
        self.sandbox.push(fill(self.pushed, E=round(self.machine.wall_clock() * 1000)))

    def note(self) -> None:
        """Note the truth: the sandbox remembers only so much of it."""
        self.outcome.truth += self.sandbox.events(after=self.seen)
        self.seen = len(self.outcome.truth)

    async def _break(self) -> None:
        self.network.break_all()

    async def _day(self) -> None:
        """Let a day pass, in which Binance would end each connection."""
        ends_at = self.machine.now() + 86_400
        while self.machine.now() < ends_at:
            self.push()
            await anyio.sleep(self.rng.uniform(0, 6000))

    async def _twice(self) -> None:
        for _ in range(self.rng.randint(2, 5)):
            self.network.break_all()
            await anyio.sleep(self.rng.uniform(0, 3))
            self.push()

    async def _drop(self) -> None:
        self.sandbox.drop_streams()

    async def _close_streams(self) -> None:
        seconds = self.rng.choice([None, self.rng.uniform(1, 300)])
        self.sandbox.arm_stream_fault(StreamClose(seconds=seconds))

    async def _deafness(self) -> None:
        self.network.is_deaf = True
        await self._burst(self.rng.randint(1, 10))
        await anyio.sleep(self.rng.uniform(0, 600))
        self.network.is_deaf = False

    async def _another_closes(self) -> None:
        with suppress(BinanceError):
            await self.other.close_listen_key()

    async def _close_here(self) -> None:
        with suppress(BinanceError):
            await self.keeper.close()
        await self._burst(self.rng.randint(1, 5))
        await anyio.sleep(self.rng.choice([0.0, 100.0]))
        await self.keeper.create()

    async def _sleep(self) -> None:
        self.machine.fall_asleep()
        for _ in range(self.rng.randint(1, 5)):
            await self.machine.until(self.machine.now() + self.rng.uniform(1, 2000))
            self.push()
        if self.rng.random() < 0.5:
            self.network.break_all()
        self.machine.wake_up()

    async def _unreadable(self) -> None:
        fault = self.rng.choice(["stream_not_json", "stream_binary", "stream_oversized"])
        self.sandbox.arm_stream_fault(StreamFrame(fault=fault))  # pyright: ignore[reportArgumentType]

    async def _quiet(self) -> None:
        await anyio.sleep(self.rng.uniform(0, _QUIET))

    async def _deaf_form(self) -> None:
        """Let a form of the URL bring no events until the stream uses another one."""
        form = self.stream.form
        self.sandbox.arm_stream_fault(StreamDeafForm(forms=(form.name,)))  # pyright: ignore[reportArgumentType]
        for _ in range(300):
            await anyio.sleep(self.rng.uniform(1, 60))
            self.push()
            if self.rng.random() < 0.03:
                self.network.break_all()
            if self.stream.form is not form:
                break
        self.sandbox.clear_faults()
