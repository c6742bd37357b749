import re
from collections.abc import Collection
from itertools import combinations
from typing import Any, Final

import pytest
from mcp.types import Prompt

from binance_mcp.errors import InvalidArgumentsError
from binance_mcp.server.prompts.menu import MISSED, REFUSED, WATCH, argument_names, shown_prompts
from binance_mcp.server.prompts.steps import prompt_text
from binance_mcp.server.tools.catalogue import all_tools
from tests.server.connections import CLOSE, CREATE, READ, SNAPSHOT, STATUS

TOOLS: Final = [tool.name for tool in all_tools()]
GIVEN: Final = {
    "symbol": "BTCUSDT",
    "watchFor": "margin calls",
    "tool": CLOSE,
    "since": "8 hours",
    "cursor": "6c386132-0-1-1",
}


def every_text(tools: Collection[str]) -> list[str]:
    """Return what all prompts say with these tools, with and without each argument."""
    texts: list[str] = []
    for prompt in shown_prompts(tools):
        names = argument_names(prompt)
        for count in range(len(names) + 1):
            for chosen in combinations(names, count):
                given = {name: GIVEN[name] for name in chosen}
                if given.get("tool", STATUS) in tools:
                    texts.append(prompt_text(prompt, given, tools))
    return texts


def test_no_prompt_names_a_tool_that_is_not_there() -> None:
    for count in range(len(TOOLS) + 1):
        for tools in combinations(TOOLS, count):
            for text in every_text(tools):
                assert set(re.findall(r"BinanceFutures\w+", text)) <= set(tools)


def test_every_argument_and_field_in_a_prompt_is_one_of_the_tools() -> None:
    named = {
        name
        for tool in all_tools()
        for schema in (tool.parameters, tool.output_schema or {})
        for name in _properties(schema)
    }
    used = {word for text in every_text(TOOLS) for word in re.findall(r"\b[a-z]+[A-Z]\w*", text)}
    assert {"waitSeconds", "nextCursor", "hasMore", "coveredSince", "remainingQuota"} <= used
    assert used - named == set()


def _properties(schema: dict[str, Any]) -> set[str]:
    found = set(schema.get("properties", {}))
    for part in (*schema.get("properties", {}).values(), schema.get("items")):
        if isinstance(part, dict):
            found |= _properties(part)  # pyright: ignore[reportUnknownArgumentType]  # JSON
    return found


def test_steps_are_numbered_and_few() -> None:
    for text in every_text(TOOLS):
        _, *steps = text.splitlines()
        assert [int(step.partition(". ")[0]) for step in steps] == list(range(1, len(steps) + 1))
        assert len(steps) <= 6
        assert len(text) < 1500


def test_watching_starts_at_the_cursor_of_the_account_if_it_can_be_read() -> None:
    text = prompt_text(WATCH, {}, TOOLS)
    assert f"1. Call {SNAPSHOT} once" in text
    assert "first with the cursor of the account" in text
    without = prompt_text(WATCH, {}, [READ])
    assert f"1. Call {READ} with waitSeconds 50" in without
    assert "first with no cursor" in without


def test_watching_without_a_listen_key_does_not_go_on_for_ever() -> None:
    assert f"call {CREATE}" in prompt_text(WATCH, {}, [READ, CREATE])
    assert "no active listen key, tell me and stop" in prompt_text(WATCH, {}, [READ])


def test_watching_names_the_symbol_in_every_call_and_what_to_watch_for() -> None:
    text = prompt_text(WATCH, {"symbol": "btcusdt", "watchFor": "any\n fill"}, TOOLS)
    assert f"{SNAPSHOT} with symbol BTCUSDT once" in text
    assert "waitSeconds 50 and symbol BTCUSDT" in text
    assert "tell me about: any fill." in text


def test_a_refusal_is_explained_of_the_named_tool() -> None:
    assert f"why a call of {CLOSE} was refused" in prompt_text(REFUSED, {"tool": CLOSE}, TOOLS)
    assert "why a call of one of the" in prompt_text(REFUSED, {"tool": " "}, TOOLS)


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({}, "with no cursor. While"),
        ({"since": "1 day"}, 'with cursor "oldest", and as maxAgeSeconds'),
        ({"cursor": "oldest"}, 'with cursor "oldest". While'),
        ({"since": "1 day", "cursor": "6c386132-0-1-1"}, 'with cursor "6c386132-0-1-1", and as'),
    ],
)
def test_what_was_missed_is_read_from_the_time_or_the_cursor(
    given: dict[str, str], start: str
) -> None:
    text = prompt_text(MISSED, given, TOOLS)
    assert f"{READ} {start}" in text
    assert ("Leave out gaps that ended before then" in text) is ("since" in given)


def test_what_was_missed_ends_with_the_account_as_it_is_if_it_can_be_read() -> None:
    assert prompt_text(MISSED, {}, TOOLS).splitlines()[-1].startswith(f"5. Call {SNAPSHOT}")
    assert SNAPSHOT not in prompt_text(MISSED, {}, [READ])


@pytest.mark.parametrize(
    ("prompt", "given", "told"),
    [
        (WATCH, {"symbol": "BTC USDT"}, "symbol must be one of Binance's"),
        (WATCH, {"watchFor": "x" * 201}, "watchFor must have at most 200 characters."),
        (WATCH, {"tool": CLOSE, "x": ""}, "Unknown arguments: tool, x. watch-my-account takes: "),
        (REFUSED, {"tool": SNAPSHOT}, f"Unknown tool: {SNAPSHOT}"),
        (MISSED, {"cursor": "newest"}, "cursor must be nextCursor of an earlier result"),
    ],
)
def test_an_unusable_argument_is_refused(prompt: Prompt, given: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=f"^{told}"):
        prompt_text(prompt, given, [READ, STATUS, CLOSE])
