"""Misconfigured installations, each in a process: the right cause comes first."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from binance_mcp.audit.chain import START, seal
from binance_mcp.clock import wall_clock
from tests.doctor.world import SECRET, Variables, World, account, diagnoses

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the proxy is tried on Linux only"),
]

LOCKED_KEY: Final = (
    Ed25519PrivateKey.generate()
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    .decode()
)
UNKNOWN_KEY: Final = "u" * 64

SetUp = Callable[[World], Variables]


def signed(variables: Variables, secret: str = SECRET) -> Variables:
    return variables | {"BINANCE_API_SECRET": secret}


def here(**more: str) -> SetUp:
    return lambda world: world.here() | more


def with_file(variable: str, name: str, text: str, mode: int = 0o600) -> SetUp:
    return lambda world: world.here() | {variable: world.file(name, text, mode)}


def closed_again_and_again(world: World) -> Variables:
    """Return a set-up whose file of events has listen keys that were lost."""
    path, now = world.folder / "lost.sqlite", wall_clock()
    with closing(sqlite3.connect(path)) as file:
        file.execute(
            "CREATE TABLE gaps (number INTEGER PRIMARY KEY, after INTEGER, since REAL, until REAL, "
            "reason TEXT, repaired_at REAL, fills INTEGER, orders INTEGER, problem TEXT, "
            "refused INTEGER)"
        )
        for number in (1, 2, 3):
            values = number, 0, now - 100 * number, now - 100 * number + 1, "rotation"
            file.execute("INSERT INTO gaps VALUES (?, ?, ?, ?, ?, NULL, 0, 0, NULL, 0)", values)
        file.commit()
    path.chmod(0o600)
    return world.here() | {"BINANCE_MCP_EVENTS_FILE": str(path)}


def changed_trail(world: World) -> Variables:
    path = world.folder / "changed.jsonl"
    line, _ = seal('{"tool":"test"}', START, None)
    path.write_bytes(line.replace(b"test", b"best"))
    path.chmod(0o600)
    return world.here() | {"BINANCE_MCP_AUDIT_LOG": str(path)}


def folder_with_env(text: str, mode: int) -> SetUp:
    def set_up(world: World) -> Variables:
        folder = world.folder / f"folder{mode}"
        folder.mkdir()
        file = folder / ".env"
        file.write_text(text.format(**world.here()), "utf-8")
        file.chmod(mode)
        return {"folder": str(folder)}

    return set_up


MISCONFIGURED: Final[dict[str, tuple[SetUp, str]]] = {
    "no API key": (lambda _: {}, "settings: no API key is set"),
    "an environment that does not exist": (
        here(BINANCE_ENVIRONMENT="prod"),
        "settings: BINANCE_ENVIRONMENT: must be 'mainnet', 'demo' or 'sandbox'",
    ),
    "a private key file that others may read": (
        with_file("BINANCE_PRIVATE_KEY_FILE", "open.pem", LOCKED_KEY, 0o644),
        "settings: BINANCE_PRIVATE_KEY_FILE: other users may read it",
    ),
    "a named file that is not there": (
        here(BINANCE_MCP_ENV_FILE="/nowhere/.env"),
        "settings: BINANCE_MCP_ENV_FILE: /nowhere/.env: it cannot be read",
    ),
    "a .env that others may read": (
        folder_with_env(
            "BINANCE_API_KEY={BINANCE_API_KEY}\nBINANCE_ENVIRONMENT=sandbox\n"
            "BINANCE_REST_URL={BINANCE_REST_URL}\nBINANCE_STREAM_URL={BINANCE_STREAM_URL}",
            0o644,
        ),
        "/.env has a secret and other users may read it",
    ),
    "REST at another address, and streams not": (
        lambda world: world.here() | {"BINANCE_STREAM_URL": ""},
        "settings: BINANCE_REST_URL is set and BINANCE_STREAM_URL is not",
    ),
    "a name that does not exist": (
        lambda world: world.at("https://fapi.invalid", UNKNOWN_KEY),
        "network: the name of fapi.invalid:443 cannot be resolved",
    ),
    "an address where something else answers": (
        lambda world: world.at(world.not_an_api, UNKNOWN_KEY),
        "Binance: this may not be the address of Binance's USD-M Futures API",
    ),
    "a proxy that does not run": (
        lambda world: (
            world.at_binance("mainnet", UNKNOWN_KEY)
            | {"HTTPS_PROXY": f"http://127.0.0.1:{world.closed_port}"}
        ),
        "network: the proxy http://127.0.0.1:",
    ),
    "an HTTP proxy that wants a password": (
        lambda world: (
            world.at_binance("mainnet", UNKNOWN_KEY)
            | {"HTTPS_PROXY": f"http://127.0.0.1:{world.locked_proxy}"}
        ),
        "Binance: the proxy refuses the request: a user and password may be missing or wrong",
    ),
    "streams that do not take the proxy": (
        lambda world: (
            world.at_binance("mainnet", account(world.mainnet))
            | {"NO_PROXY": "fstream.binance.com"}
        ),
        "network: requests to fapi.binance.com leave through the proxy",
    ),
    "a proxy whose CA is not trusted": (
        lambda world: world.at_binance("mainnet", UNKNOWN_KEY) | {"SSL_CERT_FILE": ""},
        "Binance: the certificate that answers is not trusted",
    ),
    "a clock that is an hour behind": (
        lambda world: signed(world.at(world.late_url, "0" * 64)),
        "clock: this machine's clock is about 3",
    ),
    "a demo key on mainnet": (
        lambda world: world.at_binance("mainnet", account(world.demo)),
        "API key: the API key belongs to demo, and BINANCE_ENVIRONMENT is mainnet",
    ),
    "a key of mainnet on demo": (
        lambda world: world.at_binance("demo", account(world.mainnet)),
        "API key: the API key belongs to mainnet, and BINANCE_ENVIRONMENT is demo",
    ),
    "a key that neither knows": (
        lambda world: world.at_binance("mainnet", UNKNOWN_KEY),
        "API key: the API key may be used from other IP addresses only",
    ),
    "a wrong secret": (
        lambda world: signed(world.here(), "t" * 64),
        "API key: the API secret, or the private key, does not belong to the API key",
    ),
    "a key without Futures": (
        lambda world: signed(
            world.at_binance("mainnet", account(world.mainnet, enableFutures=False))
        ),
        "API key: the API key lacks the permission for Futures",
    ),
    "Portfolio Margin": (
        lambda world: signed(
            world.at_binance(
                "mainnet",
                account(world.mainnet, enableFutures=False, enablePortfolioMarginTrading=True),
            )
        ),
        "API key: Portfolio Margin is on",
    ),
    "a key that may withdraw": (
        lambda world: signed(world.here(enableWithdrawals=True)),
        "permissions: the API key may withdraw",
    ),
    "a policy that is not JSON": (
        with_file("BINANCE_MCP_POLICY", "broken.json", "{"),
        "policy: ",
    ),
    "an events file that cannot be made": (
        here(BINANCE_MCP_EVENTS_FILE="/nowhere/events.sqlite"),
        "files: BINANCE_MCP_EVENTS_FILE: /nowhere/events.sqlite cannot be written",
    ),
    "an audit trail that was changed": (changed_trail, "audit trail: a record was changed"),
    "another program that closes the key": (
        closed_again_and_again,
        "listen key: the listen key was lost 3 times in the last 24 hours",
    ),
}


async def test_the_right_cause_of_every_misconfiguration_comes_first(world: World) -> None:
    table = {name: set_up(world) for name, (set_up, _) in MISCONFIGURED.items()}
    found = await diagnoses(world, table)
    firsts = {name: findings[0] for name, findings in found.items()}
    assert [
        f"{name}: {first}"
        for name, first in firsts.items()
        if MISCONFIGURED[name][1] not in f"{first['check']}: {first['cause']}"
        or first["verdict"] not in ("problem", "warning")
    ] == []
