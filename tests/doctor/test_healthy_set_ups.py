"""Installations that are in order, each in a process: nothing is found."""

import json
import sys
from collections.abc import Callable
from typing import Final

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from binance_mcp.audit.chain import START, seal
from tests.doctor.world import SECRET, Variables, World, account, diagnoses, new_api_key

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the proxy is tried on Linux only"),
]

STATUS: Final = "BinanceFuturesGetListenKeyStatus"
SetUp = Callable[[World], Variables]


def signed(variables: Variables) -> Variables:
    return variables | {"BINANCE_API_SECRET": SECRET}


def private(
    world: World,
    key: Ed25519PrivateKey | RSAPrivateKey,
    lock: KeySerializationEncryption | None = None,
) -> tuple[Variables, str]:
    """Return a set-up for an account with this key, and the key as PEM."""
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption())
    api_key = new_api_key()
    world.local.add_account(api_key, public_key=public.decode())
    return world.at(world.local_url, api_key), pem.decode()


def rsa_file(world: World) -> Variables:
    variables, pem = private(world, generate_private_key(65537, 2048))
    return variables | {"BINANCE_PRIVATE_KEY_FILE": world.file("rsa.pem", pem)}


def ed25519_in_the_environment(world: World) -> Variables:
    variables, pem = private(world, Ed25519PrivateKey.generate())
    return variables | {"BINANCE_PRIVATE_KEY": pem.replace("\n", "\\n")}


def locked_file(world: World) -> Variables:
    variables, pem = private(world, Ed25519PrivateKey.generate(), BestAvailableEncryption(b"word"))
    file = world.file("locked.pem", pem)
    passphrase = {"BINANCE_PRIVATE_KEY_PASSPHRASE": "word"}
    return variables | {"BINANCE_PRIVATE_KEY_FILE": file} | passphrase


def lines(variables: Variables) -> str:
    return "\n".join(f"{name}={value}" for name, value in variables.items())


def found_env(world: World) -> Variables:
    folder = world.folder / "found"
    folder.mkdir()
    file = folder / ".env"
    file.touch(0o600)
    file.write_text(lines(world.here()), "utf-8")
    return {"folder": str(folder)}


def sealed(key: bytes | None) -> str:
    line, after = seal('{"tool":"one"}', START, key)
    return (line + seal('{"tool":"two"}', after, key)[0]).decode()


def with_file(variable: str, name: str, text: str, **more: str) -> SetUp:
    return lambda world: world.here() | {variable: world.file(name, text)} | more


HEALTHY: Final[dict[str, SetUp]] = {
    "an API key": lambda world: world.here(),
    "a secret": lambda world: signed(world.here()),
    "an RSA key in a file": rsa_file,
    "an Ed25519 key in the environment": ed25519_in_the_environment,
    "a key with a passphrase": locked_file,
    "a .env that is found": found_env,
    "a .env that is named": lambda world: {
        "BINANCE_MCP_ENV_FILE": world.file("named", lines(signed(world.here())))
    },
    "no account": lambda _: {"BINANCE_ENVIRONMENT": "sandbox"},
    "mainnet through an HTTP proxy": lambda world: signed(
        world.at_binance("mainnet", account(world.mainnet))
    ),
    "demo through a SOCKS proxy": lambda world: (
        world.at_binance("demo", account(world.demo))
        | {"HTTPS_PROXY": "", "ALL_PROXY": f"socks5h://127.0.0.1:{world.proxy}"}
    ),
    "a proxy with a password": lambda world: (
        world.at_binance("demo", account(world.demo))
        | {"HTTPS_PROXY": f"http://user:word@127.0.0.1:{world.locked_proxy}"}
    ),
    "a policy of one's own": with_file(
        "BINANCE_MCP_POLICY",
        "policy.json",
        json.dumps(
            {"version": "1", "default": "deny", "tools": {"BinanceFuturesGetListenKeyStatus": {}}}
        ),
    ),
    "an audit trail that is new": with_file("BINANCE_MCP_AUDIT_LOG", "new.jsonl", ""),
    "an audit trail": with_file("BINANCE_MCP_AUDIT_LOG", "trail.jsonl", sealed(None)),
    "an audit trail with a key": with_file(
        "BINANCE_MCP_AUDIT_LOG", "keyed.jsonl", sealed(b"k"), BINANCE_MCP_AUDIT_KEY="k"
    ),
    "an events file that is new": lambda world: (
        world.here() | {"BINANCE_MCP_EVENTS_FILE": str(world.folder / "new.sqlite")}
    ),
    "no events": lambda world: world.here() | {"BINANCE_MCP_USER_EVENTS": "false"},
    "other seconds": lambda world: (
        world.here() | {"BINANCE_MCP_KEEPALIVE_SECONDS": "600", "BINANCE_RECV_WINDOW": "10000"}
    ),
    "a key that may not do much": lambda world: signed(
        world.here(enableReading=True, enableWithdrawals=False, ipRestrict=True)
    ),
}


async def active(world: World) -> Variables:
    """Return a set-up whose account has an active listen key."""
    variables = signed(world.here())
    async with httpx.AsyncClient(base_url=world.local_url, trust_env=False) as client:
        headers = {"X-MBX-APIKEY": variables["BINANCE_API_KEY"]}
        assert (await client.post("/fapi/v1/listenKey", headers=headers)).status_code == 200
    return variables


async def test_nothing_is_found_in_twenty_healthy_set_ups(world: World) -> None:
    table = {name: set_up(world) for name, set_up in HEALTHY.items()}
    table["an active listen key"] = await active(world)

    found = await diagnoses(world, table)

    assert len(found) == 20
    assert [
        f"{name}: {finding}"
        for name, findings in found.items()
        for finding in findings
        if finding["verdict"] != "ok"
    ] == []
    streams = {f["cause"] for f in found["an active listen key"] if f["check"] == "stream"}
    assert any("as /private/ws?listenKey=&events=" in cause for cause in streams)
    assert all(request.method != "POST" for request in world.mainnet.requests)
    assert sum(request.method == "POST" for request in world.local.requests) == 1
    assert sum(request.method == "PUT" for request in world.demo.requests) == 2
