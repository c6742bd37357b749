"""What is added to a host, and the forms in which hosts keep it.

Most of them: https://modelcontextprotocol.io/docs/develop/connect-local-servers
Claude Code: https://code.claude.com/docs/en/mcp
VS Code: https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
Gemini CLI: https://geminicli.com/docs/tools/mcp-server
Windsurf: https://docs.windsurf.com/windsurf/cascade/mcp
Goose: https://block.github.io/goose/docs/guides/config-files
opencode: https://opencode.ai/docs/mcp-servers
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Entry: TypeAlias = Mapping[str, object]
"""A server as a host's file has it, under the server's name."""

_GOOSE_SECONDS: Final = 300


@dataclass(frozen=True)
class LocalServer:
    """A server that the host starts, and talks to over standard input and output."""

    title: str
    description: str
    command: str
    arguments: Sequence[str]
    variables: Mapping[str, str]
    """Environment variables that the host sets. Never a secret."""


@dataclass(frozen=True)
class RemoteServer:
    """A server that runs already, and is reached over streamable HTTP."""

    title: str
    description: str
    url: str


def plain(server: LocalServer) -> Entry:
    """Return the form that most hosts share."""
    env = {"env": dict(server.variables)} if server.variables else {}
    return {"command": server.command, "args": list(server.arguments), **env}


def typed(server: LocalServer) -> Entry:
    """Return the form with a `type`."""
    return {"type": "stdio", **plain(server)}


def opencode(server: LocalServer) -> Entry:
    """Return the form of opencode."""
    environment = {"environment": dict(server.variables)} if server.variables else {}
    command = [server.command, *server.arguments]
    return {"type": "local", "command": command, **environment, "enabled": True}


def goose(server: LocalServer) -> Entry:
    """Return the form of Goose."""
    envs = {"envs": dict(server.variables)} if server.variables else {}
    return {
        "enabled": True,
        "type": "stdio",
        "name": server.title,
        "description": server.description,
        "cmd": server.command,
        "args": list(server.arguments),
        **envs,
        "timeout": _GOOSE_SECONDS,
    }


def url(server: RemoteServer) -> Entry:
    """Return the form with `url` only."""
    return {"url": server.url}


def typed_url(server: RemoteServer) -> Entry:
    """Return the form with a `type`, without which Claude Code refuses it."""
    return {"type": "http", "url": server.url}


def http_url(server: RemoteServer) -> Entry:
    """Return the form of Gemini CLI, where `url` would mean server-sent events."""
    return {"httpUrl": server.url}


def server_url(server: RemoteServer) -> Entry:
    """Return the form of Windsurf."""
    return {"serverUrl": server.url}


def opencode_url(server: RemoteServer) -> Entry:
    """Return the form of opencode."""
    return {"type": "remote", "url": server.url, "enabled": True}


def goose_uri(server: RemoteServer) -> Entry:
    """Return the form of Goose."""
    return {
        "enabled": True,
        "type": "streamable_http",
        "name": server.title,
        "description": server.description,
        "uri": server.url,
        "timeout": _GOOSE_SECONDS,
    }
