from binance_mcp.sandbox.trading.account_report import account, balances, positions
from tests.sandbox.trading.exchange_of_alice import AliceExchange


def test_a_new_account_has_a_balance_and_nothing_else(exchange: AliceExchange) -> None:
    book = exchange.ledger.book

    assert positions(book) == []
    assert balances(book) == [
        {
            "accountAlias": "sandbox",
            "asset": "USDT",
            "balance": "10000",
            "crossWalletBalance": "10000",
            "crossUnPnl": "0",
            "availableBalance": "10000",
            "maxWithdrawAmount": "10000",
            "marginAvailable": True,
            "updateTime": 0,
        }
    ]


def test_a_position_has_a_margin_a_profit_and_open_orders(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    ledger.trade("A", "SELL", 2, 100, commission=0)
    ledger.place_order("A", "BUY", 1, 90)
    ledger.place_order("A", "SELL", 1, 110)
    ledger.set_mark("A", 95)

    [risk] = positions(ledger.book)

    assert risk == {
        "symbol": "A",
        "positionSide": "BOTH",
        "positionAmt": "-2",
        "entryPrice": "100",
        "breakEvenPrice": "100",
        "markPrice": "95",
        "unRealizedProfit": "10",
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": "-190",
        "marginAsset": "USDT",
        "isolatedWallet": "0",
        "initialMargin": "19.5",
        "maintMargin": "0.76",
        "positionInitialMargin": "9.5",
        "openOrderInitialMargin": "10",
        "adl": 0,
        "bidNotional": "90",
        "askNotional": "110",
        "updateTime": exchange.time,
    }


def test_an_account_is_the_sum_of_its_positions(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    ledger.trade("A", "BUY", 2, 100, commission=1)
    ledger.trade("B", "SELL", 1, 100, commission=0)
    ledger.set_mark("A", 110)

    found = account(ledger.book)

    totals = {name: value for name, value in found.items() if isinstance(value, str)}
    assert totals == {
        "totalInitialMargin": "16",
        "totalMaintMargin": "1.28",
        "totalWalletBalance": "9999",
        "totalUnrealizedProfit": "20",
        "totalMarginBalance": "10019",
        "totalPositionInitialMargin": "16",
        "totalOpenOrderInitialMargin": "0",
        "totalCrossWalletBalance": "9999",
        "totalCrossUnPnl": "20",
        "availableBalance": "10003",
        "maxWithdrawAmount": "10003",
    }
    assert found["assets"] == [
        {
            "asset": "USDT",
            "walletBalance": "9999",
            "unrealizedProfit": "20",
            "marginBalance": "10019",
            "maintMargin": "1.28",
            "initialMargin": "16",
            "positionInitialMargin": "16",
            "openOrderInitialMargin": "0",
            "crossWalletBalance": "9999",
            "crossUnPnl": "20",
            "availableBalance": "10003",
            "maxWithdrawAmount": "10003",
            "updateTime": exchange.time,
        }
    ]


def test_an_account_shows_its_positions(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    ledger.trade("A", "BUY", 2, 100)
    ledger.set_mark("A", 110)

    assert account(ledger.book)["positions"] == [
        {
            "symbol": "A",
            "positionSide": "BOTH",
            "positionAmt": "2",
            "unrealizedProfit": "20",
            "isolatedMargin": "0",
            "notional": "220",
            "isolatedWallet": "0",
            "initialMargin": "11",
            "maintMargin": "0.88",
            "updateTime": exchange.time,
        }
    ]


def test_nothing_is_available_of_what_is_lost(exchange: AliceExchange) -> None:
    ledger = exchange.ledger
    ledger.trade("A", "BUY", 1000, 100)
    ledger.set_mark("A", 1)

    assert balances(ledger.book)[0]["availableBalance"] == "0"
