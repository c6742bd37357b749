"""The bundles are started as their hosts do it, with the present interpreter for the one of uv."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from uv import find_uv_bin

from binance_mcp.env_file import SECRETS
from binance_mcp.server.tools.account_snapshot import SNAPSHOT_TOOL
from binance_mcp.server.tools.catalogue import all_tools
from tests.environment import VARIABLES
from tests.packaging.scripts import ROOT, run_script
from tests.server.hosts import INITIALIZE

PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NAMES: Final = [tool.name for tool in all_tools()]
MCPB: Final = shutil.which("mcpb")
has_mcpb = pytest.mark.skipif(
    not MCPB, reason="mcpb is not there: npm install --global @anthropic-ai/mcpb"
)
HOSTS: Final = ("mcpb", "claude-code", "gemini-cli")
REFERENCE: Final = re.compile(r"\$\{(?:user_config\.)?(\w+)(?::-)?\}")
"""A value of the user's, as the hosts write it."""
UV: Final = {"UV_NO_PROJECT": "1", "UV_OFFLINE": "1", "UV_PYTHON": sys.executable}
"""Nothing is installed: the dependencies are those of the tests."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packaging") / "bundles"
    run_script("bundles.py", folder)
    return folder


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text("utf-8"))


def manifests(bundle: Path) -> tuple[dict[str, Any], set[str], str]:
    """Return how a bundle is started, the values that its user is asked for, and its folder."""
    if (file := bundle / "manifest.json").exists():
        manifest = read(file)
        return manifest["server"]["mcp_config"], set(manifest["user_config"]), "${__dirname}"
    if (file := bundle / "gemini-extension.json").exists():
        manifest = read(file)
        asked = {setting["envVar"] for setting in manifest["settings"]}
        return manifest["mcpServers"]["binance"], asked, "${extensionPath}"
    asked = set(read(bundle / ".claude-plugin" / "plugin.json")["userConfig"])
    return read(bundle / ".mcp.json")["mcpServers"]["binance"], asked, "${CLAUDE_PLUGIN_ROOT}"


def not_filled_in(bundle: Path, reference: str) -> str:
    """Return what a host puts for a value that its user has not filled in."""
    return reference if (bundle / "manifest.json").exists() else ""


def listed_tools(bundle: Path, given: Mapping[str, str]) -> tuple[list[str], str]:
    """Start a bundle as its host does, and return the names of the tools it lists, and its log."""
    entry, _, folder = manifests(bundle)
    arguments = [argument.replace(folder, str(bundle)) for argument in entry["args"]]
    env = {
        name: given.get(name) or not_filled_in(bundle, reference)
        for name, reference in entry["env"].items()
    }
    assert entry["command"] == "uv"
    assert given.keys() <= env.keys()
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("COVERAGE")}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": INITIALIZE},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
    ]
    ended = subprocess.run(
        [find_uv_bin(), *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=inherited | UV | env,
        input="".join(json.dumps({"jsonrpc": "2.0"} | message) + "\n" for message in messages),
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    _, answer = map(json.loads, ended.stdout.splitlines())
    return [tool["name"] for tool in answer["result"]["tools"]], ended.stderr


@pytest.mark.parametrize("host", HOSTS)
def test_a_bundle_lists_its_tools_with_the_values_of_its_user(bundles: Path, host: str) -> None:
    given = {"BINANCE_API_KEY": "some-key", "BINANCE_ENVIRONMENT": "sandbox"}
    names, log = listed_tools(bundles / host, given)
    assert names == NAMES
    assert "using sandbox" in log
    assert "some-key" not in log


@pytest.mark.parametrize("host", HOSTS)
def test_a_bundle_starts_before_its_user_has_filled_in_anything(bundles: Path, host: str) -> None:
    names, log = listed_tools(bundles / host, {})
    assert names == [name for name in NAMES if name != SNAPSHOT_TOOL]
    assert "using mainnet" in log


@pytest.mark.parametrize(
    "manifest",
    [
        "mcpb/manifest.json",
        "gemini-cli/gemini-extension.json",
        "claude-code/.claude-plugin/plugin.json",
    ],
)
def test_a_manifest_says_of_the_project_what_pyproject_says(bundles: Path, manifest: str) -> None:
    said = read(bundles / manifest)
    for key in ("name", "version", "description"):
        assert said[key] == PROJECT[key]


@pytest.mark.parametrize("host", HOSTS)
def test_a_bundle_sets_variables_of_the_server_to_exactly_what_its_user_is_asked(
    bundles: Path, host: str
) -> None:
    entry, asked, _ = manifests(bundles / host)
    assert set(entry["env"]) <= set(VARIABLES)
    references = [REFERENCE.fullmatch(value) for value in entry["env"].values()]
    assert {reference[1] for reference in references if reference} == asked
    assert None not in references


@pytest.mark.parametrize("file", ["mcpb/manifest.json", "claude-code/.claude-plugin/plugin.json"])
def test_exactly_the_secrets_are_sensitive(bundles: Path, file: str) -> None:
    manifest = read(bundles / file)
    asked = manifest.get("user_config") or manifest["userConfig"]
    sensitive = {f"BINANCE_{key.upper()}" for key, option in asked.items() if "sensitive" in option}
    assert sensitive == {f"BINANCE_{key.upper()}" for key in asked} & SECRETS
    assert "BINANCE_API_KEY" in sensitive


def test_exactly_the_secrets_of_the_gemini_extension_are_sensitive(bundles: Path) -> None:
    settings = read(bundles / "gemini-cli" / "gemini-extension.json")["settings"]
    sensitive = {setting["envVar"] for setting in settings if setting["sensitive"]}
    assert sensitive == {setting["envVar"] for setting in settings} & SECRETS
    assert "BINANCE_API_KEY" in sensitive


@pytest.mark.parametrize("host", HOSTS)
def test_a_bundle_installs_what_the_server_needs_and_no_tools_of_developers(
    bundles: Path, host: str
) -> None:
    table = tomllib.loads((bundles / host / "pyproject.toml").read_text("utf-8"))
    assert table["project"]["dependencies"] == PROJECT["dependencies"]
    assert table["build-system"]["build-backend"] == "hatchling.build"
    assert "dependency-groups" not in table
    assert [
        f
        for f in (*PROJECT["license-files"], PROJECT["readme"])
        if not (bundles / host / f).exists()
    ] == []


def test_the_manifest_of_the_mcpb_bundle_lists_the_tools(bundles: Path) -> None:
    assert [tool["name"] for tool in read(bundles / "mcpb" / "manifest.json")["tools"]] == NAMES


@has_mcpb
def test_mcpb_validates_the_manifest(bundles: Path) -> None:
    _mcpb("validate", bundles / "mcpb" / "manifest.json")


@has_mcpb
def test_mcpb_packs_a_bundle_that_lists_its_tools_when_unpacked(
    bundles: Path, tmp_path: Path
) -> None:
    _mcpb("pack", bundles / "mcpb", tmp_path / "binance.mcpb")
    _mcpb("unpack", tmp_path / "binance.mcpb", tmp_path / "unpacked")
    assert listed_tools(tmp_path / "unpacked", {"BINANCE_ENVIRONMENT": "sandbox"})[0] == NAMES


def _mcpb(*arguments: object) -> None:
    ended = subprocess.run(
        [str(MCPB), *map(str, arguments)], capture_output=True, check=False, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_skill_names_tools_and_fields_that_exist() -> None:
    skill = (ROOT / "packaging/skills/binance-user-events/SKILL.md").read_text("utf-8")
    tools = {tool.name: tool for tool in all_tools()}
    assert set(re.findall(r"BinanceFutures\w+", skill)) <= tools.keys()
    schemas = json.dumps([[tool.parameters, tool.output_schema] for tool in tools.values()])
    words = set(re.findall(r"`([a-z]\w+)`", skill))
    assert {"waitSeconds", "cursor", "nextCursor", "coveredSince", "gaps"} <= words
    assert [word for word in sorted(words) if f'"{word}"' not in schemas] == []
