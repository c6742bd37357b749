from collections.abc import AsyncGenerator, Sequence

import pytest

from binance_mcp.doctor.exchange_check import examine_exchange
from binance_mcp.doctor.finding import Finding, Verdict
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import ServedSandbox, serving_sandbox
from tests.environment import settings_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(answer_seconds=0)


@pytest.fixture
async def served(sandbox: Sandbox) -> AsyncGenerator[ServedSandbox]:
    async with serving_sandbox(sandbox) as served:
        yield served


def at(served: ServedSandbox, **more: str) -> dict[str, str]:
    return {
        "BINANCE_ENVIRONMENT": "sandbox",
        "BINANCE_REST_URL": served.rest_url,
        "BINANCE_STREAM_URL": served.stream_url,
        "BINANCE_API_KEY": served.account.api_key,
        **more,
    }


async def found_with(variables: dict[str, str]) -> Sequence[Finding]:
    return await examine_exchange(settings_of(variables))


def checks(findings: Sequence[Finding]) -> list[str]:
    return [finding.check for finding in findings]


async def test_a_sandbox_of_its_own_is_not_asked() -> None:
    assert await found_with({"BINANCE_ENVIRONMENT": "sandbox"}) == []


async def test_a_private_key_that_cannot_be_used_is_the_one_finding() -> None:
    (found,) = await found_with({"BINANCE_PRIVATE_KEY": "no key"})
    assert found.cause.startswith("BINANCE_PRIVATE_KEY: not a private key in PEM")


async def test_a_proxy_that_cannot_be_used_is_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://host:1")
    found, unasked = await found_with({"BINANCE_API_KEY": "k" * 64})
    assert found.cause.startswith("HTTPS_PROXY names a proxy of an unknown kind")
    assert unasked.verdict is Verdict.UNKNOWN


async def test_certificates_that_cannot_be_used_are_the_cause(
    served: ServedSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    https = served.rest_url.replace("http", "https")
    found, unasked = await found_with(at(served, BINANCE_REST_URL=https))
    assert found.cause == "SSL_CERT_FILE is not a file"
    assert unasked.verdict is Verdict.UNKNOWN


async def test_without_a_way_out_nothing_is_asked() -> None:
    first, *_, last = await found_with(
        {"BINANCE_REST_URL": "https://rest.invalid", "BINANCE_STREAM_URL": "wss://stream.invalid"}
    )
    assert (first.check, first.verdict) == ("network", Verdict.PROBLEM)
    assert (last.check, last.verdict) == ("Binance", Verdict.UNKNOWN)


async def test_without_an_api_key_the_ways_the_clock_and_the_stream_are_checked(
    served: ServedSandbox, sandbox: Sandbox
) -> None:
    found = await found_with(at(served, BINANCE_API_KEY=""))
    assert checks(found) == ["network", "clock", "stream"]
    assert [request.method for request in sandbox.requests] == ["GET", "GET"]


async def test_with_an_api_key_one_keepalive_is_sent(
    served: ServedSandbox, sandbox: Sandbox
) -> None:
    found = await found_with(at(served, BINANCE_MCP_USER_EVENTS="false"))
    assert checks(found) == ["network", "clock", "API key"]
    assert [(r.method, r.path) for r in sandbox.requests] == [
        ("GET", "/fapi/v1/time"),
        ("PUT", "/fapi/v1/listenKey"),
    ]


async def test_with_a_signature_the_account_and_the_permissions_are_read(
    served: ServedSandbox, sandbox: Sandbox
) -> None:
    found = await found_with(
        at(served, BINANCE_API_SECRET=served.account.api_secret, BINANCE_MCP_USER_EVENTS="false")
    )
    assert checks(found) == ["network", "clock", "API key", "account", "permissions"]
    assert {finding.verdict for finding in found} == {Verdict.OK}
    assert [(r.method, r.path) for r in sandbox.requests] == [
        ("GET", "/fapi/v1/time"),
        ("PUT", "/fapi/v1/listenKey"),
        ("GET", "/sapi/v1/account/apiRestrictions"),
        ("GET", "/fapi/v3/account"),
    ]


async def test_a_signature_that_is_wrong_for_reads_only_is_found_by_a_read(
    served: ServedSandbox, sandbox: Sandbox
) -> None:
    sandbox.arm("http_400_-1022", path="/fapi/v3/account")
    found = await found_with(at(served, BINANCE_API_SECRET=served.account.api_secret))
    (refused,) = (finding for finding in found if finding.verdict is Verdict.PROBLEM)
    assert refused.check == "account"
    assert "does not belong to the API key" in refused.cause


async def test_permissions_that_binance_does_not_tell_are_unknown(
    served: ServedSandbox, sandbox: Sandbox
) -> None:
    sandbox.arm("http_503_-1001", path="/sapi/v1/account/apiRestrictions")
    found = await found_with(
        at(served, BINANCE_API_SECRET=served.account.api_secret, BINANCE_MCP_USER_EVENTS="false")
    )
    assert (found[-1].check, found[-1].verdict) == ("permissions", Verdict.UNKNOWN)
    assert {finding.verdict for finding in found[:-1]} == {Verdict.OK}


async def test_where_nobody_tells_permissions_they_are_not_asked(served: ServedSandbox) -> None:
    found = await found_with(
        at(
            served,
            BINANCE_ENVIRONMENT="demo",
            BINANCE_API_SECRET=served.account.api_secret,
            BINANCE_MCP_USER_EVENTS="false",
        )
    )
    assert checks(found) == ["network", "clock", "API key", "account"]


async def test_a_rejected_key_is_sent_to_no_other_host_than_the_given_one(
    served: ServedSandbox, sandbox: Sandbox
) -> None:
    found = await found_with(at(served, BINANCE_ENVIRONMENT="mainnet", BINANCE_API_KEY="u" * 64))
    assert found[2].cause.startswith("the API key may be used from other IP addresses only")
    assert sum(request.method == "PUT" for request in sandbox.requests) == 1
