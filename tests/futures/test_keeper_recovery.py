from collections.abc import Callable

import anyio
import pytest

from binance_mcp.futures.binance_error import (
    IpBannedError,
    RestrictedLocationError,
    UnavailableError,
)
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import Rotation, State
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio

Sent = Callable[[], list[str]]
IN_A_CALL = 5
"""Requests that a call sends before it fails for what may pass."""
ANSWER = 0.05
"""What an answer takes."""
CALL = 3.0 + IN_A_CALL * ANSWER
"""What such a call takes, with its pauses."""
IN_THE_LAST_MINUTE = 8
"""Such calls in the last minute of a key, with pauses of 5 seconds."""


@pytest.fixture
def keeper(keeper_at_work: ListenKeyKeeper) -> ListenKeyKeeper:
    return keeper_at_work


def assert_only_rotation(keeper: ListenKeyKeeper, expected: Rotation) -> None:
    """Compare the one rotation that there was; its times are sums, and so not exact."""
    (rotation,) = keeper.life.rotations
    assert keeper.life.rotation_count == 1
    assert (rotation.old, rotation.new) == (expected.old, expected.new)
    assert (rotation.at, rotation.missing_since) == pytest.approx(
        (expected.at, expected.missing_since)
    )


async def test_a_failed_keepalive_is_reported_and_retried(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    first = await keeper.create()
    sandbox.arm("http_503_-1001", times=2 * IN_A_CALL)

    await anyio.sleep_until(1954)
    assert (keeper.life.state, keeper.life.failures) == (State.ACTIVE, 1)
    assert isinstance(keeper.life.error, UnavailableError)
    assert keeper.next_keepalive_at == pytest.approx(1950 + CALL + 10)

    await anyio.sleep_until(1967)
    assert keeper.life.failures == 2
    assert keeper.next_keepalive_at == pytest.approx(1960 + 2 * CALL + 20)

    await anyio.sleep_until(1987)
    assert (keeper.life.failures, keeper.life.error) == (0, None)
    assert keeper.life.active is not None
    assert keeper.life.active.key == first.key
    assert keeper.life.active.extended_at == pytest.approx(1980 + 2 * CALL)
    assert keeper.next_keepalive_at == pytest.approx(1980 + 2 * CALL + 1950)
    assert sent() == ["POST 200"] + ["PUT 503"] * 10 + ["PUT 200"]


async def test_a_listen_key_expires_after_failed_retries_and_the_next_call_replaces_it(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    first = await keeper.create()
    sandbox.arm("http_503_-1001", times=(16 + IN_THE_LAST_MINUTE) * IN_A_CALL)

    await anyio.sleep_until(3539)
    assert len(sent()) == 1 + 16 * IN_A_CALL
    assert keeper.next_keepalive_at == pytest.approx(3540)
    await anyio.sleep_until(3599)
    assert keeper.life.state is State.ACTIVE
    await anyio.sleep_until(3602)
    assert (keeper.life.state, keeper.life.lost_since, keeper.life.failures) == (
        State.EXPIRED,
        0,
        16 + IN_THE_LAST_MINUTE,
    )
    assert isinstance(keeper.life.error, UnavailableError)

    second = await keeper.create()
    assert sent()[-2:] == ["PUT 503", "POST 200"]
    assert (keeper.life.state, keeper.life.active) == (State.ACTIVE, second)
    assert (keeper.life.failures, keeper.life.error) == (0, None)
    assert_only_rotation(keeper, Rotation(first.key, second.key, 3602 + ANSWER, 0))


async def test_an_expired_listen_key_is_replaced_without_a_call(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_503_-1001", times=(17 + IN_THE_LAST_MINUTE) * IN_A_CALL)

    await anyio.sleep_until(3601 + 120 + CALL + 121)

    assert sent()[-IN_A_CALL - 1 :] == ["POST 503"] * IN_A_CALL + ["POST 200"]
    assert keeper.life.state is State.ACTIVE


async def test_a_lost_listen_key_is_replaced_immediately(
    keeper: ListenKeyKeeper, rest_api: RestApi, sent: Sent
) -> None:
    first = await keeper.create()
    await anyio.sleep(600)
    await rest_api.close_listen_key()

    await anyio.sleep_until(1951)

    assert sent() == ["POST 200", "DELETE 200", "PUT 400", "POST 200"]
    assert keeper.life.active is not None
    second = keeper.life.active.key
    rotation = Rotation(first.key, second, at=1950 + 2 * ANSWER, missing_since=0)
    assert_only_rotation(keeper, rotation)
    assert keeper.next_keepalive_at == pytest.approx(3900 + ANSWER)


async def test_a_failed_replacement_is_retried_soon(
    keeper: ListenKeyKeeper, sandbox: Sandbox, rest_api: RestApi, sent: Sent
) -> None:
    await keeper.create()
    await rest_api.close_listen_key()
    sandbox.arm("http_503_-1001", times=IN_A_CALL, method="POST")

    await anyio.sleep_until(1954)
    assert (keeper.life.state, keeper.life.lost_since) == (State.EXPIRED, 0)
    assert keeper.next_keepalive_at == pytest.approx(1950 + ANSWER + CALL + 10)

    await anyio.sleep_until(1964)
    assert sent()[2:] == ["PUT 400", *["POST 503"] * IN_A_CALL, "POST 200"]
    assert keeper.life.state is State.ACTIVE


async def test_a_keepalive_that_finds_the_listen_key_lost_replaces_it(
    keeper: ListenKeyKeeper, rest_api: RestApi, sent: Sent
) -> None:
    first = await keeper.create()
    await rest_api.close_listen_key()
    await anyio.sleep_until(60)

    second = await keeper.keepalive()

    assert sent() == ["POST 200", "DELETE 200", "PUT 400", "POST 200"]
    assert_only_rotation(keeper, Rotation(first.key, second.key, 60 + 2 * ANSWER, 0))


async def test_a_failed_replacement_by_a_call_is_retried_by_the_schedule(
    keeper: ListenKeyKeeper, sandbox: Sandbox, rest_api: RestApi, sent: Sent
) -> None:
    await keeper.create()
    await rest_api.close_listen_key()
    await anyio.sleep(60)
    sandbox.arm("http_451_0", method="POST")

    with pytest.raises(RestrictedLocationError):
        await keeper.keepalive()
    await anyio.sleep(1)

    assert sent() == ["POST 200", "DELETE 200", "PUT 400", "POST 451", "POST 200"]
    assert keeper.life.state is State.ACTIVE


async def test_a_rotation_reports_missing_events_until_the_answer_with_the_new_listen_key(
    keeper: ListenKeyKeeper, sandbox: Sandbox, rest_api: RestApi
) -> None:
    await keeper.create()
    await rest_api.close_listen_key()
    sandbox.arm("timeout", method="POST")

    await anyio.sleep_until(1960)

    assert keeper.life.active is not None
    assert keeper.life.active.extended_at == pytest.approx(1950 + ANSWER)
    assert keeper.life.rotations[0].at == pytest.approx(1950 + 5.2 + 2 * ANSWER)


async def test_no_request_is_sent_during_a_rate_limit_wait(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_429_-1003", retry_after=300)

    await anyio.sleep_until(1951)
    assert keeper.next_keepalive_at == pytest.approx(1950 + ANSWER + 300 + 10)
    await anyio.sleep_until(1950 + 309)
    assert sent() == ["POST 200", "PUT 429"]
    await anyio.sleep_until(1950 + 311)
    assert sent() == ["POST 200", "PUT 429", "PUT 200"]


async def test_a_ban_longer_than_the_validity_of_the_listen_key_is_waited_for_and_reported(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_418_-1003", retry_after=3600)

    await anyio.sleep_until(5559)
    assert (keeper.life.state, keeper.life.lost_since) == (State.EXPIRED, 0)
    assert isinstance(keeper.life.error, IpBannedError)
    assert sent() == ["POST 200", "PUT 418"]

    await anyio.sleep_until(5561)
    assert sent() == ["POST 200", "PUT 418", "POST 200"]
    assert keeper.life.rotation_count == 1


async def test_a_failure_that_is_not_retryable_is_retried_after_ten_minutes(
    keeper: ListenKeyKeeper, sandbox: Sandbox, sent: Sent
) -> None:
    await keeper.create()
    sandbox.arm("http_401_-2015")

    await anyio.sleep_until(2549)
    assert sent() == ["POST 200", "PUT 401"]
    await anyio.sleep_until(2551)
    assert sent() == ["POST 200", "PUT 401", "PUT 200"]


async def test_every_state_change_is_notified(
    keeper: ListenKeyKeeper, sandbox: Sandbox, rest_api: RestApi
) -> None:
    told: list[tuple[State, int, int]] = []
    keeper.listeners.append(
        lambda: told.append((keeper.life.state, keeper.life.failures, keeper.life.rotation_count))
    )

    await keeper.create()
    sandbox.arm("http_451_0", method="PUT")
    await anyio.sleep_until(2551)
    await rest_api.close_listen_key()
    await keeper.keepalive()
    await keeper.close()

    assert told == [
        (State.ACTIVE, 0, 0),
        (State.ACTIVE, 1, 0),
        (State.ACTIVE, 0, 0),
        (State.EXPIRED, 0, 0),
        (State.ACTIVE, 0, 1),
        (State.CLOSED, 0, 1),
    ]
