import json
import re
from pathlib import Path

from binance_mcp.server.tools.catalogue import all_tools

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_first_paragraph_of_the_readme_is_short() -> None:
    assert len(README.split("\n\n")[1].split()) < 120


def test_the_tools_table_of_the_readme_has_every_tool_with_its_arguments() -> None:
    rows = [line.split("|")[1:3] for line in section("Tools").splitlines() if "| `B" in line]
    named = [(re.findall(r"\w+", name)[0], re.findall(r"\w+", args)) for name, args in rows]
    assert named == [(tool.name, list(tool.parameters["properties"])) for tool in all_tools()]


def test_the_host_configuration_in_the_readme_has_an_absolute_command() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", section("Add it to a host"), re.DOTALL)
    (entry,) = json.loads(block)["mcpServers"].values()
    assert entry["command"].startswith("/")
