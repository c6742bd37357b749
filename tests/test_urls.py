import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.urls import check_rest_url, check_stream_url, is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.255.254", "::1"])
def test_loopback_hosts_are_recognized(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.1", "example.com", "localhost.x", ""],  # noqa: S104  # not bound
)
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "https://[v1.x]",
        "https://[::1]x",
        "https://x[::1]",
        "https://999.1.1.1",
        "https://1.2.3",
        "https://a..b",
        f"https://{'a' * 64}",
        f"https://a/{'a' * 70_000}",
    ],
)
def test_an_unusable_base_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be a plain URL"):
        check_rest_url(url)


@pytest.mark.parametrize("host", ["192.0.2.1:8443", "[2001:db8::1]", "a.1x", "a-b.example."])
def test_a_base_url_may_have_a_host_name_or_ip_address(host: str) -> None:
    assert check_rest_url(f"https://{host}/path/") == f"https://{host}/path"


@given(st.text(st.sampled_from("ab19.:-_[]v%/é*!"), max_size=12))
def test_an_accepted_base_url_is_a_valid_request_url(rest: str) -> None:
    try:
        url = check_rest_url(f"https://{rest}")
    except ValueError:
        return
    assert httpx.URL(url).join("/fapi/v1/listenKey").host


@pytest.mark.parametrize("url", ["wss://stream.example/", "ws://[::1]:8080/"])
def test_the_trailing_slash_of_a_base_url_is_removed(url: str) -> None:
    assert check_stream_url(url) == url[:-1]
