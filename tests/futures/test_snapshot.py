from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import anyio
import pytest
from pydantic import SecretStr

from binance_mcp.futures.account import Account, open_account
from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.binance_error import (
    MissingSecretError,
    ReadBudgetError,
    RejectedApiKeyError,
    TimedOutError,
)
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.snapshot import Snapshot, take_snapshot
from binance_mcp.futures.user_stream.gap import GapReason
from binance_mcp.futures.user_stream.journal import Page
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.settings_sources import load_settings
from tests.simulation.storm.machine import Machine

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("empty_directory")]

BEHIND = 7.0
"""Seconds by which this machine's clock is behind Binance's."""

PATHS = [
    "/fapi/v1/openOrders",
    "/fapi/v1/openAlgoOrders",
    "/fapi/v3/account",
    "/fapi/v3/positionRisk",
]


@pytest.fixture
async def opened(
    sandbox: Sandbox, account: AccountKeys, machine: Machine
) -> AsyncGenerator[Account]:
    """Open the account; gaps are not repaired by themselves."""
    credentials = Credentials(SecretStr(account.api_key), hmac_signer(account.api_secret))
    settings = load_settings(environment="sandbox", repair_gaps=False)
    async with open_account(
        settings, credentials, app=sandbox, wall_clock=lambda: machine.wall_clock() - BEHIND
    ) as found:
        await anyio.sleep(1)
        yield found


@pytest.fixture
async def followed(opened: Account) -> Account:
    """Return the account after its events began to be received."""
    await opened.keeper.create()
    await anyio.sleep(2)
    return opened


@pytest.fixture
def ledger(sandbox: Sandbox, account: AccountKeys) -> Ledger:
    return sandbox.ledger(account.api_key)


@pytest.fixture
def asked(sandbox: Sandbox) -> Callable[[], list[str]]:
    """Return the paths of the reads that were sent."""
    return lambda: [each.path for each in sandbox.requests if each.path in PATHS]


def reads_of(account: Account) -> AccountReads:
    assert account.reads
    return account.reads


async def taken(account: Account, symbol: str | None = None) -> Snapshot:
    return await take_snapshot(account.reads, account.stream, symbol)


def after(account: Account, snapshot: Snapshot) -> Page:
    journal = account.stream.journal
    return journal.read(snapshot.cursor, is_wanted=lambda _: True, most=1000, most_bytes=2**30)


def types(page: Page) -> list[str]:
    return [entry.event.type for entry in page.entries]


async def while_(change: Callable[[], Coroutine[None, None, None]], account: Account) -> Snapshot:
    """Take a snapshot while something changes."""
    found: list[Snapshot] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change)
        found.append(await taken(account))
        tasks.cancel_scope.cancel()
    await anyio.sleep(1)
    return found[0]


async def test_the_lists_are_binances_and_positions_without_an_amount_are_not_among_them(
    followed: Account, ledger: Ledger
) -> None:
    ledger.trade("BTCUSDT", "BUY", "0.01", 64000)
    ledger.place_order("ETHUSDT", "SELL", 2, 4000)
    ledger.place_stop("BTCUSDT", "SELL", "0.01", 60000)
    await anyio.sleep(1)
    found = await taken(followed)
    reads = reads_of(followed)
    rows: list[dict[str, Any]] = await reads.positions()
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"]
    assert found.positions == rows[:1]
    assert found.account == await reads.account()
    assert (found.open_orders, found.open_stops) == (
        await reads.open_orders(),
        await reads.open_stops(),
    )
    assert found.is_exact


async def test_with_a_symbol_only_its_positions_and_orders_are_read_at_little_cost(
    followed: Account, ledger: Ledger
) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        ledger.trade(symbol, "BUY", 1, 100)
        ledger.place_order(symbol, "BUY", 1, 99)
        ledger.place_stop(symbol, "SELL", 1, 90)
    await anyio.sleep(1)
    before = followed.keeper.rest_api.weight.used or 0
    found = await taken(followed, "ETHUSDT")
    lists = (found.positions, found.open_orders, found.open_stops)
    assert [[row["symbol"] for row in rows] for rows in lists] == [["ETHUSDT"]] * 3
    used = followed.keeper.rest_api.weight.used
    assert used == before + 5 + 5 + 1 + 1


async def test_times_are_those_of_binances_clock(followed: Account, machine: Machine) -> None:
    before = machine.wall_clock()
    found = await taken(followed)
    assert before <= found.since < found.until <= machine.wall_clock()
    assert found.until - found.since == pytest.approx(4 * 0.05, abs=0.03)


async def test_what_follows_the_cursor_is_what_happens_after_it(
    followed: Account, ledger: Ledger
) -> None:
    ledger.trade("BTCUSDT", "BUY", "0.01", 64000)
    await anyio.sleep(1)
    found = await taken(followed)
    assert (types(after(followed, found)), after(followed, found).gaps) == ([], ())
    ledger.place_order("ETHUSDT", "SELL", 2, 4000)
    await anyio.sleep(1)
    assert types(after(followed, found)) == ["ORDER_TRADE_UPDATE"]


async def test_if_something_happens_meanwhile_the_account_is_read_once_more(
    followed: Account, ledger: Ledger, asked: Callable[[], list[str]]
) -> None:
    async def change() -> None:
        await anyio.sleep(0.6)
        ledger.place_order("ETHUSDT", "SELL", 2, 4000)

    found = await while_(change, followed)
    assert found.is_exact
    assert [row["symbol"] for row in found.open_orders] == ["ETHUSDT"]
    assert types(after(followed, found)) == []
    assert asked() == PATHS * 2


async def test_an_event_that_came_just_before_is_waited_for_in_the_lists(
    followed: Account, ledger: Ledger, machine: Machine
) -> None:
    ledger.place_order("ETHUSDT", "SELL", 2, 4000)
    await anyio.sleep(0.1)
    arrived = machine.wall_clock()
    found = await taken(followed)
    assert found.since - arrived == pytest.approx(0.5, abs=0.05)
    assert found.is_exact


async def test_an_account_that_never_rests_is_read_and_said_not_to_be_exact(
    followed: Account, ledger: Ledger, asked: Callable[[], list[str]]
) -> None:
    async def change() -> None:
        while True:
            await anyio.sleep(0.3)
            ledger.place_order("ETHUSDT", "SELL", 2, 4000)

    found = await while_(change, followed)
    assert (found.is_followed, found.has_changed, found.is_exact) == (True, True, False)
    assert asked() == PATHS * 2
    numbers = {entry.event.data["o"]["i"] for entry in after(followed, found).entries}
    assert numbers & {row["orderId"] for row in found.open_orders}
    everything = numbers | {row["orderId"] for row in found.open_orders}
    assert everything >= {order.id for order in ledger.book.open_orders}


async def test_if_it_cannot_be_read_once_more_the_first_reading_counts(
    followed: Account, ledger: Ledger
) -> None:
    async def change() -> None:
        await anyio.sleep(0.6)
        ledger.place_order("ETHUSDT", "SELL", 2, 4000)

    reads = reads_of(followed)
    reads.budget.spend(500, reads.rest_api.clock.now())
    found = await while_(change, followed)
    assert (found.has_changed, found.is_exact) == (True, False)
    assert types(after(followed, found)) == ["ORDER_TRADE_UPDATE"]


async def test_without_a_listen_key_the_account_is_read_and_nothing_waited_for(
    opened: Account, ledger: Ledger
) -> None:
    ledger.trade("BTCUSDT", "BUY", "0.01", 64000)
    started = anyio.current_time()
    found = await taken(opened)
    assert anyio.current_time() - started == pytest.approx(5 * 0.05, abs=0.03)
    assert len(found.positions) == 1
    assert (found.is_followed, found.is_exact) == (False, False)


async def test_events_that_begin_meanwhile_make_it_exact_only_if_it_is_read_again(
    opened: Account, asked: Callable[[], list[str]]
) -> None:
    async def begin() -> None:
        await opened.keeper.create()

    found = await while_(begin, opened)
    assert found.is_exact
    assert asked() == PATHS * 2
    assert after(opened, found).gaps == ()


async def test_a_gap_that_goes_on_is_told_after_the_cursor(followed: Account) -> None:
    await followed.keeper.close()
    await anyio.sleep(1)
    found = await taken(followed)
    assert not found.is_followed
    await followed.keeper.create()
    await anyio.sleep(2)
    assert [gap.reason for gap in after(followed, found).gaps] == [GapReason.NO_KEY]


@pytest.mark.parametrize("is_repaired", [True, False])
async def test_what_is_still_being_repaired_is_said_to_follow_the_cursor(
    followed: Account, machine: Machine, *, is_repaired: bool
) -> None:
    journal = followed.stream.journal
    journal.is_repaired = is_repaired
    journal.begin_gap(machine.wall_clock() - 20, GapReason.DISCONNECTED)
    journal.end_gap(machine.wall_clock() - 10)
    found = await taken(followed)
    assert (found.awaits_repair, found.is_exact) == (is_repaired, not is_repaired)
    assert bool(after(followed, found).gaps) == is_repaired


async def test_it_needs_a_secret(opened: Account) -> None:
    with pytest.raises(MissingSecretError):
        await take_snapshot(None, opened.stream, None)


async def test_a_wait_for_the_budget_is_short_or_refused_with_its_length(
    followed: Account,
) -> None:
    reads = reads_of(followed)
    now = reads.rest_api.clock.now()
    reads.budget.spend(600, now - 55)
    started = anyio.current_time()
    await taken(followed)
    assert 5 < anyio.current_time() - started < 8

    reads.budget.spend(600, reads.rest_api.clock.now())
    with pytest.raises(ReadBudgetError) as refused:
        await taken(followed)
    assert refused.value.retry_after == pytest.approx(60, abs=1)


async def test_an_exchange_that_answers_late_ends_it_before_a_host_gives_up(
    followed: Account, sandbox: Sandbox
) -> None:
    for path in PATHS:
        sandbox.arm("timeout", times=3, path=path)
    started = anyio.current_time()
    with pytest.raises(TimedOutError, match="the account could not be read within 50 s"):
        await taken(followed)
    assert anyio.current_time() - started == pytest.approx(50)


@pytest.mark.parametrize("path", PATHS)
async def test_a_list_that_is_refused_ends_it(
    followed: Account, sandbox: Sandbox, path: str
) -> None:
    sandbox.arm("http_401_-2015", path=path)
    with pytest.raises(RejectedApiKeyError):
        await taken(followed)
