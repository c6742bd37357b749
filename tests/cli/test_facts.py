from binance_mcp.cli.facts import facts, server_tools
from binance_mcp.policy.advice import advice
from binance_mcp.policy.source import PolicySource


def test_there_is_nothing_to_say_of_the_shipped_policy() -> None:
    assert advice(PolicySource().document, facts()) == []


def test_the_tools_are_those_of_the_server_and_of_the_shipped_policy() -> None:
    tools = server_tools()
    assert tools["BinanceFuturesKeepAliveListenKey"] == {"listenKey", "recvWindow"}
    assert facts().tools.items() >= tools.items()
    assert facts().tools.keys() >= PolicySource().document.tools.keys()


def test_the_tool_that_keeps_alive_is_one_of_the_server() -> None:
    assert facts().keepalive in server_tools()
