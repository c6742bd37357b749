import anyio
import pytest

from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.binance_error import TooManyRequestsError
from binance_mcp.futures.read_budget import ReadBudget
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.sandbox.app import Sandbox
from tests.simulation.storm.machine import Machine

pytestmark = pytest.mark.anyio


async def test_a_read_waits_until_the_budget_allows_it(
    reads: AccountReads, sandbox: Sandbox, machine: Machine
) -> None:
    await machine.until(30)
    first = machine.now()
    for _ in range(15):
        await reads.open_orders()
    assert machine.now() - first < 2

    await reads.positions()

    assert 60 <= machine.now() - first < 61
    assert reads.spent == 605
    assert {each.status for each in sandbox.requests} == {200}


async def test_a_read_that_would_wait_longer_than_its_patience_is_an_error(
    signed_api: RestApi, sandbox: Sandbox
) -> None:
    reads = AccountReads(signed_api, ReadBudget(160), patience=20)
    await reads.open_orders()

    with pytest.raises(TooManyRequestsError, match="lets itself use for reading is used") as late:
        await reads.positions()

    assert late.value.retry_after is not None
    assert 59 < late.value.retry_after <= 60
    assert (reads.spent, len(sandbox.requests)) == (40, 2)
    await anyio.sleep(late.value.retry_after - 20)
    assert await reads.positions() == []


async def test_a_read_waits_for_the_next_minute_if_others_used_most_of_this_one(
    reads: AccountReads, signed_api: RestApi, machine: Machine
) -> None:
    another = AccountReads(signed_api, ReadBudget(10_000))
    for _ in range(36):
        await another.open_orders()
    assert machine.now() < 10

    await reads.positions()

    assert 60 <= machine.now() < 61
