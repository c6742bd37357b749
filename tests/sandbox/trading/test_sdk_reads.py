"""Binance's own SDK reads an account from the sandbox over TCP, and its models parse all of it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import serving_sandbox
from binance_mcp.sandbox.trading import account_report
from binance_mcp.sandbox.trading.ledger import Ledger
from binance_mcp.sandbox.trading.order import Row

PROGRAM = Path(__file__).with_name("sdk_reads.py")


def trade(ledger: Ledger) -> None:
    ledger.place_order("BTCUSDT", "BUY", "0.2", "64000.5", client_order_id="mine")
    ledger.fill(1, "0.05")
    ledger.trade("BTCUSDT", "SELL", "0.01", "64100")
    ledger.trade("ETHUSDT", "SELL", 1, "3000")
    ledger.cancel(ledger.place_order("ETHUSDT", "SELL", 1, "3100"))
    ledger.place_stop("ETHUSDT", "BUY", 1, "3200", "3210", reduce_only=True)
    ledger.place_stop("BTCUSDT", "SELL", "0.03", "63000", client_algo_id="stop of mine")
    ledger.fill(ledger.trigger_stop(2), "0.01", "62990")
    ledger.set_mark("BTCUSDT", "64200")
    ledger.fund("BTCUSDT", "0.0001")


def expected(ledger: Ledger) -> Mapping[str, Any]:
    book = ledger.book
    return {
        "openOrders": [each.row for each in book.open_orders],
        "openAlgoOrders": [without_null(each.row) for each in book.open_stops],
        "allOrders": [each.row for each in book.orders],
        "order": book.orders[0].row,
        "allAlgoOrders": [without_null(book.stops[1].row)],
        "algoOrder": without_null(book.stops[0].single_row),
        "algoOrder of a client": without_null(book.stops[1].single_row),
        "userTrades": [each.row for each in book.trades if each.symbol == "BTCUSDT"],
        "income": [each.row for each in book.incomes],
        "account": account_report.account(book),
        "positionRisk": account_report.positions(book),
        "balance": account_report.balances(book),
    }


def without_null(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def without_empty(parsed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a model without its dictionary of unknown fields, if there are none."""
    return {name: value for name, value in parsed.items() if value != {}}


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_official_sdk_reads_an_account() -> None:
    sandbox = Sandbox(answer_seconds=0)
    async with serving_sandbox(sandbox) as served:
        ledger = sandbox.ledger(served.account.api_key)
        trade(ledger)
        at = {
            "restUrl": served.rest_url,
            "apiKey": served.account.api_key,
            "apiSecret": served.account.api_secret,
        }
        run = await anyio.run_process(
            [sys.executable, str(PROGRAM)], input=json.dumps(at).encode(), check=False
        )

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout, object_hook=without_empty) == expected(ledger)
