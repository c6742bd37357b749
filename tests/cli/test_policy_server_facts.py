from binance_mcp.cli.policy import server_facts
from binance_mcp.policy.review.warnings import warnings
from binance_mcp.policy.source import PolicySource
from binance_mcp.server.tools.catalogue import tool_arguments


def test_the_built_in_policy_has_no_warnings() -> None:
    assert warnings(PolicySource().document, server_facts()) == []


def test_the_tools_include_those_of_the_server_and_of_the_built_in_policy() -> None:
    facts = server_facts()
    assert facts.tools.items() >= tool_arguments().items()
    assert facts.tools.keys() >= PolicySource().document.tools.keys()


def test_the_keepalive_tool_is_a_tool_of_the_server() -> None:
    assert server_facts().keepalive in tool_arguments()
