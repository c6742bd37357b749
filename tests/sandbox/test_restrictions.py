import httpx2 as httpx
import pytest

from binance_mcp.futures.signing import hmac_signer, signed_query
from binance_mcp.sandbox.restrictions import PATH
from tests.sandbox.conftest import START_OF_A_MINUTE

pytestmark = pytest.mark.anyio

LISTEN_KEY = "/fapi/v1/listenKey"


def signed() -> str:
    """Return the query of a request that bob sends in the first seconds."""
    return signed_query({"timestamp": round(START_OF_A_MINUTE * 1000)}, hmac_signer("s"))


async def add_bob(client: httpx.AsyncClient, **restrictions: bool) -> dict[str, str]:
    bob = {"apiKey": "bob", "apiSecret": "s", "restrictions": restrictions}
    assert (await client.post("/sandbox/accounts", json=bob)).status_code == 201
    return {"X-MBX-APIKEY": "bob"}


async def test_a_signed_request_shows_what_the_key_may_do(client: httpx.AsyncClient) -> None:
    headers = await add_bob(client, enableWithdrawals=True)
    answer = await client.get(f"{PATH}?{signed()}", headers=headers)
    assert answer.json() == {
        "ipRestrict": True,
        "enableReading": True,
        "enableFutures": True,
        "enableWithdrawals": True,
        "enablePortfolioMarginTrading": False,
    }


async def test_an_unsigned_request_does_not(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).json()["code"] == -1102


async def test_a_key_without_futures_is_refused_by_fapi_and_shows_why(
    client: httpx.AsyncClient,
) -> None:
    headers = await add_bob(client, enableFutures=False)

    assert (await client.post(LISTEN_KEY, headers=headers)).json()["code"] == -2015
    balance = await client.get(f"/fapi/v3/balance?{signed()}", headers=headers)
    assert balance.json()["code"] == -2015
    restrictions = await client.get(f"{PATH}?{signed()}", headers=headers)
    assert restrictions.json()["enableFutures"] is False


async def test_an_unknown_restriction_is_refused(client: httpx.AsyncClient) -> None:
    bob = {"apiKey": "bob", "restrictions": {"enableFlying": True}}
    answer = await client.post("/sandbox/accounts", json=bob)
    assert answer.status_code == 400
    assert "enableFlying" in answer.json()["error"]
