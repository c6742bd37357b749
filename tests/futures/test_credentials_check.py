import pytest
from pydantic import SecretStr

from binance_mcp.futures.binance_error import (
    InvalidSignatureError,
    RejectedApiKeyError,
    UnreachableError,
)
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.credentials_check import check_credentials
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import serving_sandbox
from binance_mcp.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"  # real sockets


def settings_at(url: str) -> Settings:
    return Settings.model_validate({"rest_url": url, "timeout_seconds": 0.5})


async def test_credentials_are_accepted_without_a_listen_key_and_create_none() -> None:
    sandbox = Sandbox()
    async with serving_sandbox(sandbox) as at:
        key = SecretStr(at.account.api_key)
        for signer in (None, hmac_signer(at.account.api_secret)):
            await check_credentials(settings_at(at.rest_url), Credentials(key, signer))
    assert [request.method for request in sandbox.requests] == ["PUT", "PUT"]


async def test_credentials_that_binance_refuses_are_an_error() -> None:
    async with serving_sandbox(Sandbox()) as at:
        unknown = Credentials(SecretStr("k" * 64))
        with pytest.raises(RejectedApiKeyError):
            await check_credentials(settings_at(at.rest_url), unknown)
        other = Credentials(SecretStr(at.account.api_key), hmac_signer("of another key"))
        with pytest.raises(InvalidSignatureError):
            await check_credentials(settings_at(at.rest_url), other)


async def test_that_binance_cannot_be_reached_is_an_error() -> None:
    with pytest.raises(UnreachableError):
        await check_credentials(settings_at("http://127.0.0.1:1"), Credentials(SecretStr("k")))
