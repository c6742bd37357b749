"""`python packaging/bundles.py FOLDER`: make the bundles that hosts install, a folder for each.

A bundle has the source of the server, which the host starts with uv: what runs is what was
installed, and not a package that is fetched by its name.

- FOLDER/mcpb: `mcpb pack` makes it a file that Claude Desktop opens.
  https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md
- FOLDER/gemini-cli: an extension, for `gemini extensions install`.
  https://geminicli.com/docs/extensions/reference/
- FOLDER/claude-code: a plugin, and a marketplace that has it, for `claude plugin marketplace add`.
  https://code.claude.com/docs/en/plugins/manifest-reference
"""

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from binance_mcp.server.tools.catalogue import all_tools
from project import ROOT, Option, Project, options, read_project

_HERE: Final = Path(__file__).parent
_SERVER: Final = "server.py"
_BUILDING: Final = ("[build-system]", "[project]", "[project.scripts]", "[tool.hatch.")
"""The tables of pyproject.toml that a user needs: uv would install a group of developers, too."""


def mcpb(project: Project) -> Mapping[str, object]:
    """Return the manifest of the MCPB bundle."""
    manifest = {
        "manifest_version": "0.4",
        "name": project.name,
        "display_name": project.title,
        "version": project.version,
        "description": project.description,
        "author": {"name": project.authors},
        "license": project.licence,
        "keywords": project.keywords,
        "server": {
            "type": "uv",
            "entry_point": _SERVER,
            "mcp_config": _started("${__dirname}", "${{user_config.{key}}}"),
        },
        "tools": [{"name": t.name, "description": t.description} for t in all_tools()],
        "prompts_generated": True,
        "compatibility": {"platforms": ["darwin", "win32", "linux"]},
        "user_config": _user_config(),
    }
    return {"manifest.json": manifest}


def gemini_cli(project: Project) -> Mapping[str, object]:
    """Return the manifest of the Gemini CLI extension.

    A variable that is not set would be passed on as it is written, hence the empty default.
    """
    manifest = {
        "name": project.name,
        "version": project.version,
        "description": project.description,
        "mcpServers": {"binance": _started("${extensionPath}", "${{{variable}:-}}")},
        "settings": [
            {
                "name": option.title,
                "description": option.description,
                "envVar": option.variable,
                "sensitive": option.is_secret,
            }
            for option in options()
        ],
    }
    return {"gemini-extension.json": manifest}


def claude_code(project: Project) -> Mapping[str, object]:
    """Return the manifests of the Claude Code plugin."""
    author = {"name": project.authors}
    said = {"name": project.name, "version": project.version, "description": project.description}
    plugin = said | {"author": author, "license": project.licence, "keywords": project.keywords}
    marketplace = {
        "name": project.name,
        "owner": author,
        "metadata": {"description": project.description},
        "plugins": [{"name": project.name, "source": "./"}],
    }
    server = _started("${CLAUDE_PLUGIN_ROOT}", "${{user_config.{key}}}")
    return {
        ".claude-plugin/plugin.json": plugin | {"userConfig": _user_config()},
        ".claude-plugin/marketplace.json": marketplace,
        ".mcp.json": {"mcpServers": {"binance": server}},
    }


_BUNDLES: Final[Mapping[str, Callable[[Project], Mapping[str, object]]]] = {
    "mcpb": mcpb,
    "gemini-cli": gemini_cli,
    "claude-code": claude_code,
}
_WITHOUT_SKILLS: Final = ("mcpb",)


def _started(folder: str, value: str) -> dict[str, object]:
    """Return how a host starts the bundle in `folder`; `value` is its form of a user's value."""
    return {
        "command": "uv",
        "args": ["run", "--directory", folder, _SERVER],
        "env": {
            option.variable: value.format(key=option.key, variable=option.variable)
            for option in options()
        },
    }


def _user_config() -> dict[str, object]:
    """Return what MCPB and Claude Code, which have one form for it, ask their users."""
    return {option.key: _asked(option) for option in options()}


def _asked(option: Option) -> dict[str, Any]:
    asked = {
        "type": "file" if option.is_file else "string",
        "title": option.title,
        "description": option.description,
        "required": False,
    }
    if option.is_secret:
        asked["sensitive"] = True
    if option.default:
        asked["default"] = option.default
    return asked


def _copy_source(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "binance_mcp", folder / "binance_mcp", ignore=ignored)
    for file in (ROOT / "README.md", ROOT / "LICENSE", _HERE / _SERVER):
        shutil.copy(file, folder)
    tables = re.split(r"(?m)^(?=\[)", (ROOT / "pyproject.toml").read_text("utf-8"))
    kept = "".join(table for table in tables if table.startswith(_BUILDING))
    (folder / "pyproject.toml").write_text(kept, "utf-8")


def write_bundles(folder: Path) -> None:
    """Write every bundle. The folder must not exist."""
    folder.mkdir(parents=True)
    for name, manifests in _BUNDLES.items():
        bundle = folder / name
        _copy_source(bundle)
        if name not in _WITHOUT_SKILLS:
            shutil.copytree(_HERE / "skills", bundle / "skills")
        for path, manifest in manifests(read_project()).items():
            (bundle / path).parent.mkdir(exist_ok=True)
            (bundle / path).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    write_bundles(Path(sys.argv[1]))
