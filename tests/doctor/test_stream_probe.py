from collections.abc import Sequence

import pytest

from binance_mcp.doctor.finding import Finding, Verdict
from binance_mcp.doctor.stream_probe import Probe, judge_stream, probe_stream
from binance_mcp.futures.environment import Environment
from binance_mcp.futures.http_client import http_client
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import serving_sandbox

pytestmark = pytest.mark.anyio

FORM = "/private/ws?listenKey=&events="


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def judged(*others: Probe, **probe: object) -> Finding:
    seen = {"is_open": True, "pong_seconds": 0.1, **probe}
    (found,) = judge_stream([Probe(FORM, **seen), *others])  # pyright: ignore[reportArgumentType]
    return found


async def probed(sandbox: Sandbox) -> Sequence[Probe]:
    async with serving_sandbox(sandbox) as at, http_client(at.stream_url) as http:
        environment = Environment("sandbox", at.rest_url, at.stream_url, 2400)
        return await probe_stream(http, environment, None, 0.5)


async def test_without_a_listen_key_only_the_address_is_tried() -> None:
    sandbox = Sandbox(answer_seconds=0)
    (probe,) = await probed(sandbox)
    assert probe.is_open
    assert probe.pong_seconds is not None
    (found,) = judge_stream([probe])
    assert found.cause == (
        "it opens without a listen key, and answers a ping; only an event can show that it brings "
        "events"
    )
    assert [(r.method, r.path, r.query) for r in sandbox.requests] == [("GET", "/private/ws", "")]


def test_what_arrives_is_counted_as_what_it_is() -> None:
    probe = Probe(FORM)
    probe.receive('{"result":null,"id":1}')
    assert (probe.events, probe.unreadable) == (0, 0)
    probe.receive('{"e":"TRADE_LITE","E":1}')
    probe.receive("nonsense")
    assert (probe.events, probe.unreadable, probe.key_expired) == (1, 1, False)
    probe.receive('{"e":"listenKeyExpired","E":1}')
    assert probe.key_expired


def test_events_that_arrive_are_told() -> None:
    found = judged(events=3)
    assert found.cause == f"it opens as {FORM}, and answers a ping; events that arrived: 3"


@pytest.mark.parametrize(
    ("probe", "cause"),
    [
        ({"is_open": False, "ended": "it did not open in time"}, "it cannot be opened: it did not"),
        ({"ended": "the connection broke"}, "it was opened, but did not last: the connection"),
        ({"pong_seconds": None}, "it is open, but nothing arrives on it"),
        ({"unreadable": 1, "ended": "it was closed"}, "what arrives on it are not Binance's"),
        ({"ended": "it was closed with code 1009"}, "what arrives on it are not Binance's"),
    ],
)
def test_a_stream_that_does_not_work_is_a_problem(probe: dict[str, object], cause: str) -> None:
    found = judged(**probe)
    assert found.verdict is Verdict.PROBLEM
    assert found.cause.startswith(cause)


def test_a_key_that_ends_meanwhile_was_closed_by_another_program() -> None:
    found = judged(key_expired=True, ended="it was closed")
    assert found.verdict is Verdict.WARNING
    assert "another program of the account closed it" in found.cause


@pytest.mark.parametrize(
    ("events", "others", "verdict"),
    [(0, 2, Verdict.WARNING), (1, 2, Verdict.OK), (0, 0, Verdict.OK)],
)
def test_events_on_another_form_only_are_a_warning(
    events: int, others: int, verdict: Verdict
) -> None:
    assert judged(Probe("/private/ws/<listenKey>", events=others), events=events).verdict is verdict
