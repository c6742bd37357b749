import pytest
from mcp import MCPError

from binance_mcp.server.prompts.menu import NEEDED, argument_names, shown_prompt, shown_prompts
from binance_mcp.server.tools.catalogue import tool_arguments
from tests.server.connections import CREATE, READ, STATUS


def names(*tools: str) -> list[str]:
    return [prompt.name for prompt in shown_prompts(tools)]


def test_a_prompt_is_there_with_the_tool_that_it_needs() -> None:
    assert names(READ, STATUS) == ["watch-my-account", "why-was-i-refused", "what-did-i-miss"]
    assert names(READ) == ["watch-my-account", "what-did-i-miss"]
    assert names(STATUS, CREATE) == ["why-was-i-refused"]
    assert names() == []


def test_the_needed_tools_exist() -> None:
    assert set(NEEDED.values()) <= tool_arguments().keys()


def test_every_argument_is_optional_and_described() -> None:
    for prompt in shown_prompts(tool_arguments()):
        assert prompt.arguments
        assert all(each.description and not each.required for each in prompt.arguments)


def test_a_prompt_is_found_by_its_name() -> None:
    prompt = shown_prompt("watch-my-account", [READ])
    assert argument_names(prompt) == ["symbol", "watchFor"]


@pytest.mark.parametrize("name", ["why-was-i-refused", "moon", ""])
def test_a_prompt_whose_tool_is_not_there_is_unknown(name: str) -> None:
    with pytest.raises(MCPError, match=f"^Unknown prompt: {name}$") as refused:
        shown_prompt(name, [READ])
    assert refused.value.error.code == -32602


def test_an_overlong_name_is_cut_in_the_error() -> None:
    with pytest.raises(MCPError) as refused:
        shown_prompt("n" * 1000, [READ])
    assert refused.value.error.message == f"Unknown prompt: {'n' * 128}"
