"""An exchange with alice's account, without a network, and her ledger."""

import pytest

from binance_mcp.sandbox.trading.ledger import Ledger
from tests.sandbox.trading.exchange_of_alice import AliceExchange


@pytest.fixture
def exchange() -> AliceExchange:
    return AliceExchange()


@pytest.fixture
def ledger(exchange: AliceExchange) -> Ledger:
    return exchange.ledger
