"""A real keychain: the Secret Service of GNOME, on a session bus of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import CallToolResult, TextContent

from tests.cli.processes import COMMAND
from tests.server.connections import CREATE, SNAPSHOT

PROGRAMS: Final = {
    program: shutil.which(program)
    for program in ("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
}
missing: Final = [program for program, path in PROGRAMS.items() if path is None]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}"),
]


@pytest.fixture
def home() -> Generator[Path]:
    """Run a Secret Service that is unlocked; yield the folder of all its files, and of its bus."""
    with TemporaryDirectory() as folder:  # the path of a socket must be short
        bus = f"unix:path={folder}/bus"
        variables = {**bare(Path(folder)), "DBUS_SESSION_BUS_ADDRESS": bus}
        arguments = ("--session", "--nofork", f"--address={bus}", "--print-address")
        with running("dbus-daemon", *arguments, variables=variables) as daemon:
            assert daemon.stdout
            daemon.stdout.readline()
            arguments = ("--unlock", "--components=secrets", "--foreground")
            with running("gnome-keyring-daemon", *arguments, variables=variables) as keyring:
                assert keyring.stdin
                keyring.stdin.write(b"password of the keychain")
                keyring.stdin.close()
                while not _is_served(variables):
                    assert keyring.poll() is None
                yield Path(folder)


@contextmanager
def running(
    program: str, *arguments: str, variables: Mapping[str, str]
) -> Generator[subprocess.Popen[bytes]]:
    """Run a program while the block lasts."""
    with subprocess.Popen(
        [str(PROGRAMS[program]), *arguments],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _is_served(variables: Mapping[str, str]) -> bool:
    command = [str(PROGRAMS["dbus-send"]), "--print-reply", "--dest=org.freedesktop.DBus", "/"]
    question = ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
    asked = subprocess.run(
        [*command, *question], capture_output=True, check=False, env=variables, text=True
    )
    return "boolean true" in asked.stdout


def bare(home: Path) -> dict[str, str]:
    """Return the little that a host passes on."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}


def run(command: str, variables: Mapping[str, str], entered: str = "") -> str:
    """Run a command; return all that it printed."""
    ended = subprocess.run(
        [*COMMAND, command],
        check=True,
        env=variables,
        input=entered,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    return ended.stdout


async def served(
    variables: dict[str, str], log: Path
) -> tuple[list[str], CallToolResult, list[bytes]]:
    """Start a server; return its tools, the answer to a call, and what is told of processes."""
    with log.open("a", encoding="utf-8") as errors:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "binance_mcp"], env=variables
        )
        async with Client(stdio_client(server, errlog=errors)) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            return tools, await client.call_tool(CREATE, {}), list(told_of_processes())


def told_of_processes() -> Generator[bytes]:
    """Yield the command line of every process, and the environment of each of ours."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            yield command
            if b"binance_mcp" in command:
                yield (process / "environ").read_bytes()
        except OSError:  # it has ended
            continue


async def test_a_login_serves_a_bare_environment_until_the_logout_and_leaks_nowhere(
    home: Path, at: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    variables = {
        **bare(home),
        "BINANCE_ENVIRONMENT": "demo",
        "BINANCE_REST_URL": at["restUrl"],
        "BINANCE_STREAM_URL": at["streamUrl"],
        "BINANCE_MCP_LOG_LEVEL": "DEBUG",
    }
    keys = f"BINANCE_API_KEY={at['apiKey']}\nBINANCE_API_SECRET={at['apiSecret']}\n"
    printed = run("login", variables, keys)
    assert "accepts the API key" in printed

    tools, created, processes = await served(variables, log)
    assert not created.is_error
    assert SNAPSHOT in tools  # it signs
    logged = log.read_text("utf-8")
    told = "credentials: BINANCE_API_KEY and BINANCE_API_SECRET from the system's keychain"
    assert told in logged

    assert list(home.rglob("*.keyring"))  # where it is encrypted
    files = [file.read_bytes() for file in home.rglob("*") if file.is_file()]
    for secret in (at["apiKey"], at["apiSecret"]):
        assert secret not in logged + printed
        assert not any(secret.encode() in text for text in (*files, *processes))

    assert "no longer in the system's keychain" in run("logout", variables)
    tools, refused, _ = await served(variables, log)
    assert SNAPSHOT not in tools
    assert refused.is_error
    assert isinstance(refused.content[0], TextContent)
    assert "`binance-mcp login`" in refused.content[0].text
