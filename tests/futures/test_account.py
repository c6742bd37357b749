import logging
import os
from pathlib import Path
from typing import Final

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from pydantic import SecretStr
from starlette.responses import JSONResponse

from binance_mcp.futures.account import open_account
from binance_mcp.futures.binance_error import MissingApiKeyError, TooManyRequestsError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.tcp import serving_sandbox
from binance_mcp.settings_sources import load_settings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("empty_directory")]

NOBODY: Final = Credentials()
SOMEBODY: Final = Credentials(SecretStr("somebody"))
on_real_sockets: Final = pytest.mark.parametrize("anyio_backend", ["asyncio"])


def use_proxy(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HTTP_PROXY", url)
    monkeypatch.setenv("HTTPS_PROXY", url)


@pytest.mark.parametrize("name", ENVIRONMENTS)
async def test_an_environment_is_opened_at_its_own_url(name: str) -> None:
    settings = load_settings(environment=name, timeout_seconds=2.5)

    async with open_account(settings, NOBODY) as exchange:
        assert exchange.environment == ENVIRONMENTS[name]
        assert exchange.keeper.rest_api.http().base_url == ENVIRONMENTS[name].rest_url
        assert exchange.keeper.rest_api.timeout == 2.5


@pytest.mark.parametrize("name", ["mainnet", "demo"])
async def test_a_binance_environment_without_an_api_key_opens_and_refuses_calls(
    name: str,
) -> None:
    async with open_account(load_settings(environment=name), NOBODY) as exchange:
        with pytest.raises(MissingApiKeyError):
            await exchange.keeper.create()


async def test_rest_url_and_stream_url_can_be_overridden() -> None:
    settings = load_settings(
        environment="demo", rest_url="https://rest.test/", stream_url="wss://stream.test"
    )

    async with open_account(settings, NOBODY) as exchange:
        assert exchange.environment.name == "demo"
        assert exchange.environment.rest_url == "https://rest.test"
        assert exchange.environment.stream_url == "wss://stream.test"
        assert exchange.keeper.rest_api.http().base_url == "https://rest.test"


@pytest.mark.parametrize("name", ENVIRONMENTS)
async def test_an_asgi_app_can_replace_binance(
    name: str, sandbox: Sandbox, account: AccountKeys
) -> None:
    credentials = Credentials(SecretStr(account.api_key))

    async with open_account(load_settings(environment=name), credentials, app=sandbox) as exchange:
        assert sandbox.requests == ()
        await exchange.keeper.create()
        assert exchange.environment.name == name

    requests = [each.method for each in sandbox.requests if each.path == "/fapi/v1/listenKey"]
    assert requests == ["POST"]  # and is not closed


@pytest.mark.parametrize(("name", "used"), [("mainnet", 2160), ("demo", 5400)])
async def test_each_environment_has_its_own_request_weight_limit(name: str, used: int) -> None:
    def answer(weight: int) -> JSONResponse:
        return JSONResponse({"listenKey": "a"}, headers={"X-MBX-USED-WEIGHT-1M": str(weight)})

    settings = load_settings(environment=name)

    async with open_account(settings, SOMEBODY, app=answer(used - 1)) as exchange:
        await exchange.keeper.create()
        await exchange.keeper.create()
    async with open_account(settings, SOMEBODY, app=answer(used)) as exchange:
        await exchange.keeper.create()
        with pytest.raises(TooManyRequestsError):
            await exchange.keeper.create()


async def test_opening_and_closing_an_account_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "binance_mcp")

    async with open_account(load_settings(environment="demo"), NOBODY):
        assert caplog.messages == [
            "using demo at https://demo-fapi.binance.com, streams at wss://demo-fstream.binance.com"
        ]

    assert caplog.messages[1:] == ["stopped using demo; a listen key is left as it is"]


@on_real_sockets
async def test_a_sandbox_at_a_loopback_url_is_reached_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_proxy(monkeypatch, "http://127.0.0.1:1")
    sandbox = Sandbox()

    async with serving_sandbox(sandbox) as served:
        settings = load_settings(environment="sandbox", rest_url=served.rest_url)
        credentials = Credentials(SecretStr(served.account.api_key))
        async with open_account(settings, credentials) as exchange:
            await exchange.keeper.create()

    assert [request.status for request in sandbox.requests] == [200]


@on_real_sockets
async def test_binance_is_reached_through_the_proxy_from_the_environment_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []

    async def refuse(stream: SocketStream) -> None:
        async with stream:
            asked.append(await stream.receive())
        tasks.cancel_scope.cancel()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610  # this is not Django
        use_proxy(monkeypatch, f"http://127.0.0.1:{port}")
        async with (
            open_account(load_settings(), SOMEBODY) as exchange,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, refuse)
            tasks.start_soon(exchange.keeper.create)

    assert asked[0].startswith(b"CONNECT fapi.binance.com:443 ")


async def test_events_are_kept_in_the_file_that_the_settings_name(
    sandbox: Sandbox, account: AccountKeys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    credentials = Credentials(SecretStr(account.api_key))
    settings = load_settings(environment="sandbox", events_file=tmp_path / "events.db")
    async with open_account(settings, credentials, app=sandbox) as first:
        assert first.stream.journal.id
        async with open_account(settings, credentials, app=sandbox) as second:
            assert second.stream.journal.id != first.stream.journal.id
    assert "is used by another process; events are held in memory only" in caplog.text
    async with open_account(settings, credentials, app=sandbox) as third:
        assert third.stream.journal.id == first.stream.journal.id
