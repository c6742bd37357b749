"""The ways of hosts to hand a server a secret that is not in their file.

Claude Code: https://code.claude.com/docs/en/mcp
Cursor: https://cursor.com/docs/context/mcp
VS Code: https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
Codex: https://developers.openai.com/codex/mcp
Gemini CLI: https://geminicli.com/docs/extensions/reference
Windsurf: https://docs.windsurf.com/windsurf/cascade/mcp
Goose: https://block.github.io/goose/docs/guides/config-files
opencode: https://opencode.ai/docs/config

Nothing of this kind is documented for Claude Desktop's file, Zed and LM Studio.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from binance_mcp.hosts import edit
from binance_mcp.hosts.host import HOSTS, HostName
from binance_mcp.hosts.server_entry import Entry

_REFERENCES: Final[Mapping[HostName, tuple[str, str]]] = {
    "claude-code": ("env", "${{{}}}"),
    "cursor": ("env", "${{env:{}}}"),
    "windsurf": ("env", "${{env:{}}}"),
    "opencode": ("environment", "{{env:{}}}"),
}
"""Where each keeps variables, and how it refers to one of its own environment."""


@dataclass(frozen=True)
class HostSecret:
    """A host's way to hand over a secret."""

    way: str
    """What the host does, as a sentence."""
    file: str
    """The text of a file with the entry, and without the secret."""


def host_secret(host: HostName, name: str, entry: Entry, variable: str) -> HostSecret | None:
    """Return a host's way to set an environment variable of a server; None if it has none."""
    match host:
        case "vscode":
            return _vscode(name, entry, variable)
        case "codex":
            file = edit.alone(HOSTS[host], name, {**entry, "env_vars": [variable]})
            return HostSecret("Codex hands over variables of its own environment.", file)
        case "gemini":
            return _gemini(name, entry, variable)
        case "goose":
            file = edit.alone(HOSTS[host], name, {**entry, "env_keys": [variable]})
            way = "Goose takes env_keys from the system's keychain, or from its own environment."
            return HostSecret(way, file)
        case "claude-code" | "cursor" | "windsurf" | "opencode":
            where, pattern = _REFERENCES[host]
            file = edit.alone(
                HOSTS[host], name, _with(entry, where, variable, pattern.format(variable))
            )
            way = f"{HOSTS[host].title} puts in the value of a variable of its own environment."
            return HostSecret(way, file)
        case _:
            return None


def _vscode(name: str, entry: Entry, variable: str) -> HostSecret:
    prompt = {"type": "promptString", "id": variable, "description": variable, "password": True}
    server = _with(entry, "env", variable, f"${{input:{variable}}}")
    file = {"inputs": [prompt], HOSTS["vscode"].section: {name: server}}
    return HostSecret(
        "VS Code asks for inputs once, and keeps them in its secret storage.", _text(file)
    )


def _gemini(name: str, entry: Entry, variable: str) -> HostSecret:
    setting = {"name": variable, "description": variable, "envVar": variable, "sensitive": True}
    servers = {HOSTS["gemini"].section: {name: entry}}
    file = {"name": name, "version": "1.0.0", **servers, "settings": [setting]}
    way = (
        "Gemini CLI asks for the sensitive settings of an extension, and keeps them in the system's"
        " keychain. With this as gemini-extension.json in a folder of its own, run"
        " `gemini extensions install FOLDER` instead of this command."
    )
    return HostSecret(way, _text(file))


def _with(entry: Entry, where: str, variable: str, value: str) -> Entry:
    variables = cast("Mapping[str, str]", entry.get(where, {}))
    return {**entry, where: {**variables, variable: value}}


def _text(file: Mapping[str, object]) -> str:
    return json.dumps(file, indent=2, ensure_ascii=False) + "\n"
