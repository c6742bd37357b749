import base64
import json
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from binance_mcp.hosts.host import HOSTS, HostName
from binance_mcp.hosts.install_link import install_link

ENTRY: Final = {"command": "C:\\Program Files\\python.exe", "args": ["-P", "é&+"]}


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("cursor", "cursor://anysphere.cursor-deeplink/mcp/install?"),
        ("lm-studio", "lmstudio://add_mcp?"),
    ],
)
def test_a_link_carries_name_and_entry(host: HostName, start: str) -> None:
    link = install_link(host, "binance", ENTRY)
    assert link
    assert link.startswith(start)
    query = parse_qs(urlsplit(link).query, strict_parsing=True)
    assert query["name"] == ["binance"]
    assert json.loads(base64.b64decode(query["config"][0])) == ENTRY


def test_the_link_of_vscode_is_json_with_the_name() -> None:
    start, _, query = (install_link("vscode", "binance", ENTRY) or "").partition("?")
    assert (start, json.loads(unquote(query))) == (
        "vscode:mcp/install",
        {"name": "binance", **ENTRY},
    )


def test_the_other_hosts_have_no_links() -> None:
    linked = [name for name in HOSTS if install_link(name, "binance", ENTRY)]
    assert linked == ["cursor", "vscode", "lm-studio"]
