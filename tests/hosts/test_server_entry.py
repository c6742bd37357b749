from typing import Final

import pytest

from binance_mcp.hosts.host import HOSTS, HostName
from binance_mcp.hosts.server_entry import LocalServer, RemoteServer

VARIABLES: Final = {"BINANCE_ENVIRONMENT": "demo"}
LOCAL: Final = LocalServer("Title", "What it is.", "/bin/python", ("-m", "x"), VARIABLES)
REMOTE: Final = RemoteServer("Title", "What it is.", "http://127.0.0.1:8000/mcp")
PLAIN: Final = {"command": "/bin/python", "args": ["-m", "x"], "env": VARIABLES}
GOOSE: Final = {"enabled": True, "name": "Title", "description": "What it is.", "timeout": 300}
COMMAND: Final = ["/bin/python", "-m", "x"]

ENTRIES: Final[dict[HostName, tuple[object, object]]] = {
    "claude-desktop": (PLAIN, None),
    "claude-code": ({"type": "stdio", **PLAIN}, {"type": "http", "url": REMOTE.url}),
    "cursor": (PLAIN, {"url": REMOTE.url}),
    "vscode": ({"type": "stdio", **PLAIN}, {"type": "http", "url": REMOTE.url}),
    "codex": (PLAIN, {"url": REMOTE.url}),
    "gemini": (PLAIN, {"httpUrl": REMOTE.url}),
    "windsurf": (PLAIN, {"serverUrl": REMOTE.url}),
    "zed": (PLAIN, {"url": REMOTE.url}),
    "lm-studio": (PLAIN, {"url": REMOTE.url}),
    "goose": (
        {"type": "stdio", "cmd": "/bin/python", "args": ["-m", "x"], "envs": VARIABLES, **GOOSE},
        {"type": "streamable_http", "uri": REMOTE.url, **GOOSE},
    ),
    "opencode": (
        {"type": "local", "command": COMMAND, "environment": VARIABLES, "enabled": True},
        {"type": "remote", "url": REMOTE.url, "enabled": True},
    ),
}


@pytest.mark.parametrize("name", HOSTS)
def test_every_host_has_a_server_in_its_own_form(name: HostName) -> None:
    host = HOSTS[name]
    remote = host.remote(REMOTE) if host.remote else None
    assert (host.local(LOCAL), remote) == ENTRIES[name]


@pytest.mark.parametrize("name", HOSTS)
def test_an_entry_without_variables_does_not_mention_any(name: HostName) -> None:
    bare = LocalServer("Title", "What it is.", "/bin/python", ("-m", "x"), {})
    assert not {"env", "envs", "environment"} & HOSTS[name].local(bare).keys()
