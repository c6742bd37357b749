"""Every fault of the sandbox, over sockets: the doctor names its cause first."""

from collections.abc import Sequence
from typing import Final

import anyio
import httpx2 as httpx
import pytest
from pydantic import SecretStr

from binance_mcp.doctor.exchange_check import examine_exchange
from binance_mcp.doctor.finding import Finding, Verdict, worst_first
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.faults import CONDITIONS, FAULTS
from binance_mcp.sandbox.stream_faults import STREAM_FAULTS
from binance_mcp.sandbox.tcp import serving_sandbox
from binance_mcp.settings import Settings

pytestmark = pytest.mark.anyio

REJECTED: Final = "the API key may be used from other IP addresses only"
UNREADABLE: Final = "something other than Binance's API answered"
PARAMETERS: Final = "Binance refuses the parameters of the request"
FAILED: Final = "Binance failed, or a gateway before it"
UNAVAILABLE: Final = "Binance is not available at the moment"

AT_ONCE: Final = 8

CAUSES: Final = {
    "http_400_-1021": "the time of the request is too far from Binance's clock",
    "http_400_-1022": "the API secret, or the private key, does not belong to the API key",
    "http_400_-1100": PARAMETERS,
    "http_400_-1101": "Binance does not read the parameters of a signed request",
    "http_400_-1102": PARAMETERS,
    "http_400_-1103": PARAMETERS,
    "http_400_-1104": "Binance does not read the parameters of a signed request",
    "http_400_-1105": PARAMETERS,
    "http_400_-1106": PARAMETERS,
    "http_400_-1121": "Binance asked for a symbol where none is needed",
    "http_400_-4109": "the Futures account is inactive",
    "http_401_-1099": "Binance does not find the account",
    "http_401_-2014": "the API key is not in the format of one",
    "http_401_-2015": REJECTED,
    "http_401_-2017": "the API keys of this account are locked",
    "http_403_html": "Binance's firewall refuses this IP address or request",
    "http_408_-1007": "Binance's own backend did not answer in time",
    "http_418_-1003": "Binance has banned this IP address",
    "http_429_-1003": "programs on this IP address have used up what Binance allows",
    "http_451_0": "Binance does not serve the location",
    "http_500_-1000": FAILED,
    "http_502_html": FAILED,
    "http_503_-1000": FAILED,
    "http_503_plain": UNAVAILABLE,
    "http_503_-1001": UNAVAILABLE,
    "http_503_-1008": UNAVAILABLE,
    "http_503_-1016": UNAVAILABLE,
    "http_504_html": FAILED,
    "empty_body": UNREADABLE,
    "not_json_200": UNREADABLE,
    "timeout": "the connection was made, but no answer came in time",
    "reset": "the connection broke before an answer came",
}
"""By fault of a keepalive."""

STREAMS: Final = {
    "stream_close": "it was opened, but did not last: it was closed with code 1001",
    "stream_not_json": "what arrives on it are not Binance's events",
    "stream_binary": "what arrives on it are not Binance's events",
    "stream_oversized": "what arrives on it are not Binance's events",
    "stream_deaf_form": "events arrive on /private/ws/<listenKey>, and not on",
}
LIVED_WITH: Final = {
    "http_400_-1125": "the account has no listen key, which is a good answer",
    "all_orders_need_symbol": "the server asks symbol by symbol then",
    "stream_drop_next": "nobody can see that an event was not sent",
    "stream_flood": "many events are in order",
    "stream_silent": "the sandbox's server answers pings all the same",
}
"""Faults that are none, or that cannot be seen, and why."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def settings_at(rest_url: str, api_key: str, api_secret: str) -> Settings:
    return Settings(
        environment="sandbox",
        rest_url=rest_url,
        stream_url=rest_url.replace("http", "ws"),
        api_key=SecretStr(api_key),
        api_secret=SecretStr(api_secret),
        timeout_seconds=4,
    )


async def examined(sandbox: Sandbox) -> Sequence[Finding]:
    async with serving_sandbox(sandbox) as at:
        keys = at.account
        settings = settings_at(at.rest_url, keys.api_key, keys.api_secret)
        return worst_first(await examine_exchange(settings))


def test_every_fault_is_in_one_of_the_tables() -> None:
    known = {*FAULTS, *CONDITIONS, *STREAM_FAULTS}
    assert sorted(known) == sorted([*CAUSES, *STREAMS, *LIVED_WITH])


async def test_the_cause_of_every_refused_keepalive_comes_first() -> None:
    firsts: dict[str, Finding] = {}
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def examine(fault: str) -> None:
        sandbox = Sandbox(answer_seconds=0)
        sandbox.arm(fault, times=100, method="PUT")
        async with limiter:
            firsts[fault] = (await examined(sandbox))[0]

    async with anyio.create_task_group() as tasks:
        for fault in CAUSES:
            tasks.start_soon(examine, fault)
    missed = [
        f"{name}: {firsts[name]}" for name in CAUSES if CAUSES[name] not in firsts[name].cause
    ]
    assert missed == []
    assert {finding.check for finding in firsts.values()} == {"API key"}


async def test_the_cause_of_refusals_before_the_key_is_asked_about_comes_first() -> None:
    for fault in ("http_403_html", "http_451_0", "http_503_plain", "not_json_200", "reset"):
        sandbox = Sandbox(answer_seconds=0)
        sandbox.arm(fault, times=100)
        first, *others = await examined(sandbox)
        assert (first.check, first.verdict) == ("Binance", Verdict.PROBLEM)
        assert CAUSES[fault] in first.cause
        assert [each.check for each in others if each.verdict is Verdict.UNKNOWN] == ["API key"]


@pytest.mark.parametrize("fault", LIVED_WITH)
async def test_nothing_is_found_if_a_fault_is_none_or_cannot_be_seen(fault: str) -> None:
    sandbox = Sandbox(answer_seconds=0)
    if fault in STREAM_FAULTS:
        sandbox.arm_stream_fault(STREAM_FAULTS[fault].model_validate({"fault": fault}))
    else:
        sandbox.arm(fault, times=100, method=None if fault in CONDITIONS else "PUT")
    assert {finding.verdict for finding in await examined(sandbox)} == {Verdict.OK}


async def test_the_cause_of_every_fault_of_streams_comes_first() -> None:
    firsts: dict[str, Finding] = {}

    async def examine(fault: str) -> None:
        sandbox = Sandbox(answer_seconds=0)
        async with serving_sandbox(sandbox) as at:
            keys = at.account
            settings = settings_at(at.rest_url, keys.api_key, keys.api_secret)
            await create_listen_key(at.rest_url, keys.api_key)
            lasting = {"seconds": 60}
            forms = {"forms": ["/private/ws?listenKey=&events="]} if "form" in fault else {}
            armed = {"fault": fault, **lasting, **forms}
            sandbox.arm_stream_fault(STREAM_FAULTS[fault].model_validate(armed, strict=False))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(keep_trading, sandbox)
                firsts[fault] = worst_first(await examine_exchange(settings))[0]
                tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for fault in STREAMS:
            tasks.start_soon(examine, fault)
    assert [f"{n}: {firsts[n]}" for n in STREAMS if STREAMS[n] not in firsts[n].cause] == []


async def create_listen_key(rest_url: str, api_key: str) -> None:
    async with httpx.AsyncClient(base_url=rest_url, trust_env=False) as client:
        answer = await client.post("/fapi/v1/listenKey", headers={"X-MBX-APIKEY": api_key})
        assert answer.status_code == 200


async def keep_trading(sandbox: Sandbox) -> None:
    while True:
        await anyio.sleep(0.2)
        sandbox.push({"e": "TRADE_LITE", "E": 1, "s": "BTCUSDT"})
