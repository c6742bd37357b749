"""What a host suggests while a user fills in the arguments of a prompt.

https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/completion
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    PromptReference,
    ResourceTemplateReference,
)

from binance_mcp.futures.account import Account
from binance_mcp.futures.user_stream.wanted import symbols as symbols_of
from binance_mcp.server.prompts.menu import argument_names, shown_prompt

_SUGGESTED: Final = {
    "watchFor": ("fills", "order changes", "position changes", "balance changes", "margin calls"),
    "since": ("15 minutes", "1 hour", "8 hours", "1 day"),
    "cursor": ("oldest",),
}
_MOST: Final = 100
"""The protocol allows no more."""


def known_symbols(account: Account) -> Iterator[str]:
    """Yield the symbols of open orders, and those of the events held, the newest first."""
    newest_first = reversed(list(account.stream.journal.after(0)))
    of_events = (symbol for entry in newest_first for symbol in sorted(symbols_of(entry.event)))
    of_orders = account.known_orders.symbols if account.known_orders else ()
    yield from dict.fromkeys((*sorted(of_orders), *of_events))


def completion(
    ref: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    tools: Collection[str],
    symbols: Iterable[str],
) -> Completion:
    """Return the values of an argument that contain what was typed, in upper or lower case.

    Those that begin with it come first. `tools` and `symbols` are those that may be shown.

    Raises:
        MCPError: There is no such prompt, or it has no such argument.

    """
    if isinstance(ref, ResourceTemplateReference):
        raise MCPError(INVALID_PARAMS, "There are no resource templates.")
    prompt = shown_prompt(ref.name, tools)
    if argument.name not in argument_names(prompt):
        raise MCPError(INVALID_PARAMS, f"{prompt.name} has no such argument.")
    values = {"tool": tools, "symbol": symbols, **_SUGGESTED}[argument.name]
    typed = argument.value.casefold()
    found = [value for value in values if typed in value.casefold()]
    found.sort(key=lambda value: not value.casefold().startswith(typed))
    return Completion(values=found[:_MOST], total=len(found), has_more=len(found) > _MOST)
