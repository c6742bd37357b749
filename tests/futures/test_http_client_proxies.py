"""Real proxies carry the requests of a real server to an exchange with TLS and a CA of its own."""

import gc
import logging
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import anyio
import pytest
import trustme
import uvicorn
from anyio.abc import SocketAttribute, SocketStream
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from pydantic import SecretStr

from binance_mcp.futures.binance_error import UnreachableError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from tests.server.connections import CREATE, READ, text

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the proxy is tried on Linux only"),
]

PASSWORD: Final = "pass%3Aword"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return what the exchange proves itself with, and the file of its CA."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proof = ca.issue_cert("fapi.test", "127.0.0.1", "::1")
    proof.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return context, path


class Exchange:
    """A sandbox with TLS, at a port of this machine."""

    def __init__(self, port: int, sandbox: Sandbox, account: AccountKeys) -> None:
        self.port = port
        self.sandbox = sandbox
        self.account = account


@pytest.fixture(params=["127.0.0.1"])
async def exchange(
    request: pytest.FixtureRequest, certificates: tuple[ssl.SSLContext, Path]
) -> AsyncGenerator[Exchange]:
    sandbox = Sandbox()
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    try:
        listener = socket.create_server((request.param, 0), family=family)
    except OSError:
        pytest.skip("this machine has no IPv6")
    config = uvicorn.Config(sandbox, log_config=None, lifespan="off", ws="wsproto")
    config.load()
    config.ssl = certificates[0]
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        yield Exchange(listener.getsockname()[1], sandbox, sandbox.new_account())
        server.should_exit = True


@contextmanager
def proxy(credentials: str = "") -> Generator[int]:
    """Run a proxy, and yield its port."""
    port = free_port()
    fragment = f"#{credentials}" if credentials else ""
    script = Path(__file__).with_name("proxy_process.py")
    listen = f"http+socks5://127.0.0.1:{port}/{fragment}"
    with subprocess.Popen(
        [sys.executable, str(script), listen], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.kill()


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        os.sched_yield()
        subprocess.run([sys.executable, "-c", ""], check=True)  # some time, without a sleep
    raise AssertionError("the proxy does not listen")


async def created(exchange: Exchange, url: str, **variables: str) -> str:
    """Return what a server says that creates a listen key at `url`.

    If it can, its stream must bring an event, by the same way.
    """
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "binance_mcp"],
        env={
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            "BINANCE_ENVIRONMENT": "sandbox",
            "BINANCE_REST_URL": url,
            "BINANCE_STREAM_URL": url.replace("https", "wss"),
            "BINANCE_API_KEY": exchange.account.api_key,
            "BINANCE_TIMEOUT_SECONDS": "3",
            **variables,
        },
    )
    async with Client(stdio_client(parameters)) as client:
        result = await client.call_tool(CREATE, {})
        with anyio.fail_after(20):
            while not result.is_error:
                if await brings_an_event(exchange, client):
                    break
        return text(result)


async def brings_an_event(exchange: Exchange, client: Client) -> bool:
    event = {"e": "TRADE_LITE", "E": 1, "s": "BTCUSDT"}
    exchange.sandbox.push(event, api_key=exchange.account.api_key)
    return "1. " in text(await client.call_tool(READ, {"waitSeconds": 1}))


BY_NAME: Final = [
    ("HTTPS_PROXY", "http://127.0.0.1:{port}"),
    ("https_proxy", "127.0.0.1:{port}"),
    ("ALL_PROXY", "socks5://127.0.0.1:{port}"),
    ("all_proxy", "socks://127.0.0.1:{port}/"),
    ("HTTPS_PROXY", "socks5h://127.0.0.1:{port}"),
]


@pytest.mark.parametrize(("variable", "value"), BY_NAME)
async def test_a_proxy_carries_the_requests(
    exchange: Exchange, certificates: tuple[ssl.SSLContext, Path], variable: str, value: str
) -> None:
    with proxy() as port:
        said = await created(
            exchange,
            f"https://fapi.test:{exchange.port}",
            SSL_CERT_FILE=str(certificates[1]),
            **{variable: value.format(port=port)},
        )
    assert "active until" in said
    assert [each.status for each in exchange.sandbox.requests] == [200, 101]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_may_require_user_and_password(
    exchange: Exchange, certificates: tuple[ssl.SSLContext, Path], scheme: str
) -> None:
    url = f"https://fapi.test:{exchange.port}"
    ca = {"SSL_CERT_FILE": str(certificates[1])}
    with proxy("user:pass:word") as port:
        at = f"127.0.0.1:{port}"
        refused = await created(exchange, url, ALL_PROXY=f"{scheme}://user:guessed@{at}", **ca)
        let_in = await created(exchange, url, ALL_PROXY=f"{scheme}://user:{PASSWORD}@{at}", **ca)
    assert "active until" in let_in
    assert refused.startswith("Binance could not be reached (ProxyError).")
    assert "guessed" not in refused


async def test_a_no_proxy_host_is_reached_without_the_proxy(
    exchange: Exchange, certificates: tuple[ssl.SSLContext, Path]
) -> None:
    said = await created(
        exchange,
        f"https://127.0.0.1:{exchange.port}",
        SSL_CERT_FILE=str(certificates[1]),
        ALL_PROXY="http://127.0.0.1:1",
        NO_PROXY="127.0.0.1",
    )
    assert "active until" in said


async def test_an_exchange_with_an_untrusted_certificate_is_not_reached(exchange: Exchange) -> None:
    said = await created(exchange, f"https://127.0.0.1:{exchange.port}")
    assert said.startswith("Binance could not be reached (ConnectError).")


@pytest.mark.parametrize("exchange", ["::1"], indirect=True)
async def test_an_exchange_with_an_ipv6_address_is_reached(
    exchange: Exchange, certificates: tuple[ssl.SSLContext, Path]
) -> None:
    url = f"https://[::1]:{exchange.port}"
    assert "active until" in await created(exchange, url, SSL_CERT_FILE=str(certificates[1]))


async def test_an_unusable_proxy_is_reported_with_its_variable(exchange: Exchange) -> None:
    said = await created(exchange, "https://fapi.test", ALL_PROXY="socks4://name@secret:1")
    assert said.startswith("ALL_PROXY names a proxy of an unknown kind; known: ")
    assert "secret" not in said


@pytest.fixture
def collected() -> Generator[None]:
    """Collect garbage after the event loop has ended, which refers to open connections."""
    yield
    gc.collect()


# httpx2 leaves it to the garbage collector to close the connection to such a SOCKS proxy.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05\x00"])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_answers_nonsense_is_reported_as_unreachable_exchange(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, scheme: str, answer: bytes
) -> None:
    caplog.set_level(logging.CRITICAL, logger="binance_mcp")  # records would keep the connections

    async def talk_nonsense(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            if answer:
                await stream.send(answer)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, talk_nonsense)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610  # this is not Django
        for name in list(os.environ):
            if "proxy" in name.lower():
                monkeypatch.delenv(name)
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")
        async with http_client("https://fapi.test") as http:
            credentials = Credentials(SecretStr("k" * 64))
            rest_api = RestApi(http, credentials, RequestWeight(2400), timeout=0.5)
            with pytest.raises(UnreachableError, match=r"^Binance could not be reached"):
                await rest_api.create_listen_key()
        tasks.cancel_scope.cancel()
