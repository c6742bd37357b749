from dataclasses import replace

import anyio
import pytest
from anyio.abc import SocketAttribute

from binance_mcp.doctor.finding import Certainty, Verdict
from binance_mcp.doctor.ways_out import Way, is_local, judge_ways, look_for_ways, unusable_way
from binance_mcp.futures.binance_error import NetworkSettingsError
from binance_mcp.futures.environment import Environment

pytestmark = pytest.mark.anyio

REST = Way("fapi.binance.com", None, "fapi.binance.com:443", reached_by=("IPv4", "IPv6"))
STREAM = replace(REST, host="fstream.binance.com", next_hop="fstream.binance.com:443")
PROXIED = replace(STREAM, proxy="http://proxy:3128", next_hop="proxy:3128")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_two_open_ways_in_one_direction_are_in_order() -> None:
    (found,) = judge_ways(REST, STREAM)
    assert found.cause == "REST and streams leave directly, by IPv4 and IPv6"
    rest = replace(PROXIED, host="fapi.binance.com", reached_by=("IPv4",))
    (found,) = judge_ways(rest, PROXIED)
    assert found.cause == "REST and streams leave through the proxy http://proxy:3128, by IPv4"


def test_two_directions_are_a_warning_because_binance_sees_two_addresses() -> None:
    (found,) = judge_ways(REST, PROXIED)
    assert (found.verdict, found.certainty) == (Verdict.WARNING, Certainty.CERTAIN)
    assert found.cause == (
        "requests to fapi.binance.com leave directly, and streams from fstream.binance.com through "
        "the proxy http://proxy:3128: Binance sees two addresses"
    )


def test_two_directions_of_which_one_is_closed_are_the_likely_cause() -> None:
    first, second = judge_ways(replace(REST, is_known=False, reached_by=()), PROXIED)
    assert (first.verdict, first.certainty) == (Verdict.PROBLEM, Certainty.LIKELY)
    assert "one of these ways is closed" in first.cause
    assert "cannot be resolved" in second.cause


def test_a_way_that_is_closed_is_told_once_if_both_take_it() -> None:
    closed = replace(PROXIED, host="fapi.binance.com", reached_by=())
    (found,) = judge_ways(closed, closed)
    assert found.verdict is Verdict.PROBLEM
    assert found.cause.startswith("the proxy http://proxy:3128 cannot be connected to")
    assert "whether the proxy runs" in found.next_step
    (direct,) = judge_ways(replace(REST, reached_by=()), STREAM)
    assert direct.cause.startswith("fapi.binance.com:443 cannot be connected to")


def test_this_machine_may_be_reached_directly_beside_a_proxy() -> None:
    local = replace(REST, host="127.0.0.1:8080")
    assert is_local("[::1]:8080")
    assert judge_ways(local, PROXIED)[0].verdict is Verdict.OK


def test_the_variable_that_cannot_be_used_is_the_cause() -> None:
    found = unusable_way(NetworkSettingsError("SSL_CERT_FILE is not a file"))
    assert (found.verdict, found.cause) == (Verdict.PROBLEM, "SSL_CERT_FILE is not a file")


@pytest.mark.parametrize(("address", "family"), [("127.0.0.1", "IPv4"), ("::1", "IPv6")])
async def test_an_address_of_each_family_is_connected_to(address: str, family: str) -> None:
    try:
        listener = await anyio.create_tcp_listener(local_host=address)
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610  # anyio's, not Django's
        host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        environment = Environment("sandbox", f"http://{host}", f"ws://{host}", 2400)
        rest, stream = await look_for_ways(environment, 2)
    assert rest == stream == Way(host, None, host, reached_by=(family,))


async def test_the_next_hop_is_the_proxy_whose_password_is_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:word@127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "stream.invalid")
    environment = Environment("mainnet", "https://rest.invalid", "wss://stream.invalid", 2400)
    rest, stream = await look_for_ways(environment, 2)
    assert (rest.proxy, rest.next_hop) == ("socks5://127.0.0.1:1080", "127.0.0.1:1080")
    assert not rest.is_open
    assert (stream.proxy, stream.next_hop) == (None, "stream.invalid:443")
    assert not stream.is_known
    assert "word" not in repr((rest, stream))
