"""The states of the stream in which something happens, and in which it is asked about."""

from collections.abc import AsyncGenerator, Callable
from typing import Final, TypeAlias

import anyio

from tests.matrix.world import World

State: TypeAlias = Callable[[World], AsyncGenerator[None]]
"""Brings a world into a state, and yields whenever it is to be asked."""

_HOUR: Final = 3600


async def no_key(world: World) -> AsyncGenerator[None]:
    world.prepare()
    await anyio.sleep(10)
    world.happen()
    await anyio.sleep(10)
    yield


async def not_connected(world: World) -> AsyncGenerator[None]:
    await world.connect()
    world.network.is_down = True
    world.network.break_all()
    await anyio.sleep(5)
    world.happen()
    await anyio.sleep(5)
    yield


async def connected(world: World) -> AsyncGenerator[None]:
    await world.connect()
    world.happen()
    await anyio.sleep(10)
    yield


async def after_a_gap(world: World) -> AsyncGenerator[None]:
    async for _ in not_connected(world):
        pass
    world.network.is_down = False
    await anyio.sleep(60)
    yield


async def deaf(world: World) -> AsyncGenerator[None]:
    """Ask before it is noticed, when it is, and when the connection has been replaced."""
    await world.connect()
    world.network.is_deaf = True
    await anyio.sleep(30)
    world.happen()
    await anyio.sleep(30)
    yield
    await anyio.sleep(180)
    yield
    world.network.is_deaf = False
    await anyio.sleep(120)
    yield


async def withholding(world: World) -> AsyncGenerator[None]:
    """Ask soon, and when it has been compared with Binance's lists, if it is."""
    await world.connect()
    world.ledger.withholds = True
    world.happen()
    world.ledger.withholds = False
    await anyio.sleep(200)
    yield
    await anyio.sleep(_HOUR)
    yield


STATES: Final[dict[str, State]] = {
    "no key": no_key,
    "not connected": not_connected,
    "connected": connected,
    "after a gap": after_a_gap,
    "deaf": deaf,
    "withholding": withholding,
}


async def recover(world: World) -> None:
    """Let whatever it was pass, and a day with it."""
    world.network.is_down = world.network.is_deaf = False
    await world.create_key()
    await anyio.sleep(24 * _HOUR)
