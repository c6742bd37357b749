"""What happens to an account, its streams and our processes in some days, drawn from a seed."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import anyio
from trio.testing import MockClock

from binance_mcp.sandbox.trading.trading_day import trading_day
from tests.server.connections import another_program_closes_the_key
from tests.simulation.repair.world import World

_SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "BNBUSDT")
_DAY: Final = 86_400.0
_HOUR: Final = 3600.0
_LONGEST_CALM: Final = 0.35 * _DAY
_PASSING: Final = (
    "http_400_-1021",
    "http_429_-1003",
    "http_500_-1000",
    "http_502_html",
    "http_503_-1008",
    "timeout",
    "reset",
    "empty_body",
    "not_json_200",
)


@dataclass
class Course:
    """Lets one thing happen after another."""

    world: World
    seconds: float
    happened: Counter[str] = field(default_factory=Counter[str])

    async def run(self) -> None:
        """Let a process run until it is to be restarted, and then the next."""
        self._restarts_after: float | None = 0.0
        while self._restarts_after is not None:
            async with self.world.process():
                await anyio.sleep(60)
                if not self.happened:
                    await self._begin()
                self._restarts_after = None
                while self._is_time_left and self._restarts_after is None:
                    await self._let_something_happen()
                if self._restarts_after is None:
                    await anyio.sleep(3 * _HOUR)
            if self._restarts_after is not None:
                await self._trade(self._restarts_after, self._few())
        self.world.truth.note()

    @property
    def _is_time_left(self) -> bool:
        return self.world.machine.now() < self.seconds

    @property
    def _rng(self) -> Random:
        return self.world.rng

    async def _let_something_happen(self) -> None:
        happenings = (
            *(self._disconnect, self._disconnect, self._disconnect),
            *(self._break, self._break_often, self._deafness, self._rotate, self._quiet),
            *(self._restart, self._restart, self._withhold, self._withhold),
            *(self._fault, self._fault, self._refuse, self._symbols),
        )
        happen = self._rng.choice(happenings)
        if self._rng.random() < 1 / 200:
            happen = self._many
        self.happened[happen.__name__.strip("_")] += 1
        await happen()
        self.world.truth.note()
        if self._restarts_after is None:
            await self._trade(300, self._few())
            await anyio.sleep(self._rng.uniform(60, _LONGEST_CALM))
            self.world.sandbox.clear_faults()

    async def _begin(self) -> None:
        """Place a stop in every symbol: one that came and went where none was is not found."""
        for symbol in _SYMBOLS:
            self.world.ledger.place_stop(symbol, "SELL", "1", "1")
        await self._trade(3600, 50)

    def _few(self) -> int:
        return self._rng.randint(0, 10)

    async def _trade(self, seconds: float, steps: int) -> None:
        day = trading_day(
            self._rng, self.world.ledger, _SYMBOLS, seconds=max(round(seconds), 1), steps=steps
        )
        ends_at = self.world.machine.now() + seconds
        for pause in day:
            await anyio.sleep(pause)
        await anyio.sleep(max(ends_at - self.world.machine.now(), 0.0))
        self.world.truth.note()

    async def _trade_disconnected(self) -> None:
        """Trade while the stream is down, and shortly after."""
        self.world.network.is_down = True
        self.world.network.break_all()
        longest = self._rng.choice((10, 300, 7200))
        await self._trade(self._rng.uniform(0, longest), self._few())
        self.world.network.is_down = False
        await self._trade(self._rng.uniform(0, 60), self._few())

    async def _disconnect(self) -> None:
        await self._trade_disconnected()

    async def _break(self) -> None:
        await self._trade(10, self._few())
        self.world.network.break_all()
        await self._trade(self._rng.uniform(0, 5), self._few())

    async def _break_often(self) -> None:
        for _ in range(self._rng.randint(2, 5)):
            self.world.network.break_all()
            await self._trade(self._rng.uniform(0, 4), self._few() // 2)

    async def _deafness(self) -> None:
        self.world.network.is_deaf = True
        await self._trade(self._rng.uniform(0, 600), self._few())
        self.world.network.is_deaf = False
        await self._trade(300, self._few())

    async def _rotate(self) -> None:
        self.world.ledger.withholds = self._rng.random() < 0.5
        await another_program_closes_the_key(self.world.sandbox, self.world.account)
        await self._trade(1, self._few() // 2)
        self.world.ledger.withholds = False
        await self._trade(20, self._few() // 2)

    async def _quiet(self) -> None:
        await self._trade(_HOUR, 3 * self._few())

    async def _restart(self) -> None:
        longest = self._rng.choice((60, _HOUR, 6 * _HOUR, 5 * _DAY))
        self._restarts_after = self._rng.uniform(1, longest)

    async def _withhold(self) -> None:
        """Withhold what happens next, once or twice, from a stream that is connected."""
        for _ in range(self._rng.randint(1, 2)):
            await self._trade(self._rng.uniform(0, 300), self._few())
            self.world.ledger.withholds = True
            for _ in range(20):
                if await self._steps_once():
                    break
            self.world.ledger.withholds = False

    async def _steps_once(self) -> bool:
        before = len(self.world.truth.changes)
        await self._trade(1, 1)
        return len(self.world.truth.changes) > before

    async def _fault(self) -> None:
        """Let some reads of a repair fail, the first ones or later ones."""
        self.world.sandbox.arm(
            self._rng.choice(_PASSING),
            times=self._rng.choice((1, 2, 6)),
            after=self._rng.choice((None, self._rng.randint(1, 6))),
            method="GET",
        )
        await self._trade_disconnected()
        await anyio.sleep(1200)

    async def _refuse(self) -> None:
        """Refuse all reads for hours."""
        self.world.sandbox.arm("http_401_-2015", times=100_000, method="GET")
        for _ in range(self._rng.randint(1, 3)):
            await self._trade_disconnected()
            await anyio.sleep(self._rng.uniform(0, 2 * _HOUR))
        self.world.sandbox.clear_faults()
        await self._trade_disconnected()

    async def _symbols(self) -> None:
        """Refuse `allOrders` without a symbol for a while."""
        self.world.sandbox.arm("all_orders_need_symbol", times=100_000)
        await self._trade_disconnected()

    async def _many(self) -> None:
        """Let more orders and fills happen in a gap than one page lists."""
        self.world.network.is_down = True
        self.world.network.break_all()
        for _ in range(1100):
            self.world.ledger.trade("BTCUSDT", "BUY", "0.01", "100")
            await anyio.sleep(0.05)
        self.world.network.is_down = False
        await anyio.sleep(60)


def run(seed: int, days: float) -> Course:
    """Let so many days pass."""
    clock = MockClock(autojump_threshold=0)
    with tempfile.TemporaryDirectory() as directory:
        course = partial(_run, seed, days, Path(directory) / "events")
        return anyio.run(course, backend="trio", backend_options={"clock": clock})


async def _run(seed: int, days: float, path: Path) -> Course:
    rng = Random(seed)  # noqa: S311  # it is to be the same again
    course = Course(World(rng, path), days * _DAY)
    await course.run()
    return course
