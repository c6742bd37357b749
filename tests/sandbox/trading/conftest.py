"""An exchange with alice's account, without a network."""

import pytest

from tests.sandbox.trading.exchange_of_alice import AliceExchange


@pytest.fixture
def exchange() -> AliceExchange:
    return AliceExchange()
