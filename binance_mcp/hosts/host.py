"""The hosts: where each keeps its servers, and in what form.

Claude Desktop: https://modelcontextprotocol.io/docs/develop/connect-local-servers
Claude Code: https://code.claude.com/docs/en/mcp
Cursor: https://cursor.com/docs/context/mcp
VS Code: https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
Codex: https://developers.openai.com/codex/mcp
Gemini CLI: https://geminicli.com/docs/tools/mcp-server
Windsurf: https://docs.windsurf.com/windsurf/cascade/mcp
Zed: https://zed.dev/docs/ai/mcp
LM Studio: https://lmstudio.ai/docs/app/mcp
Goose: https://block.github.io/goose/docs/guides/config-files
opencode: https://opencode.ai/docs/mcp-servers
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from binance_mcp.hosts import server_entry
from binance_mcp.hosts.machine import Machine
from binance_mcp.hosts.server_entry import Entry, LocalServer, RemoteServer

LanguageName: TypeAlias = Literal["json", "toml", "yaml"]

HostName: TypeAlias = Literal[
    "claude-desktop",
    "claude-code",
    "cursor",
    "vscode",
    "codex",
    "gemini",
    "windsurf",
    "zed",
    "lm-studio",
    "goose",
    "opencode",
]


@dataclass(frozen=True)
class Host:
    """A program that starts MCP servers."""

    title: str
    section: str
    """The member of its file that has the servers by name."""
    files: tuple[str, ...]
    """Templates of the file with the person's own servers: the first that exists, or the first."""
    reload: str
    """What makes it read its file again, as a sentence."""
    language: LanguageName = "json"
    documents_comments: bool = False
    """Whether its documentation shows comments in JSON."""
    project_file: str | None = None
    """The file of a project within its folder, if it has one."""
    windows_files: tuple[str, ...] = ()
    """Instead of `files`, on Windows."""
    signs: tuple[str, ...] = ()
    """Templates of what exists where it was used; if none, the folders of `files`."""
    program: str | None = None
    """Its command."""
    local: Callable[[LocalServer], Entry] = server_entry.plain
    """The form of an entry for a server that the host starts."""
    remote: Callable[[RemoteServer], Entry] | None = server_entry.url
    """That of one that runs already; None if its file has none."""

    def file(self, machine: Machine) -> Path:
        """Return the file with the person's own servers."""
        paths = self._paths(machine)
        return next((path for path in paths if path.exists()), paths[0])

    def is_on(self, machine: Machine) -> bool:
        """Return whether there are signs of it on a machine."""
        signs = [machine.path(sign) for sign in self.signs]
        signs = signs or [path.parent for path in self._paths(machine)]
        has_program = self.program is not None and machine.has_program(self.program)
        return has_program or any(sign.exists() for sign in signs)

    def _paths(self, machine: Machine) -> list[Path]:
        on_windows = self.windows_files if machine.is_windows else ()
        return [machine.path(file) for file in on_windows or self.files]


HOSTS: Final[Mapping[HostName, Host]] = {
    "claude-desktop": Host(
        title="Claude Desktop",
        section="mcpServers",
        files=("{data}/Claude/claude_desktop_config.json",),
        reload="Quit Claude Desktop completely, and open it again.",
        remote=None,
    ),
    "claude-code": Host(
        title="Claude Code",
        section="mcpServers",
        files=("{claude}/.claude.json",),
        project_file=".mcp.json",
        reload="Start Claude Code again; `claude mcp list` shows the server.",
        signs=("{claude}/.claude.json", "{home}/.claude"),
        program="claude",
        local=server_entry.typed,
        remote=server_entry.typed_url,
    ),
    "cursor": Host(
        title="Cursor",
        section="mcpServers",
        files=("{home}/.cursor/mcp.json",),
        project_file=".cursor/mcp.json",
        reload="Start Cursor again.",
    ),
    "vscode": Host(
        title="VS Code",
        section="servers",
        files=("{data}/Code/User/mcp.json",),
        documents_comments=True,
        project_file=".vscode/mcp.json",
        reload='Run "MCP: List Servers" in VS Code, and start the server.',
        program="code",
        local=server_entry.typed,
        remote=server_entry.typed_url,
    ),
    "codex": Host(
        title="Codex",
        section="mcp_servers",
        files=("{codex}/config.toml",),
        language="toml",
        project_file=".codex/config.toml",
        reload="Start Codex again; `codex mcp list` shows the server.",
        program="codex",
    ),
    "gemini": Host(
        title="Gemini CLI",
        section="mcpServers",
        files=("{home}/.gemini/settings.json",),
        documents_comments=True,
        project_file=".gemini/settings.json",
        reload="Start Gemini CLI again; `gemini mcp list` shows the server.",
        program="gemini",
        remote=server_entry.http_url,
    ),
    "windsurf": Host(
        title="Windsurf",
        section="mcpServers",
        files=("{home}/.codeium/windsurf/mcp_config.json",),
        reload="Refresh the list of MCP servers in Windsurf.",
        remote=server_entry.server_url,
    ),
    "zed": Host(
        title="Zed",
        section="context_servers",
        files=("{config}/zed/settings.json",),
        windows_files=("{data}/Zed/settings.json",),
        documents_comments=True,
        project_file=".zed/settings.json",
        reload="Zed reads its settings at once.",
        program="zed",
    ),
    "lm-studio": Host(
        title="LM Studio",
        section="mcpServers",
        files=("{home}/.lmstudio/mcp.json", "{home}/.cache/lm-studio/mcp.json"),
        reload="Start LM Studio again.",
    ),
    "goose": Host(
        title="Goose",
        section="extensions",
        files=("{config}/goose/config.yaml",),
        language="yaml",
        windows_files=("{data}/Block/goose/config/config.yaml",),
        reload="Start a new Goose session.",
        program="goose",
        local=server_entry.goose,
        remote=server_entry.goose_uri,
    ),
    "opencode": Host(
        title="opencode",
        section="mcp",
        files=("{config}/opencode/opencode.json", "{config}/opencode/opencode.jsonc"),
        documents_comments=True,
        project_file="opencode.json",
        reload="Start opencode again; `opencode mcp list` shows the server.",
        program="opencode",
        local=server_entry.opencode,
        remote=server_entry.opencode_url,
    ),
}
