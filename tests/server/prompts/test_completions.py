import pytest
from mcp import MCPError
from mcp.types import CompletionArgument, PromptReference, ResourceTemplateReference

from binance_mcp.server.prompts.completions import completion
from binance_mcp.server.prompts.menu import argument_names, shown_prompts
from tests.server.connections import CLOSE, CREATE, READ, STATUS

TOOLS = [CREATE, CLOSE, STATUS, READ]
SYMBOLS = ["ETHBTC", "BTCUSDT", "ETHUSDT"]


def completed(prompt: str, argument: str, typed: str = "", tools: list[str] = TOOLS) -> list[str]:
    found = completion(
        PromptReference(name=prompt), CompletionArgument(name=argument, value=typed), tools, SYMBOLS
    )
    assert found.total == len(found.values)
    assert found.has_more is False
    return found.values


def test_every_argument_of_every_prompt_has_suggestions() -> None:
    for prompt in shown_prompts(TOOLS):
        for name in argument_names(prompt):
            assert completed(prompt.name, name)


def test_symbols_that_begin_with_what_was_typed_come_before_those_that_contain_it() -> None:
    assert completed("watch-my-account", "symbol") == SYMBOLS
    assert completed("watch-my-account", "symbol", "btc") == ["BTCUSDT", "ETHBTC"]
    assert completed("watch-my-account", "symbol", "DOGE") == []


def test_a_tool_is_found_by_any_part_of_its_name() -> None:
    assert completed("why-was-i-refused", "tool", "listenkey") == [CREATE, CLOSE, STATUS]
    assert completed("why-was-i-refused", "tool", "close") == [CLOSE]


def test_a_tool_that_is_not_there_is_not_suggested() -> None:
    assert completed("why-was-i-refused", "tool", "", [STATUS]) == [STATUS]


def test_no_more_than_100_values_are_returned() -> None:
    symbols = [f"A{number}USDT" for number in range(101)]
    found = completion(
        PromptReference(name="watch-my-account"),
        CompletionArgument(name="symbol", value="a"),
        TOOLS,
        symbols,
    )
    assert (found.values, found.total, found.has_more) == (symbols[:100], 101, True)


@pytest.mark.parametrize(
    ("ref", "argument"),
    [
        (PromptReference(name="moon"), "symbol"),
        (PromptReference(name="why-was-i-refused"), "symbol"),
        (ResourceTemplateReference(uri="binance://futures/{x}"), "x"),
    ],
)
def test_what_does_not_exist_has_no_completions(
    ref: PromptReference | ResourceTemplateReference, argument: str
) -> None:
    with pytest.raises(MCPError) as refused:
        completion(ref, CompletionArgument(name=argument, value=""), TOOLS, SYMBOLS)
    assert refused.value.error.code == -32602
