import json
import re
from pathlib import Path

from binance_mcp.hosts.host import HOSTS
from binance_mcp.server.tools.catalogue import all_tools

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_readme_says_what_it_is_and_how_to_have_it_in_few_words_before_a_picture() -> None:
    first, _, _ = README.partition("\n![")
    assert len(first.split()) < 120
    for command in ("pip install", "demo", "login", "setup"):
        assert command in first


def test_the_readme_has_a_line_for_each_host() -> None:
    assert re.findall(r"\| `binance-mcp setup ([a-z-]+)` \|", README) == list(HOSTS)


def test_the_tools_table_of_the_readme_has_every_tool_with_its_arguments() -> None:
    rows = [line.split("|")[1:3] for line in section("Tools").splitlines() if "| `B" in line]
    named = [(re.findall(r"\w+", name)[0], re.findall(r"\w+", args)) for name, args in rows]
    assert named == [(tool.name, list(tool.parameters["properties"])) for tool in all_tools()]


def test_the_host_configuration_in_the_readme_has_an_absolute_command() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", section("Add it to a host"), re.DOTALL)
    (entry,) = json.loads(block)["mcpServers"].values()
    assert entry["command"].startswith("/")
