from typing import Any

import anyio
import pytest
from mcp.types import CallToolResult

from binance_mcp.connection import Connection
from binance_mcp.futures.listen_key import ActiveKey, ListenKey, ListenKeyLife
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.server.identity import Client
from binance_mcp.server.tools import told_keys
from binance_mcp.server.tools.told_keys import Replacement, ToldKeys
from tests.server.connections import (
    CLOSE,
    CREATE,
    KEEPALIVE,
    STATUS,
    Connect,
    another_program_closes_the_key,
    succeeded,
    text,
)

pytestmark = pytest.mark.anyio

ALICE = Client("loopback", "agent", "alice")
BOB = Client("loopback", "agent", "bob")


def key(name: str, at: float) -> ActiveKey:
    return ActiveKey(ListenKey(name), at, at, at + 3600)


def life_through(*keys: ActiveKey) -> ListenKeyLife:
    life = ListenKeyLife()
    for each in keys:
        life = life.extended(each, at=each.extended_at + 0.05)
    return life


FIRST, SECOND, THIRD = key("first", 0), key("second", 1000), key("third", 2000)
NOW = 2000.0
LATER = 20_000.0


def test_the_first_key_that_a_session_is_told_replaces_nothing() -> None:
    assert ToldKeys().tell(ALICE, FIRST, life_through(FIRST), None, NOW) is None


def test_each_session_is_told_once_that_the_key_is_another_one() -> None:
    told = ToldKeys()
    for caller in (ALICE, BOB):
        told.tell(caller, FIRST, life_through(FIRST), None, NOW)
    after = life_through(FIRST, SECOND)
    expected = Replacement(FIRST.key, SECOND.key, missing_since=0)
    assert [told.tell(ALICE, SECOND, after, FIRST, NOW) for _ in range(2)] == [expected, None]
    assert [told.tell(BOB, SECOND, after, SECOND, NOW) for _ in range(2)] == [expected, None]


def test_events_are_missing_since_the_key_that_the_session_knows_was_lost() -> None:
    told = ToldKeys()
    told.tell(ALICE, FIRST, life_through(FIRST), None, NOW)
    extended = ActiveKey(FIRST.key, 0, 900, 4500)
    replaced = told.tell(ALICE, THIRD, life_through(FIRST, extended, SECOND, THIRD), SECOND, NOW)
    assert replaced == Replacement(FIRST.key, THIRD.key, missing_since=900)


def test_of_a_key_that_another_session_closed_they_are_missing_since_its_last_confirmation() -> (
    None
):
    told = ToldKeys()
    told.tell(ALICE, FIRST, life_through(FIRST), None, NOW)
    extended = ActiveKey(FIRST.key, 0, 900, 4500)
    closed = life_through(FIRST, extended).closed().extended(THIRD, at=2001)
    assert told.tell(ALICE, THIRD, closed, None, NOW) == Replacement(FIRST.key, THIRD.key, 900)


def test_of_a_key_that_ended_long_ago_they_are_missing_since_it_was_told() -> None:
    told = ToldKeys()
    told.tell(ALICE, FIRST, life_through(FIRST), None, NOW)
    life = life_through(THIRD)
    assert told.tell(ALICE, THIRD, life, None, NOW) == Replacement(FIRST.key, THIRD.key, 0)


def test_a_session_that_was_told_nothing_hears_of_a_key_replaced_by_its_own_call() -> None:
    replaced = ToldKeys().tell(ALICE, SECOND, life_through(FIRST, SECOND), FIRST, NOW)
    assert replaced == Replacement(FIRST.key, SECOND.key, missing_since=0)


def test_a_session_that_closed_the_key_hears_nothing_of_the_next() -> None:
    told = ToldKeys()
    told.tell(ALICE, FIRST, life_through(FIRST), None, NOW)
    told.forget(ALICE)
    assert told.tell(ALICE, SECOND, life_through(SECOND), None, NOW) is None


def test_the_least_recent_of_too_many_sessions_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(told_keys, "_MOST_CLIENTS", 2)
    told = ToldKeys()
    for name in ("alice", "bob", "alice", "carol"):
        told.tell(Client("loopback", "agent", name), FIRST, life_through(FIRST), None, NOW)
    after = life_through(FIRST, SECOND)
    heard = {
        name: told.tell(Client("loopback", "agent", name), SECOND, after, None, NOW) is not None
        for name in ("carol", "alice", "bob")
    }
    assert heard == {"carol": True, "alice": True, "bob": False}


def through(*connections: Connection) -> list[Client]:
    return [Client("loopback", "agent", connection) for connection in connections]


def test_clients_without_sessions_are_told_apart_by_their_connections() -> None:
    told = ToldKeys()
    clients = through(Connection(), Connection())
    for client in clients:
        told.tell(client, FIRST, life_through(FIRST), None, NOW)
    after = life_through(FIRST, SECOND)
    heard = [told.tell(client, SECOND, after, SECOND, NOW) is not None for client in clients * 2]
    assert heard == [True, True, False, False]


def test_a_client_that_has_reconnected_is_told_once() -> None:
    told = ToldKeys()
    heard: list[bool] = []
    for active in (FIRST, FIRST, SECOND, SECOND):
        connection = Connection()
        (client,) = through(connection)
        life = life_through(FIRST, SECOND) if active is SECOND else life_through(FIRST)
        heard.append(told.tell(client, active, life, active, NOW) is not None)
        connection.is_open = False
    assert heard == [False, False, True, False]


def test_a_second_connection_of_a_client_is_told_too() -> None:
    told = ToldKeys()
    first, second = through(Connection(), Connection())
    told.tell(first, FIRST, life_through(FIRST), None, NOW)
    assert told.tell(second, SECOND, life_through(FIRST, SECOND), SECOND, NOW)


def reconnecting(told: ToldKeys, active: ActiveKey, life: ListenKeyLife, now: float) -> bool:
    """Return whether a client that connects, calls and disconnects is told of another key."""
    connection = Connection()
    (client,) = through(connection)
    is_told = told.tell(client, active, life, active, now) is not None
    connection.is_open = False
    return is_told


def test_of_clients_that_cannot_be_told_apart_each_new_connection_is_told_for_an_hour() -> None:
    told = ToldKeys()
    both = Connection(), Connection()
    for client in through(*both):
        told.tell(client, FIRST, life_through(FIRST), None, NOW)
    for connection in both:
        connection.is_open = False
    after = life_through(FIRST, SECOND)
    assert [reconnecting(told, SECOND, after, NOW) for _ in range(4)] == [True] * 4
    assert [reconnecting(told, SECOND, after, LATER) for _ in range(4)] == [
        *(True, True, False, False)
    ]


@pytest.mark.parametrize(
    "other", [Client("elsewhere", "agent", Connection()), Client("loopback", "x", Connection())]
)
def test_a_connection_of_another_principal_or_program_is_another_client(other: Client) -> None:
    told = ToldKeys()
    told.tell(other, FIRST, life_through(FIRST), None, NOW)
    (client,) = through(Connection())
    assert told.tell(client, SECOND, life_through(FIRST, SECOND), None, NOW) is None


def tells(result: CallToolResult) -> dict[str, Any]:
    """Return what a result tells of a replaced key; nothing if it tells of none."""
    found = succeeded(result)
    is_told_first = text(result).startswith("The listen key was replaced: ")
    assert is_told_first == ("eventsMissingSince" in found)
    return found if is_told_first else {}


@pytest.mark.parametrize("tool", [CREATE, KEEPALIVE, STATUS])
@pytest.mark.parametrize("by_itself", [True, False], ids=["by itself", "by the call"])
async def test_a_replaced_key_is_told_by_whichever_tool_is_called_next_and_once(
    connect: Connect, sandbox: Sandbox, account: AccountKeys, tool: str, *, by_itself: bool
) -> None:
    async with connect(stream_url="wss://s.example") as client:
        old = succeeded(await client.call_tool(CREATE, {}))["listenKey"]
        await anyio.sleep(600)
        await another_program_closes_the_key(sandbox, account)
        if by_itself:
            await anyio.sleep(2110)
        elif tool == STATUS:
            await client.call_tool(KEEPALIVE, {"listenKey": "another"})  # which fails
            await client.call_tool(CREATE, {"recvWindow": 0})  # likewise
            await anyio.sleep(2110)
        results = [await client.call_tool(each, {}) for each in (tool, CREATE, KEEPALIVE, STATUS)]
    told, *others = map(tells, results)
    assert told["eventsMissingSince"] == "2026-11-18T11:06:40Z"
    assert told["webSocketUrl"].startswith("wss://s.example/private/ws?listenKey=")
    assert others == [{}, {}, {}]
    new = succeeded(results[1])["listenKey"]
    assert text(results[0]).startswith(
        f"The listen key was replaced: {old[:4]}… is no longer valid; the account's key is "
        f"now {new[:4]}…. Events since 2026-11-18 11:06:40 UTC may be missing."
    )


async def test_a_key_created_after_the_sessions_own_close_replaces_nothing(
    connect: Connect,
) -> None:
    async with connect() as client:
        results = [await client.call_tool(tool, {}) for tool in (CREATE, CLOSE, CREATE, STATUS)]
    assert [tells(result) for result in results] == [{}, {}, {}, {}]
