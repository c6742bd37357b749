"""A close whose answer never comes: it may have happened, and nothing may undo it."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from binance_mcp.futures.binance_error import (
    InvalidListenKeyError,
    RestrictedLocationError,
    UnreachableError,
)
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio

Sent = Callable[[], list[str]]


@pytest.fixture
async def keeper(rest_api: RestApi, sandbox: Sandbox) -> AsyncGenerator[ListenKeyKeeper]:
    """Yield a keeper at work whose closes are carried out, and never answered."""

    async def swallow(_message: Message) -> None:
        await anyio.lowlevel.checkpoint()

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        is_close = scope["method"] == "DELETE"
        await sandbox(scope, receive, swallow if is_close else send)
        if is_close:
            raise ConnectionResetError

    async with (
        http_client("http://sandbox.invalid", app=silent) as http,
        anyio.create_task_group() as tasks,
    ):
        keeper = ListenKeyKeeper(replace(rest_api, http=http), Schedule(), rng=lambda: 0.5)
        tasks.start_soon(keeper.run)
        yield keeper
        tasks.cancel_scope.cancel()


@pytest.fixture
async def closing(keeper: ListenKeyKeeper) -> ListenKeyKeeper:
    await keeper.create()
    with pytest.raises(UnreachableError):
        await keeper.close()
    return keeper


async def test_an_unconfirmed_close_leaves_the_listen_key_active_and_closing(
    closing: ListenKeyKeeper,
) -> None:
    assert (closing.life.state, closing.life.is_closing) == (State.ACTIVE, True)


async def test_the_automatic_keepalive_resolves_an_unconfirmed_close_without_creating_a_key(
    closing: ListenKeyKeeper, sent: Sent
) -> None:
    await anyio.sleep(80_000)

    assert sent() == ["POST 200", "DELETE 200", *["DELETE 400"] * 4, "PUT 400"]
    assert (closing.life.state, closing.life.failures) == (State.CLOSED, 0)
    assert closing.next_keepalive_at is None


async def test_a_cancelled_close_is_not_undone_by_the_automatic_keepalive(
    keeper: ListenKeyKeeper, sent: Sent
) -> None:
    await keeper.create()
    with anyio.move_on_after(0.03):
        await keeper.close()
    await anyio.sleep(80_000)

    assert sent() == ["POST 200", "DELETE 200", "PUT 400"]
    assert keeper.life.state is State.CLOSED


async def test_a_keepalive_resolves_an_unconfirmed_close_without_creating_a_key(
    closing: ListenKeyKeeper, sent: Sent
) -> None:
    with pytest.raises(InvalidListenKeyError):
        await closing.keepalive()

    assert sent()[-1] == "PUT 400"
    assert closing.life.state is State.CLOSED


async def test_a_create_after_an_unconfirmed_close_is_not_a_rotation(
    closing: ListenKeyKeeper,
) -> None:
    old = closing.life.last
    created = await closing.create()

    assert old is not None
    assert created.key != old.key
    assert (closing.life.is_closing, closing.life.rotations) == (False, ())


async def test_a_repeated_close_resolves_an_unconfirmed_close(
    closing: ListenKeyKeeper, rest_api: RestApi
) -> None:
    closing.rest_api = rest_api

    assert await closing.close() is False
    assert closing.life.state is State.CLOSED


async def test_an_unconfirmed_close_counts_as_closed_when_the_listen_key_expires(
    closing: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    sandbox.arm("http_503_-1001", times=1_000_000)
    await anyio.sleep(80_000)

    assert closing.life.state is State.CLOSED
    assert closing.next_keepalive_at is None
    assert "POST 503" not in sent()


async def test_an_unconfirmed_close_of_a_lost_listen_key_is_resolved_and_not_replaced(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_503_-1001", times=24 * 5, method="PUT")
    await anyio.sleep_until(3650)
    assert keeper.life.state is State.EXPIRED

    before = len(sent())
    with pytest.raises(UnreachableError):
        await keeper.close()
    assert (keeper.life.state, keeper.life.is_closing) == (State.EXPIRED, True)
    await anyio.sleep(80_000)

    assert sent()[before:] == [*["DELETE 400"] * 5, "PUT 400"]
    assert (keeper.life.state, keeper.next_keepalive_at) == (State.CLOSED, None)


async def test_a_refused_close_leaves_the_listen_key_kept_alive(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent, rest_api: RestApi
) -> None:
    keeper.rest_api = rest_api
    await keeper.create()
    sandbox.arm("http_451_0")
    with pytest.raises(RestrictedLocationError):
        await keeper.close()

    await anyio.sleep_until(1951)
    assert sent() == ["POST 200", "DELETE 451", "PUT 200"]
    assert not keeper.life.is_closing
    await rest_api.close_listen_key()
    await anyio.sleep_until(3902)
    assert keeper.life.rotation_count == 1


async def test_a_close_whose_event_arrives_before_its_answer_is_a_close(
    keeper_at_work: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    active = await keeper_at_work.create()
    key = active.key.get_secret_value()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper_at_work.close)
        await anyio.sleep(0.01)
        keeper_at_work.report_end(key)
        assert keeper_at_work.life.state is State.CLOSED
    await anyio.sleep(7200)
    assert keeper_at_work.life.state is State.CLOSED
    assert [request.method for request in sandbox.requests] == ["POST", "DELETE"]


async def test_the_end_of_another_key_is_not_the_end_of_the_accounts(
    keeper_at_work: ListenKeyKeeper,
) -> None:
    await keeper_at_work.create()
    keeper_at_work.report_end("another")
    assert keeper_at_work.life.state is State.ACTIVE


async def test_without_a_schedule_a_key_whose_end_is_reported_is_lost(
    keeper_at_work: ListenKeyKeeper,
) -> None:
    keeper_at_work.schedule = None
    active = await keeper_at_work.create()
    await anyio.sleep(100)
    keeper_at_work.report_end(active.key.get_secret_value())
    assert keeper_at_work.life.state is State.EXPIRED
    assert keeper_at_work.life.lost_since == pytest.approx(100, abs=0.1)
    assert keeper_at_work.next_keepalive_at is None
