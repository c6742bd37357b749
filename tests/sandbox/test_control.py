import json

import httpx2 as httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from binance_mcp.sandbox.accounts import Accounts
from binance_mcp.sandbox.authentication import verifier
from binance_mcp.sandbox.control import Control, NewAccount, NewEvents
from binance_mcp.sandbox.event_log import EventLog
from binance_mcp.sandbox.faults import CONDITIONS, FAULTS, Faults
from binance_mcp.sandbox.http_messages import Request
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.open_streams import OpenStreams
from binance_mcp.sandbox.request_log import RequestLog
from binance_mcp.sandbox.stream_faults import STREAM_FAULTS
from binance_mcp.sandbox.trading.ledger import Ledgers
from binance_mcp.sandbox.wire_model import WireModel

pytestmark = pytest.mark.anyio

ACCOUNTS, EVENTS = "/sandbox/accounts", "/sandbox/events"
FAULTS_PATH, REQUESTS = "/sandbox/faults", "/sandbox/requests"
TRADING = tuple(f"/sandbox/{name}" for name in ("orders", "fills", "stops", "funding", "marks"))
POSTS = (ACCOUNTS, EVENTS, FAULTS_PATH, *TRADING)


def status(method: str, path: str, body: bytes) -> int:
    accounts = Accounts(3600)
    accounts.add_account("alice", verifier(None, None))
    control = Control(
        accounts,
        Faults(),
        OpenStreams(lambda: Moment(0, 0)),
        RequestLog(),
        EventLog(),
        ledgers=Ledgers(accounts, lambda: Moment(0, 0)),
    )
    return control.answer(Request(method, path, "", Headers(), "", body), Moment(0, 0)).status


async def error(client: httpx.AsyncClient, path: str, body: object) -> str:
    answer = await client.post(path, json=body)
    assert answer.status_code == 400
    return answer.json()["error"]


async def test_an_account_is_added_and_may_sign(client: httpx.AsyncClient) -> None:
    added = await client.post(ACCOUNTS, json={"apiKey": "bob", "apiSecret": "s"})

    assert (added.status_code, added.json()) == (201, {})
    answer = await client.post("/fapi/v1/listenKey", headers={"X-MBX-APIKEY": "bob"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("account", "field"),
    [
        ({}, "apiKey: "),
        ({"apiKey": 1}, "apiKey: "),
        ({"apiKey": ""}, "apiKey: "),
        ({"apiKey": "b", "apiSecret": 1}, "apiSecret: "),
        ({"apiKey": "b", "publicKey": "no PEM"}, "publicKey: "),
        ({"apiKey": "b", "apiSecret": "s", "publicKey": "p"}, "apiSecret, publicKey: "),
        ({"apiKey": "b", "secret": "s"}, "secret: "),
        (["b"], "body: "),
    ],
)
async def test_an_account_that_cannot_be_one_is_refused_by_field(
    client: httpx.AsyncClient, account: object, field: str
) -> None:
    assert (await error(client, ACCOUNTS, account)).startswith(field)


@pytest.mark.parametrize(
    "secret",
    [
        NewAccount(api_key="tell-nobody", api_secret="tell-nobody"),
        NewEvents(event={}, api_key="tell-nobody"),
    ],
)
def test_what_is_sent_does_not_show_its_secrets(secret: WireModel) -> None:
    assert "tell-nobody" not in repr(secret)


async def test_faults_are_armed_shown_and_cleared(client: httpx.AsyncClient) -> None:
    faults = [
        {"fault": "http_429_-1003", "times": 2, "method": "PUT", "retryAfter": 3},
        {"fault": "reset", "times": 1, "path": "/fapi/v1/userTrades", "after": 2},
        {"fault": "stream_silent"},
        {"fault": "stream_deaf_form", "forms": ["/private/ws?listenKey="]},
    ]

    for fault in (*faults, {"fault": "stream_drop_next"}):
        assert (await client.post(FAULTS_PATH, json=fault)).status_code == 201

    shown = (await client.get(FAULTS_PATH)).json()
    assert shown["known"] == sorted((*FAULTS, *CONDITIONS, *STREAM_FAULTS))
    assert shown["armed"] == [*faults, {"fault": "stream_drop_next", "count": 1}]
    cleared = await client.delete(FAULTS_PATH)
    assert (cleared.status_code, cleared.content) == (204, b"")
    assert (await client.get(FAULTS_PATH)).json()["armed"] == []


async def test_an_unknown_fault_is_refused_and_the_known_are_pointed_to(
    client: httpx.AsyncClient,
) -> None:
    complaint = await error(client, FAULTS_PATH, {"fault": "meteor"})

    assert complaint == "fault: Value error, unknown; GET /sandbox/faults lists the known ones"


async def test_without_a_listener_an_event_reaches_nobody(client: httpx.AsyncClient) -> None:
    assert (await client.post(EVENTS, json={"event": {"e": "X"}})).json() == {"delivered": 0}


async def test_no_events_at_all_reach_nobody(client: httpx.AsyncClient) -> None:
    assert (await client.post(EVENTS, json={"events": []})).json() == {"delivered": 0}


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"fault": "stream_close", "code": 1006}, "code: "),
        ({"fault": "stream_deaf_form"}, "forms: "),
        ({"fault": "stream_flood", "seconds": 1}, "seconds: "),
        ({"fault": 1}, "fault: "),
    ],
)
async def test_a_fault_of_streams_that_cannot_be_one_is_refused_by_field(
    client: httpx.AsyncClient, fault: object, field: str
) -> None:
    assert (await error(client, FAULTS_PATH, fault)).startswith(field)


async def test_the_account_of_an_event_must_be_named_unless_there_is_one(
    client: httpx.AsyncClient,
) -> None:
    await client.post(ACCOUNTS, json={"apiKey": "bob"})

    assert await error(client, EVENTS, {"event": {}}) == "apiKey: needed, for there are 2 accounts"
    named = await client.post(EVENTS, json={"event": {}, "apiKey": "bob"})
    assert named.json() == {"delivered": 0}


async def test_an_event_for_an_unknown_account_is_refused(client: httpx.AsyncClient) -> None:
    assert (await error(client, EVENTS, {"event": {}, "apiKey": "x"})).startswith("apiKey: unknown")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "body: "),
        ("{}", "body: "),
        ('{"event":{},"events":[]}', "body: "),
        ('{"event":[]}', "event: "),
        ('{"events":[{},1]}', "events.1: "),
        ('{"events":[{"x":NaN}]}', "events.0: "),
        ('{"event":{"x":NaN}}', "event: "),
        ('{"event":{"x":1e999}}', "event: "),
        ('{"event":{"x":"\\ud800"}}', "body: "),
        ('{"event":{"x":' + "9" * 5000 + "}}", "body: "),
        ('{"event":' + '{"x":' * 500 + "1" + "}" * 501, "body: "),
    ],
)
async def test_an_event_that_cannot_be_sent_is_refused(
    client: httpx.AsyncClient, body: str, field: str
) -> None:
    answer = await client.post(EVENTS, content=body)

    assert answer.status_code == 400
    assert answer.json()["error"].startswith(field)


async def test_requests_are_shown_with_their_secrets_masked_and_forgotten(
    client: httpx.AsyncClient,
) -> None:
    await client.put("/fapi/v1/listenKey?signature=0123456789ab", data={"listenKey": "short"})

    [shown] = (await client.get(REQUESTS)).json()["requests"]
    assert "x-mbx-apikey" in shown.pop("headers")
    assert shown == {
        "method": "PUT",
        "path": "/fapi/v1/listenKey",
        "query": "signature=0123…",
        "body": "listenKey=*",
        "status": 400,
    }
    assert (await client.delete(REQUESTS)).status_code == 204
    assert (await client.get(REQUESTS)).json() == {"requests": []}


async def test_other_paths_and_methods_are_not_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/sandbox/")).status_code == 404
    assert (await client.get(ACCOUNTS)).status_code == 405


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {},
    optional={
        name: JSON
        | st.sampled_from(["alice", "reset", "GET", 1, "BUY", "CANCELED", *STREAM_FAULTS])
        for name in (
            *("apiKey", "apiSecret", "fault", "times", "method", "retryAfter"),
            *("seconds", "code", "count", "forms", "events"),
            *("symbol", "side", "quantity", "price", "orderId", "algoId", "status", "rate"),
        )
    }
    | {"event": st.dictionaries(st.text(), JSON)},
)


@settings(deadline=None)
@given(st.sampled_from(POSTS), JSON | NEARLY_RIGHT)
def test_any_json_is_accepted_or_refused(path: str, body: object) -> None:
    assert status("POST", path, json.dumps(body).encode()) in (200, 201, 204, 400)


@settings(deadline=None)
@given(st.sampled_from(POSTS), st.binary())
def test_any_bytes_are_accepted_or_refused(path: str, body: bytes) -> None:
    assert status("POST", path, body) in (200, 201, 204, 400)
