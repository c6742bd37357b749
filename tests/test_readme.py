import json
import re
from pathlib import Path

from binance_mcp.policy.language.document import load
from binance_mcp.policy.review.explanation import explain
from binance_mcp.policy.source import load_file
from binance_mcp.server.tools.catalogue import all_tools, tool_arguments
from binance_mcp.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_settings_table_has_every_setting_its_default_and_its_meaning() -> None:
    expected = [
        f"| `{field.validation_alias}` | {_default(field.default)} | {field.description} |"
        for field in Settings.model_fields.values()
    ]
    rows = [line for line in section("Settings").splitlines() if line.startswith("| `")]
    assert rows == expected, "\n".join(expected)


def _default(value: object) -> str:
    if value is None:
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`".replace("True", "true")


def test_the_tools_table_has_every_tool_with_its_arguments() -> None:
    rows = [line.split("|")[1:3] for line in section("Tools").splitlines() if "| `B" in line]
    named = [(re.findall(r"\w+", name)[0], re.findall(r"\w+", args)) for name, args in rows]
    assert named == [(tool.name, list(tool.parameters["properties"])) for tool in all_tools()]


def test_the_house_names_every_module() -> None:
    house = section("The house")
    modules = [
        path.name
        for path in (ROOT / "binance_mcp").rglob("*.py")
        if path.parent.name != "sandbox" and not path.name.startswith("__")
    ]
    assert [name for name in modules if name not in house] == []


def test_the_host_configuration_is_json_with_an_absolute_command() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", section("Add it to a host"), re.DOTALL)
    (entry,) = json.loads(block)["mcpServers"].values()
    assert entry["command"].startswith("/")


def test_nobody_is_told_to_install_a_package_that_is_not_ours() -> None:
    assert not re.search(r"(uvx|pipx|pip install|uv tool install)( \S+)* binance-mcp", README)


def test_every_relative_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_policy_shown_can_be_used() -> None:
    blocks = re.findall(r"```json\n(.*?)```", section("Policy in five minutes"), re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        load("README.md", block)


def test_the_shipped_policy_is_explained_as_the_command_does() -> None:
    shown = section("Policy in five minutes").split("```")[1].strip()
    assert "\n".join(explain(load_file(None), tool_arguments())).startswith(shown)
