"""The prompts: what users pick from a host's menu. Each leads the model through the tools.

A prompt is listed while the tool that it needs is there and not hidden by the policy.
https://modelcontextprotocol.io/specification/2026-07-28/server/prompts
"""

from collections.abc import Collection
from typing import Final

from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, Prompt, PromptArgument

from binance_mcp.server.tools.status import STATUS_TOOL
from binance_mcp.server.tools.user_events import USER_EVENTS_TOOL

WATCH: Final = Prompt(
    name="watch-my-account",
    title="Watch my account",
    description="Wait for what happens on the account, and tell it.",
    arguments=[
        PromptArgument(name="symbol", description="E.g. BTCUSDT. Default: all."),
        PromptArgument(name="watchFor", description="E.g. fills. Default: everything."),
    ],
)
REFUSED: Final = Prompt(
    name="why-was-i-refused",
    title="Why was I refused?",
    description="Explain why a call was denied or failed, and what to do.",
    arguments=[PromptArgument(name="tool", description="Default: the last call that was.")],
)
MISSED: Final = Prompt(
    name="what-did-i-miss",
    title="What did I miss?",
    description="Tell what has happened on the account, and what is not known.",
    arguments=[
        PromptArgument(name="since", description="E.g. 8 hours. Default: what was read last."),
        PromptArgument(name="cursor", description="nextCursor of an earlier result."),
    ],
)
NEEDED: Final = {
    WATCH.name: USER_EVENTS_TOOL,
    REFUSED.name: STATUS_TOOL,
    MISSED.name: USER_EVENTS_TOOL,
}
"""The tool that a prompt needs."""
_LONGEST_NAME: Final = 128
"""Of a name that is told again."""


def shown_prompts(tools: Collection[str]) -> list[Prompt]:
    """Return the prompts whose tool is among `tools`."""
    return [prompt for prompt in (WATCH, REFUSED, MISSED) if NEEDED[prompt.name] in tools]


def shown_prompt(name: str, tools: Collection[str]) -> Prompt:
    """Return a prompt by name.

    Raises:
        MCPError: There is none among those that are listed.

    """
    for prompt in shown_prompts(tools):
        if prompt.name == name:
            return prompt
    raise MCPError(INVALID_PARAMS, f"Unknown prompt: {name[:_LONGEST_NAME]}")


def argument_names(prompt: Prompt) -> list[str]:
    """Return the names of a prompt's arguments."""
    return [argument.name for argument in prompt.arguments or ()]
