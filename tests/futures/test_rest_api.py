import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

import anyio
import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from pydantic import SecretStr
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from binance_mcp.clock import WallClock
from binance_mcp.futures.binance_error import (
    BinanceError,
    InvalidListenKeyError,
    InvalidTimestampError,
    MissingApiKeyError,
    UnreadableAnswerError,
    UnreadParameterError,
)
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.signing import hmac_signer, private_key_signer
from binance_mcp.sandbox.app import AccountKeys, Sandbox
from binance_mcp.sandbox.faults import FAULTS

pytestmark = pytest.mark.anyio

URL: Final = "http://sandbox.invalid"
START_OF_A_MINUTE: Final = 1_700_000_040.0
PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
KEY_GENERATORS: Final[list[Callable[[], PrivateKey]]] = [
    lambda: rsa.generate_private_key(65537, 2048),
    ed25519.Ed25519PrivateKey.generate,
]


@pytest.fixture
def signing(rest_api: RestApi, account: AccountKeys) -> RestApi:
    return replace(
        rest_api,
        credentials=replace(rest_api.credentials, signer=hmac_signer(account.api_secret)),
    )


def sent(sandbox: Sandbox) -> list[str]:
    return [f"{request.method} {request.status}" for request in sandbox.requests]


def parameters(sandbox: Sandbox) -> list[list[str]]:
    return [[name for name, _ in parse_qsl(request.query)] for request in sandbox.requests]


def last_parameters(sandbox: Sandbox) -> dict[str, str]:
    return dict(parse_qsl(sandbox.requests[-1].query))


async def test_the_active_listen_key_is_created_once_and_then_extended(rest_api: RestApi) -> None:
    created = await rest_api.create_listen_key()

    assert len(created.get_secret_value()) == 64
    assert await rest_api.create_listen_key() == created
    assert await rest_api.keepalive_listen_key() == created


async def test_a_closed_listen_key_cannot_be_kept_alive_or_closed_again(rest_api: RestApi) -> None:
    created = await rest_api.create_listen_key()
    await rest_api.close_listen_key()

    with pytest.raises(InvalidListenKeyError):
        await rest_api.keepalive_listen_key()
    with pytest.raises(InvalidListenKeyError):
        await rest_api.close_listen_key()
    assert await rest_api.create_listen_key() != created


async def test_without_a_signer_only_the_api_key_is_sent(
    rest_api: RestApi, sandbox: Sandbox
) -> None:
    await rest_api.create_listen_key(recv_window=1.0)
    await rest_api.keepalive_listen_key(recv_window=1.0)
    await rest_api.close_listen_key(recv_window=1.0)

    assert sent(sandbox) == ["POST 200", "PUT 200", "DELETE 200"]
    for request in sandbox.requests:
        assert (request.path, request.query, request.body) == ("/fapi/v1/listenKey", "", "")
        assert "x-mbx-apikey" in request.headers


async def test_without_an_api_key_nothing_is_sent(rest_api: RestApi, sandbox: Sandbox) -> None:
    with pytest.raises(MissingApiKeyError):
        await replace(rest_api, credentials=Credentials()).create_listen_key()

    assert sandbox.requests == ()


async def test_with_a_signer_every_request_has_a_signature_in_its_query(
    signing: RestApi, sandbox: Sandbox
) -> None:
    await signing.create_listen_key()
    await signing.keepalive_listen_key()
    await signing.close_listen_key()

    assert sent(sandbox) == ["POST 200", "PUT 200", "DELETE 200"]
    assert parameters(sandbox) == [["timestamp", "recvWindow", "signature"]] * 3
    assert [request.body for request in sandbox.requests] == ["", "", ""]


@pytest.mark.parametrize("generate", KEY_GENERATORS, ids=["RSA", "Ed25519"])
async def test_requests_signed_with_a_private_key_are_accepted(
    generate: Callable[[], PrivateKey], rest_api: RestApi, sandbox: Sandbox
) -> None:
    key = generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    sandbox.add_account("alice", public_key=public.decode())
    signer = private_key_signer(private.decode())

    await replace(rest_api, credentials=Credentials(SecretStr("alice"), signer)).create_listen_key()

    assert sent(sandbox) == ["POST 200"]
    assert parameters(sandbox) == [["timestamp", "recvWindow", "signature"]]


async def test_the_timestamp_and_the_recv_window_are_sent_in_milliseconds(
    signing: RestApi, sandbox: Sandbox
) -> None:
    await anyio.sleep(1.5)
    await signing.create_listen_key()

    assert last_parameters(sandbox)["timestamp"] == "1700000041500"
    assert last_parameters(sandbox)["recvWindow"] == "5000"


async def test_the_recv_window_of_a_call_overrides_the_configured_one(
    signing: RestApi, sandbox: Sandbox
) -> None:
    configured = replace(signing, credentials=replace(signing.credentials, recv_window=2.5))

    for call in (
        configured.create_listen_key,
        configured.keepalive_listen_key,
        configured.close_listen_key,
    ):
        await configured.create_listen_key()
        assert last_parameters(sandbox)["recvWindow"] == "2500"
        await call(7.0)
        assert last_parameters(sandbox)["recvWindow"] == "7000"


@pytest.mark.parametrize("fault", ["http_400_-1101", "http_400_-1104"])
async def test_signing_stops_permanently_when_binance_refuses_signed_parameters(
    fault: str, signing: RestApi, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.arm(fault)

    await signing.create_listen_key()
    await signing.keepalive_listen_key()

    assert sent(sandbox) == ["POST 400", "POST 200", "PUT 200"]
    assert parameters(sandbox) == [["timestamp", "recvWindow", "signature"], [], []]
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].endswith("; requests are sent unsigned from now on")


@pytest.mark.parametrize("fault", ["http_400_-1101", "http_400_-1104"])
async def test_an_unread_parameter_error_of_an_unsigned_request_is_final(
    fault: str, rest_api: RestApi, signing: RestApi, sandbox: Sandbox
) -> None:
    sandbox.arm(fault)
    with pytest.raises(UnreadParameterError):
        await rest_api.create_listen_key()
    assert sent(sandbox) == ["POST 400"]

    sandbox.arm(fault, times=3)
    for _ in range(2):  # signed and then unsigned; unsigned
        with pytest.raises(UnreadParameterError):
            await signing.create_listen_key()
    assert sent(sandbox) == ["POST 400"] * 4


@pytest.mark.parametrize("skew", [-40.0, 40.0])
async def test_a_wrong_clock_is_corrected_once_with_the_server_time(
    skew: float, signing: RestApi, sandbox: Sandbox, server_clock: WallClock
) -> None:
    skewed = replace(signing, wall_clock=lambda: server_clock() + skew)

    await skewed.create_listen_key()
    assert sent(sandbox) == ["POST 400", "GET 200", "POST 200"]
    assert sandbox.requests[1].path == "/fapi/v1/time"
    assert "x-mbx-apikey" not in sandbox.requests[1].headers

    await anyio.sleep(600)
    await skewed.keepalive_listen_key()
    assert sent(sandbox)[3:] == ["PUT 200"]
    assert last_parameters(sandbox)["timestamp"] == "1700000640150"  # three answers later


async def test_the_server_time_is_corrected_by_half_of_the_round_trip(
    signing: RestApi, sandbox: Sandbox, server_clock: WallClock
) -> None:
    async def slow_to_tell_the_time(scope: Scope, receive: Receive, send: Send) -> None:
        pause = 1.5 if scope["method"] == "GET" else 0.0
        await anyio.sleep(pause)
        await sandbox(scope, receive, send)
        await anyio.sleep(pause)

    async with http_client(URL, app=slow_to_tell_the_time) as http:
        api = replace(signing, http=http, wall_clock=lambda: server_clock() - 40)
        await api.create_listen_key()

    assert last_parameters(sandbox)["timestamp"] == "1700000043100"  # two answers later


async def test_a_timestamp_refused_twice_is_an_error(signing: RestApi, sandbox: Sandbox) -> None:
    sandbox.arm("http_400_-1021", times=2, method="POST")

    with pytest.raises(InvalidTimestampError):
        await signing.create_listen_key()

    assert sent(sandbox) == ["POST 400", "GET 200", "POST 400"]


@pytest.mark.parametrize("time", [None, "1700000040000", 0, -1, 1.7e12, 10**14, 10**400])
async def test_an_unreadable_server_time_is_an_error(time: object, signing: RestApi) -> None:
    async def without_time(scope: Scope, receive: Receive, send: Send) -> None:
        refused = JSONResponse({"code": -1021, "msg": "Timestamp"}, 400)
        answer = refused if scope["method"] == "POST" else JSONResponse({"serverTime": time})
        await answer(scope, receive, send)

    async with http_client(URL, app=without_time) as http:
        with pytest.raises(UnreadableAnswerError, match=r"without its time$"):
            await replace(signing, http=http).create_listen_key()


@pytest.mark.parametrize("fault", [None, *FAULTS])
async def test_no_secret_is_in_an_error_or_in_the_log(
    fault: str | None,
    signing: RestApi,
    account: AccountKeys,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    signatures: list[str] = []

    async def note_signature(request: httpx.Request) -> None:
        signatures.extend(request.url.params.get_list("signature"))

    signing.http().event_hooks = {"request": [note_signature]}
    secrets = [account.api_key, account.api_secret]
    secrets.append((await signing.create_listen_key()).get_secret_value())
    texts = [repr(signing), repr(signing.credentials)]
    if fault is not None:
        sandbox.arm(fault, times=100)
        with pytest.raises(BinanceError) as failed:
            await signing.keepalive_listen_key()
        texts += [str(failed.value), repr(failed.value), str(failed.value.__cause__)]
    texts += [each.getMessage() for each in caplog.records]
    own = [each.getMessage() for each in caplog.records if each.name.startswith("binance_mcp")]

    assert len(signatures[0]) == 64
    assert not [secret for secret in secrets if secret in "\n".join(texts)]
    assert not [signature for signature in signatures if signature in "\n".join(own)]
