"""Two exchanges with TLS behind real proxies that take them for Binance, and one in the clear."""

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
import trustme
import uvicorn

from binance_mcp.clock import wall_clock
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.restrictions import Restrictions
from binance_mcp.sandbox.tcp import serving_sandbox

PROXY: Final = Path(__file__).parent.parent / "futures" / "proxy_process.py"
MAINNET: Final = ("fapi.binance.com", "fstream.binance.com", "api.binance.com")
DEMO: Final = ("demo-fapi.binance.com", "demo-fstream.binance.com")
SECRET: Final = "s" * 64
AT_ONCE: Final = 3
HOURS: Final = 3600.0

Variables = dict[str, str]


@dataclass
class World:
    """Where everything is, and a folder for files."""

    mainnet: Sandbox
    demo: Sandbox
    local: Sandbox
    local_url: str
    late_url: str
    """An exchange whose clock is an hour ahead, in the clear."""
    not_an_api: str
    """An address where something else answers."""
    closed_port: int
    proxy: int
    locked_proxy: int
    """A proxy that wants a user and password."""
    ca: Path
    folder: Path

    def at_binance(self, environment: str, api_key: str) -> Variables:
        """Return what a user has in the environment who is at Binance, behind a proxy."""
        return {
            "BINANCE_ENVIRONMENT": environment,
            "BINANCE_API_KEY": api_key,
            "HTTPS_PROXY": f"http://127.0.0.1:{self.proxy}",
            "SSL_CERT_FILE": str(self.ca),
        }

    def at(self, url: str, api_key: str) -> Variables:
        """Return what a user has in the environment who is at an exchange in the clear."""
        return {
            "BINANCE_ENVIRONMENT": "sandbox",
            "BINANCE_REST_URL": url,
            "BINANCE_STREAM_URL": url.replace("http", "ws", 1),
            "BINANCE_API_KEY": api_key,
        }

    def here(self, **restrictions: bool) -> Variables:
        """Return the same with a new account of the local exchange."""
        return self.at(self.local_url, account(self.local, **restrictions))

    def file(self, name: str, text: str, mode: int = 0o600) -> str:
        """Write a file, and return its path."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        path.chmod(mode)
        return str(path)


_counted = iter(range(10**6))


def account(sandbox: Sandbox, **restrictions: bool) -> str:
    """Add an account that signs with `SECRET`; return its API key."""
    api_key = new_api_key()
    allowed = Restrictions.model_validate(restrictions)
    sandbox.add_account(api_key, api_secret=SECRET, restrictions=allowed)
    return api_key


def new_api_key() -> str:
    """Return one that no account has."""
    return f"{next(_counted):064}"


@asynccontextmanager
async def a_world(folder: Path) -> AsyncGenerator[World]:
    """Serve everything."""
    ca = trustme.CA()
    path = folder / "ca.pem"
    ca.cert_pem.write_to_path(path)
    mainnet, demo, local = Sandbox(), Sandbox(), Sandbox(answer_seconds=0.01)
    late = Sandbox(wall_clock=lambda: wall_clock() + HOURS)
    late.add_account("0" * 64, api_secret=SECRET)
    async with (
        _with_tls(mainnet, ca, MAINNET) as main_port,
        _with_tls(demo, ca, DEMO) as demo_port,
        serving_sandbox(local) as here,
        serving_sandbox(late) as ahead,
    ):
        names = [*(f"{h}={main_port}" for h in MAINNET), *(f"{h}={demo_port}" for h in DEMO)]
        with _proxy(names) as port, _proxy(names, "#user:word") as locked:
            yield World(
                mainnet=mainnet,
                demo=demo,
                local=local,
                local_url=here.rest_url,
                late_url=ahead.rest_url,
                not_an_api=f"{here.rest_url}/elsewhere",
                closed_port=_free_port(),
                proxy=port,
                locked_proxy=locked,
                ca=path,
                folder=folder,
            )


@asynccontextmanager
async def _with_tls(
    sandbox: Sandbox, ca: trustme.CA, hosts: tuple[str, ...]
) -> AsyncGenerator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    proof = ca.issue_cert(*hosts)
    proof.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    config = uvicorn.Config(sandbox, log_config=None, lifespan="off", ws="wsproto")
    config.load()
    config.ssl = context
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        yield listener.getsockname()[1]
        server.should_exit = True


@contextmanager
def _proxy(names: list[str], credentials: str = "") -> Generator[int]:
    port = _free_port()
    listen = f"http+socks5://127.0.0.1:{port}/{credentials}"
    with subprocess.Popen(
        [sys.executable, str(PROXY), listen, *names],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            for _ in range(200):
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                subprocess.run([sys.executable, "-c", ""], check=True)  # some time, but no sleep
            yield port
        finally:
            process.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def diagnosed(world: World, variables: Variables, *arguments: str) -> dict[str, Any]:
    """Run the doctor in a process of its own, and return what it prints as JSON."""
    folder = variables.pop("folder", str(world.folder))
    bare = {
        name: value
        for name, value in os.environ.items()
        if "proxy" not in name.lower() and not name.startswith("SSL_CERT")
    }
    ended = await anyio.run_process(
        [sys.executable, "-m", "binance_mcp", "doctor", "--json", *arguments],
        env={**bare, "BINANCE_TIMEOUT_SECONDS": "3", **variables},
        cwd=folder,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr.decode()
    found: dict[str, Any] = json.loads(ended.stdout)
    assert found["healthy"] is (ended.returncode == 0)
    printed = ended.stdout.decode() + ended.stderr.decode()
    assert SECRET not in printed
    assert variables.get("BINANCE_API_KEY", SECRET) not in printed
    return found


async def diagnoses(
    world: World, table: Mapping[str, Variables]
) -> dict[str, list[dict[str, str]]]:
    """Run the doctor for every set-up, some at once, and return the findings of each."""
    results: dict[str, list[dict[str, str]]] = {}
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def run(name: str, variables: Variables) -> None:
        async with limiter:
            results[name] = (await diagnosed(world, variables))["findings"]

    async with anyio.create_task_group() as tasks:
        for name, variables in table.items():
            tasks.start_soon(run, name, variables)
    return results
