"""Outages that end before the key does must not cost it; and none is answered with a storm."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Final

import anyio
import pytest
from starlette.types import Receive, Scope, Send

from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio

Sent = Callable[[], list[str]]
SEEDS: Final = range(20)


@asynccontextmanager
async def keeping(
    rest_api: RestApi, sandbox: Sandbox, *, fault: str, until: float, seed: int
) -> AsyncGenerator[ListenKeyKeeper]:
    """Keep a key alive whose keepalives all fail until a time."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "PUT" and anyio.current_time() < until:
            sandbox.arm(fault, method="PUT")
        await sandbox(scope, receive, send)

    rng = Random(seed).random  # noqa: S311  # it is to be the same again
    async with (
        http_client("http://sandbox.invalid", app=broken) as http,
        anyio.create_task_group() as tasks,
    ):
        keeper = ListenKeyKeeper(replace(rest_api, http=http, rng=rng), Schedule(), rng=rng)
        await keeper.create()
        tasks.start_soon(keeper.run)
        yield keeper
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", ["http_503_-1001", "http_403_html", "http_401_-2015", "reset"])
@pytest.mark.parametrize("left", [59, 45, 30, 15])
async def test_an_outage_that_ends_in_the_last_minute_does_not_lose_the_listen_key(
    rest_api: RestApi, sandbox: Sandbox, fault: str, left: float, seed: int
) -> None:
    async with keeping(rest_api, sandbox, fault=fault, until=3600 - left, seed=seed) as keeper:
        await anyio.sleep_until(3601)

        assert keeper.life.active is not None
        assert keeper.life.active.created_at == 0


@pytest.mark.parametrize("fault", ["http_503_-1001", "http_403_html", "http_400_-1022"])
@pytest.mark.parametrize("retry_after", [60, 7200, 86_400])
async def test_retry_after_of_errors_other_than_429_and_418_does_not_stop_the_keepalive(
    keeper_at_work: ListenKeyKeeper, sandbox: Sandbox, sent: Sent, fault: str, retry_after: int
) -> None:
    first = await keeper_at_work.create()
    sandbox.arm(fault, retry_after=retry_after)

    await anyio.sleep_until(3000)

    assert sent() == ["POST 200", f"PUT {fault[5:8]}", "PUT 200"]
    assert keeper_at_work.life.active is not None
    assert keeper_at_work.life.active.key == first.key


@pytest.mark.parametrize(
    "fault", ["http_429_-1003", "http_418_-1003", "http_403_html", "http_503_-1001", "reset"]
)
async def test_the_shortest_keepalive_interval_does_not_cause_a_retry_storm(
    keeper_at_work: ListenKeyKeeper, sandbox: Sandbox, fault: str
) -> None:
    keeper_at_work.schedule = Schedule(1.0, 0.0)
    sandbox.arm(fault, times=100_000, retry_after=0, method="PUT")
    await keeper_at_work.create()

    await anyio.sleep(600)

    a_call = 5 if fault in ("http_503_-1001", "reset") else 1
    assert len(sandbox.requests) - 1 <= 600 / 2 * a_call
    assert len(sandbox.requests) > 100
