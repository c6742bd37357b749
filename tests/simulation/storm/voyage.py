"""One keeper's way through the weather, on the virtual clock: from weather to what came of it."""

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Final

import anyio
from pydantic import SecretStr
from trio.testing import MockClock

from binance_mcp.futures.binance_error import InvalidListenKeyError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import Rotation, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import Sandbox
from tests.simulation.storm.exchange import Exchange
from tests.simulation.storm.history import History
from tests.simulation.storm.machine import Machine
from tests.simulation.storm.span import Span
from tests.simulation.storm.weather import Deed, Weather

_URL: Final = "http://sandbox.invalid"


@dataclass(frozen=True)
class Voyage:
    """What the exchange saw, and what the keeper reported."""

    weather: Weather
    history: History
    reported: tuple[Span, ...]
    """Every span in which, by the keeper's word, events may be missing."""
    rotation_count: int
    ended_as: State
    used_weight: int | None


def sail(weather: Weather, *, seed: int = 0, schedule: Schedule | None = None) -> Voyage:
    """Create a key, and let a keeper keep it alive all the way."""
    voyage = partial(_sail, weather, seed, schedule or Schedule())
    clock = MockClock(autojump_threshold=0)
    return anyio.run(voyage, backend="trio", backend_options={"clock": clock})


async def _sail(weather: Weather, seed: int, schedule: Schedule) -> Voyage:
    machine, rng = Machine(), Random(seed)  # noqa: S311  # it is to be the same again
    sandbox = Sandbox(
        answer_seconds=0,  # its exchange takes time, and at random
        wall_clock=machine.wall_clock,
        steady_clock=machine.now,
    )
    account, exchange = sandbox.new_account(), Exchange(sandbox, weather, machine, rng)
    async with (
        http_client(_URL, app=exchange.for_the_keeper) as http,
        http_client(_URL, app=exchange.for_another) as another_http,
    ):
        rest_api = RestApi(
            http,
            Credentials(SecretStr(account.api_key), hmac_signer(account.api_secret)),
            RequestWeight(2400),
            wall_clock=machine.wall_clock,
            rng=rng.random,
        )
        keeper = ListenKeyKeeper(rest_api, schedule, rng=rng.random)
        another = replace(
            rest_api,
            http=another_http,
            credentials=Credentials(SecretStr(account.api_key)),
            weight=RequestWeight(2400),
        )
        reported = await _keep(keeper, pass_through(weather, machine, another))
        life, used_weight = keeper.life, rest_api.weight.used
    return Voyage(weather, exchange.history, reported, life.rotation_count, life.state, used_weight)


async def _keep(keeper: ListenKeyKeeper, meanwhile: Awaitable[None]) -> tuple[Span, ...]:
    """Let a keeper run, and return the spans that it reports."""
    rotations: list[Rotation] = []
    keeper.listeners.append(lambda: rotations.extend(keeper.life.rotations[-1:]))
    await keeper.create()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        await meanwhile
        tasks.cancel_scope.cancel()
    return tuple(dict.fromkeys(Span(each.missing_since, each.at) for each in rotations))


async def pass_through(weather: Weather, machine: Machine, another: RestApi) -> None:
    """Let the machine sleep and another program act, each in its time."""
    happenings = [
        *((deed.at, partial(_do, deed, another)) for deed in weather.deeds),
        *((nap.start, machine.fall_asleep) for nap in weather.naps),
        *((nap.end, machine.wake_up) for nap in weather.naps),
    ]
    for at, happen in sorted(happenings, key=lambda happening: happening[0]):
        await machine.until(at)
        if (doing := happen()) is not None:
            await doing
    await machine.until(weather.seconds)


async def _do(deed: Deed, another: RestApi) -> None:
    for method in deed.methods:
        if method == "POST":
            await another.create_listen_key()
        else:
            with suppress(InvalidListenKeyError):  # it may be gone already
                await another.close_listen_key()
