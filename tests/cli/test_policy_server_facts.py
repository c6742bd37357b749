from binance_mcp.cli.policy import server_facts
from binance_mcp.policy.review.warnings import warnings
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.tools.catalogue import tool_arguments


def test_nothing_is_warned_of_in_the_shipped_policy() -> None:
    assert warnings(PolicySource().document, server_facts()) == []


def test_the_tools_are_those_of_the_server_and_of_the_shipped_policy() -> None:
    facts = server_facts()
    assert facts.tools.items() >= tool_arguments().items()
    assert facts.tools.keys() >= PolicySource().document.tools.keys()


def test_the_tool_that_keeps_alive_is_one_of_the_server() -> None:
    assert server_facts().keepalive in tool_arguments()
