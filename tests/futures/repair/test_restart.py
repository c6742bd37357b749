from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr

from binance_mcp.futures.account import Account, open_account
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.user_stream.change import change_of
from binance_mcp.futures.user_stream.gap import Gap, GapReason
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.settings_sources import load_settings
from tests.futures.user_stream.conftest import everything
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio

Server = Callable[..., AbstractAsyncContextManager[Journal]]


@pytest.fixture
def server(sandbox: Sandbox, account: AccountKeys, machine: Machine, tmp_path: Path) -> Server:
    """Run a process whose events are in a file, connected for 10 seconds."""
    credentials = Credentials(SecretStr(account.api_key), hmac_signer(account.api_secret))

    @asynccontextmanager
    async def server(**settings: object) -> AsyncGenerator[Journal]:
        chosen = load_settings(environment="sandbox", events_file=tmp_path / "e", **settings)
        async with opened(chosen) as found:
            await found.keeper.create()
            await anyio.sleep(10)
            yield found.stream.journal

    def opened(settings: object) -> AbstractAsyncContextManager[Account]:
        return open_account(settings, credentials, app=sandbox, wall_clock=machine.wall_clock)  # pyright: ignore[reportArgumentType]

    return server


def restart(journal: Journal) -> Gap:
    (gap,) = (gap for gap in everything(journal).gaps if gap.reason is GapReason.RESTART)
    return gap


async def test_what_happened_between_two_processes_is_repaired(
    server: Server, ledger: Ledger
) -> None:
    async with server():
        order = ledger.place_order("BTCUSDT", "BUY", "1", "100")
        await anyio.sleep(10)
    ledger.fill(order)
    await anyio.sleep(3600)
    async with server() as journal:
        kinds = [each.event.data["o"]["x"] for each in everything(journal).entries if each.source]
        assert kinds == ["TRADE"]
        repair = restart(journal).repair
        assert repair is not None
        assert (repair.fills, repair.orders) == (1, 0)
    async with server() as journal:
        repairs = [gap.repair for gap in everything(journal).gaps]
        assert repair in repairs
        assert len([each for each in everything(journal).entries if each.source]) == 1


async def test_gaps_are_left_as_they_are_if_repair_is_turned_off(
    server: Server, ledger: Ledger, sandbox: Sandbox
) -> None:
    async with server(repair_gaps=False):
        order = ledger.place_order("BTCUSDT", "BUY", "1", "100")
        await anyio.sleep(10)
    ledger.fill(order)
    async with server(repair_gaps=False) as journal:
        assert restart(journal).repair is None
        assert not journal.is_repaired
    assert not [each for each in sandbox.requests if each.path == "/fapi/v1/allOrders"]


async def test_an_order_that_ended_between_two_processes_is_found_however_old_it_is(
    server: Server, ledger: Ledger
) -> None:
    early = ledger.place_order("ETHUSDT", "BUY", "1", "50")
    await anyio.sleep(10 * 86_400)
    async with server():
        order = ledger.place_order("BTCUSDT", "BUY", "1", "100")
        await anyio.sleep(10)
    ledger.cancel(order)
    await anyio.sleep(1)
    ledger.fill(early)
    await anyio.sleep(3600)
    async with server() as journal:
        changes = [change_of(each.event) for each in everything(journal).entries if each.source]
        assert changes == [
            ("BTCUSDT", "order", str(order), "ended"),
            ("ETHUSDT", "fill", str(early), "1"),
        ]
        repair = restart(journal).repair
        assert repair is not None
        assert repair.problem is None


async def test_what_was_repaired_by_one_process_is_known_to_the_next(
    server: Server, ledger: Ledger
) -> None:
    async with server():
        await anyio.sleep(10)
    order = ledger.place_order("BTCUSDT", "BUY", "1", "100")
    await anyio.sleep(3600)
    async with server():
        await anyio.sleep(10)
    ledger.cancel(order)
    await anyio.sleep(30 * 3600)
    async with server() as journal:
        changes = [change_of(each.event) for each in everything(journal).entries if each.source]
        assert changes == [("BTCUSDT", "order", str(order), step) for step in ("placed", "ended")]


async def test_what_was_withheld_before_a_restart_is_found_by_the_next_process(
    server: Server, ledger: Ledger
) -> None:
    async with server():
        await anyio.sleep(600)
        ledger.trade("BTCUSDT", "BUY", "1", "100", withheld=True)
        await anyio.sleep(600)
    await anyio.sleep(60)
    async with server() as journal:
        await anyio.sleep(3600)
        found = [each.event.type for each in everything(journal).entries if each.source]
        assert found == ["ORDER_TRADE_UPDATE"] * 2
