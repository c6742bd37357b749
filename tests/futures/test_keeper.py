from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

import anyio
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from binance_mcp.errors import ListenKeyMismatchError
from binance_mcp.futures.binance_error import BinanceError, InvalidListenKeyError, UnavailableError
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ActiveKey, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio

ANSWER: Final = 0.05
"""What an answer takes."""
ANOTHER_KEY: Final = "another" * 9


@pytest.fixture
def keeper(rest_api: RestApi) -> ListenKeyKeeper:
    return ListenKeyKeeper(rest_api)


@pytest.fixture
async def silent_keeper(rest_api: RestApi, sandbox: Sandbox) -> AsyncGenerator[ListenKeyKeeper]:
    """Yield a keeper whose keepalives are answered `{}`, as Binance's older documents have it."""

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        answer = JSONResponse({}) if scope["method"] == "PUT" else sandbox
        await answer(scope, receive, send)

    async with http_client("http://sandbox.invalid", app=silent) as http:
        yield ListenKeyKeeper(replace(rest_api, http=http))


def sent(sandbox: Sandbox) -> list[str]:
    return [f"{request.method} {request.status or 'lost'}" for request in sandbox.requests]


def raw(active: ActiveKey) -> str:
    return active.key.get_secret_value()


async def test_a_new_keeper_has_no_listen_key_and_sends_nothing(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    assert (keeper.life.state, keeper.life.active) == (State.NONE, None)
    assert sandbox.requests == ()


async def test_a_created_listen_key_is_active_for_an_hour(keeper: ListenKeyKeeper) -> None:
    await anyio.sleep(10)
    active = await keeper.create()

    assert active.expires_at == 3610
    assert (keeper.life.state, keeper.life.active) == (State.ACTIVE, active)

    await anyio.sleep(3599)
    assert keeper.life.state is State.ACTIVE
    await anyio.sleep(1)
    assert (keeper.life.state, keeper.life.active) == (State.EXPIRED, None)


async def test_the_validity_of_a_listen_key_begins_when_the_request_is_sent(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    sandbox.arm("timeout", method="POST")
    sandbox.arm("timeout", method="PUT")

    assert (await keeper.create()).expires_at == 3600
    assert anyio.current_time() == pytest.approx(5.2 + ANSWER)
    assert (await keeper.keepalive()).expires_at == pytest.approx(3605.2 + ANSWER)
    assert anyio.current_time() == pytest.approx(10.4 + 2 * ANSWER)


async def test_create_and_keepalive_extend_the_existing_listen_key(keeper: ListenKeyKeeper) -> None:
    first = await keeper.create()

    await anyio.sleep_until(1800)
    assert await keeper.keepalive() == ActiveKey(first.key, 0, 1800, 5400)
    await anyio.sleep_until(3600)
    assert await keeper.create() == ActiveKey(first.key, 0, 3600, 7200)
    assert keeper.life.active == ActiveKey(first.key, 0, 3600, 7200)


async def test_create_replaces_an_expired_listen_key(keeper: ListenKeyKeeper) -> None:
    first = await keeper.create()
    await anyio.sleep(3600)

    with pytest.raises(InvalidListenKeyError):
        await keeper.keepalive()
    assert keeper.life.state is State.EXPIRED

    second = await keeper.create()
    assert second.key != first.key
    assert keeper.life.state is State.ACTIVE


async def test_a_listen_key_unknown_to_binance_is_expired(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    await keeper.create()
    sandbox.arm("http_400_-1125")

    with pytest.raises(InvalidListenKeyError):
        await keeper.keepalive()

    assert (keeper.life.state, keeper.life.active) == (State.EXPIRED, None)


async def test_a_failed_keepalive_leaves_the_listen_key_active(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    active = await keeper.create()
    sandbox.arm("http_451_0")

    with pytest.raises(BinanceError):
        await keeper.keepalive()

    assert keeper.life.active == active


async def test_a_listen_key_can_be_closed_and_created_again(keeper: ListenKeyKeeper) -> None:
    first = await keeper.create()

    assert await keeper.close() is True
    assert (keeper.life.state, keeper.life.active) == (State.CLOSED, None)
    assert (await keeper.create()).key != first.key
    assert keeper.life.state is State.ACTIVE


async def test_closing_a_listen_key_that_does_not_exist_is_not_an_error(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    assert await keeper.close() is False
    assert keeper.life.state is State.CLOSED
    assert sent(sandbox) == ["DELETE 400"]


async def test_a_failed_close_leaves_the_listen_key_active(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    active = await keeper.create()
    sandbox.arm("http_451_0")

    with pytest.raises(BinanceError):
        await keeper.close()

    assert keeper.life.active == active


async def test_a_matching_listen_key_argument_is_not_sent_to_binance(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    active = await keeper.create()

    kept = ActiveKey(active.key, 0, ANSWER, 3600 + ANSWER)
    assert await keeper.keepalive(raw(active)) == kept
    assert await keeper.close(raw(active)) is True

    assert sent(sandbox) == ["POST 200", "PUT 200", "DELETE 200"]
    assert {(request.query, request.body) for request in sandbox.requests} == {("", "")}


async def test_a_wrong_listen_key_argument_is_refused_before_anything_is_sent(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    active = await keeper.create()

    for call in (keeper.keepalive, keeper.close):
        with pytest.raises(ListenKeyMismatchError) as refused:
            await call(ANOTHER_KEY)
        assert str(refused.value) == "the listen key given is not the account's active one"

    assert sent(sandbox) == ["POST 200"]
    assert keeper.life.active == active


async def test_a_keepalive_adopts_the_listen_key_that_another_program_created(
    keeper: ListenKeyKeeper, rest_api: RestApi, sandbox: Sandbox
) -> None:
    key = await rest_api.create_listen_key()

    with pytest.raises(ListenKeyMismatchError):
        await keeper.keepalive(ANOTHER_KEY)

    assert sent(sandbox) == ["POST 200", "PUT 200"]
    assert keeper.life.active == ActiveKey(key, ANSWER, ANSWER, 3600 + ANSWER)


async def test_a_close_by_listen_key_asks_for_the_active_key_first_and_closes_no_other(
    keeper: ListenKeyKeeper, rest_api: RestApi, sandbox: Sandbox
) -> None:
    key = await rest_api.create_listen_key()

    with pytest.raises(ListenKeyMismatchError):
        await keeper.close(ANOTHER_KEY)
    assert sent(sandbox)[1:] == ["PUT 200"]
    assert keeper.life.active == ActiveKey(key, ANSWER, ANSWER, 3600 + ANSWER)

    assert await ListenKeyKeeper(rest_api).close(key.get_secret_value()) is True
    assert sent(sandbox)[2:] == ["PUT 200", "DELETE 200"]


async def test_a_close_by_listen_key_on_an_account_without_one_is_not_an_error(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    assert await keeper.close(ANOTHER_KEY) is False
    assert keeper.life.state is State.CLOSED
    assert sent(sandbox) == ["PUT 400"]


async def test_a_listen_key_replaced_by_another_program_is_noticed(
    keeper: ListenKeyKeeper, rest_api: RestApi
) -> None:
    old = await keeper.create()
    await rest_api.close_listen_key()
    new = await rest_api.create_listen_key()

    with pytest.raises(ListenKeyMismatchError):
        await keeper.keepalive(raw(old))

    sent_at = 3 * ANSWER
    assert keeper.life.active is not None
    assert keeper.life.active.key == new
    assert keeper.life.active.extended_at == pytest.approx(sent_at)


async def test_a_keepalive_answer_without_listen_key_extends_the_known_one(
    silent_keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    active = await silent_keeper.create()
    await anyio.sleep_until(60)

    assert await silent_keeper.keepalive(raw(active)) == ActiveKey(active.key, 0, 60, 3660)
    assert sent(sandbox) == ["POST 200"]


async def test_a_keepalive_answer_without_an_unknown_listen_key_is_followed_by_a_create(
    silent_keeper: ListenKeyKeeper, rest_api: RestApi, sandbox: Sandbox
) -> None:
    key = await rest_api.create_listen_key()
    await anyio.sleep_until(60)

    assert await silent_keeper.keepalive() == ActiveKey(key, 60, 60, 3660)
    assert sent(sandbox) == ["POST 200", "POST 200"]


async def test_the_recv_window_is_sent_with_every_call(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    credentials = replace(keeper.rest_api.credentials, signer=hmac_signer("another secret"))
    keeper.rest_api = replace(keeper.rest_api, credentials=credentials)

    for call in (keeper.create, keeper.keepalive, keeper.close):
        with pytest.raises(BinanceError):
            await call(recv_window=1.5)

    assert sent(sandbox) == ["POST 400", "PUT 400", "DELETE 400"]
    assert all("&recvWindow=1500&" in request.query for request in sandbox.requests)


async def test_the_repr_of_keeper_and_errors_masks_the_listen_key(keeper: ListenKeyKeeper) -> None:
    key = raw(await keeper.create())
    printed = f"{keeper!r} {keeper.life!r} {keeper.life.active!r} {keeper.life.active}"

    assert key[:4] in printed
    assert key[:5] not in printed
    with pytest.raises(ListenKeyMismatchError) as refused:
        await keeper.close(ANOTHER_KEY)
    assert ANOTHER_KEY[:7] not in repr(refused.value)


async def test_a_failed_create_does_not_affect_the_next(
    keeper: ListenKeyKeeper, sandbox: Sandbox
) -> None:
    sandbox.arm("http_503_-1001", times=5)
    with pytest.raises(UnavailableError):
        await keeper.create()

    await keeper.create()

    assert sent(sandbox) == ["POST 503"] * 5 + ["POST 200"]
