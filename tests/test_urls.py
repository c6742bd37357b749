import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.urls import check_rest_url, check_stream_url, is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.255.254", "::1"])
def test_a_loopback_host_stays_on_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.1", "example.com", "localhost.x", ""],  # noqa: S104  # not bound
)
def test_any_other_host_does_not(host: str) -> None:
    assert not is_loopback(host)


@given(st.text(st.sampled_from("ab1.:-_[]v%/é*!"), max_size=12))
def test_a_base_url_that_is_accepted_can_be_sent_to(rest: str) -> None:
    try:
        url = check_rest_url(f"https://{rest}")
    except ValueError:
        return
    assert httpx.URL(url).join("/fapi/v1/listenKey").host


@pytest.mark.parametrize("url", ["wss://stream.example/", "ws://[::1]:8080/"])
def test_a_base_url_has_no_slash_at_its_end(url: str) -> None:
    assert check_stream_url(url) == url[:-1]
