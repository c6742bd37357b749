import os
from collections.abc import Mapping
from pathlib import Path

import httpx2 as httpx
import pytest
from pydantic import SecretStr
from starlette.responses import Response

from binance_mcp.futures.binance_error import NetworkSettingsError, UnreadableAnswerError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import http_client, proxy_for
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.weight import RequestWeight

pytestmark = pytest.mark.anyio

REST = "https://fapi.example"
STREAM = "wss://stream.example/private/ws"


def proxy(url: str, proxies: Mapping[str, str], *bypassed: str) -> str | None:
    found = proxy_for(url, proxies, lambda host: host in bypassed)
    return str(found.url) if found else None


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ("http://proxy:1", "http://proxy:1"),
        ("HTTP://proxy:1/", "http://proxy:1/"),
        ("https://proxy:1", "https://proxy:1"),
        ("proxy:1", "http://proxy:1"),
        ("proxy", "http://proxy"),
        ("socks5://proxy:1", "socks5://proxy:1"),
        ("socks5h://proxy:1", "socks5h://proxy:1"),
        ("socks://proxy:1", "socks5://proxy:1"),
        (" socks://[::1]:1 ", "socks5://[::1]:1"),
    ],
)
def test_proxy_urls_are_accepted_in_every_customary_form(value: str, used: str) -> None:
    assert proxy(REST, {"https": value}) == proxy(STREAM, {"all": value}) == used


def test_user_and_password_of_a_proxy_url_are_percent_decoded() -> None:
    found = proxy_for(REST, {"all": "socks://a%40b:c%3Ad@proxy:1"}, lambda _: False)
    assert found
    assert (str(found.url), found.auth) == ("socks5://proxy:1", ("a@b", "c:d"))


def test_each_url_scheme_uses_its_own_proxy_and_otherwise_all_proxy() -> None:
    proxies = {"https": "http://secure:1", "http": "http://plain:1", "all": "http://all:1"}
    assert proxy(REST, proxies) == proxy(STREAM, proxies) == "http://secure:1"
    assert proxy("http://fapi.example", proxies) == "http://plain:1"
    assert proxy("ws://stream.example", {"all": "http://all:1"}) == "http://all:1"
    assert proxy(REST, {"http": "http://plain:1"}) is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_loopback_hosts_are_reached_without_a_proxy(host: str) -> None:
    assert proxy(f"http://{host}:8080", {"all": "http://proxy:1"}) is None


def test_no_proxy_hosts_are_reached_without_a_proxy() -> None:
    assert proxy(REST, {"all": "http://proxy:1"}, "fapi.example") is None
    assert proxy(f"{REST}:8443", {"all": "http://proxy:1"}, "fapi.example:8443") is None


@pytest.mark.parametrize("value", ["socks4://name@secret:1", "ftp://secret:1"])
def test_a_proxy_with_an_unknown_scheme_is_reported_with_its_variable(value: str) -> None:
    with pytest.raises(NetworkSettingsError) as refused:
        proxy(REST, {"all": value})
    assert str(refused.value) == (
        "ALL_PROXY names a proxy of an unknown kind; "
        "known: http://, https://, socks5://, socks5h://"
    )


@pytest.mark.parametrize(
    "value",
    [
        "http://",
        "",
        "secret:port",
        "::secret::",
        "http://[secret",
        "://secret",
        "http://secret:99999",
    ],
)
def test_an_invalid_proxy_url_is_reported_with_its_variable(value: str) -> None:
    with pytest.raises(NetworkSettingsError) as refused:
        proxy(REST, {"https": value})
    assert str(refused.value) == ("HTTPS_PROXY is not the URL of a proxy, such as http://host:port")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_unreadable_ca_certificates_are_reported_with_their_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "secret"))
    async with http_client(REST) as http:
        with pytest.raises(NetworkSettingsError, match=rf"^{variable} is not a f"):
            http()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no FIFOs in its file system")
async def test_a_fifo_as_ca_certificate_file_is_refused_without_blocking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "fifo"))
    async with http_client(REST) as http:
        with pytest.raises(NetworkSettingsError, match=r"^SSL_CERT_FILE is not a file$"):
            http()


async def test_a_ca_file_without_certificates_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty"))
    async with http_client(REST) as http:
        with pytest.raises(NetworkSettingsError, match=r"^SSL_CERT_FILE or SSL_CERT_DIR has no"):
            http()


async def test_the_http_client_does_not_read_netrc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("default login user password secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    async with http_client("http://127.0.0.1:1") as http:
        assert not http().trust_env


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Response(b" " * 65_537), "Binance answered more than 65536 bytes"),
        (
            Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
            "Binance answered in an encoding that was not asked for",
        ),
    ],
)
async def test_an_oversized_or_compressed_answer_is_not_read(answer: Response, reason: str) -> None:
    async with http_client("http://sandbox.invalid", app=answer) as http:
        api = RestApi(http, Credentials(SecretStr("key")), RequestWeight(2400))
        with pytest.raises(UnreadableAnswerError) as refused:
            await api.create_listen_key()
    assert str(refused.value) == reason


async def test_the_http_client_asks_for_uncompressed_answers() -> None:
    async with http_client("http://127.0.0.1:1") as http:
        assert http().headers["Accept-Encoding"] == "identity"
        assert isinstance(http(), httpx.AsyncClient)
