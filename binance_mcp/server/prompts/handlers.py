"""Serving the prompts, and completions of their arguments.

Neither is a call: nothing is counted under the policy's limits, or recorded.
"""

from collections.abc import Collection, Iterator
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    PromptMessage,
    TextContent,
)

from binance_mcp.errors import InvalidArgumentsError
from binance_mcp.futures.account import Account
from binance_mcp.policy.call import Call
from binance_mcp.server.prompts.completions import completion, known_symbols
from binance_mcp.server.prompts.menu import shown_prompt, shown_prompts
from binance_mcp.server.prompts.steps import prompt_text
from binance_mcp.server.tool_calls import ToolCalls
from binance_mcp.server.tools.user_events import USER_EVENTS_TOOL


class PromptHandlers:
    """The handlers of what a host asks about prompts. `tools` are the names of the existing ones.

    They raise MCPError if a prompt is not listed, or an argument cannot be used.
    """

    def __init__(self, calls: ToolCalls, tools: Collection[str]) -> None:
        self._calls = calls
        self._tools = tools

    def attach(self, server: Server[Account]) -> None:
        """Serve prompts and completions, and announce them in the handshake."""
        server.add_request_handler("prompts/list", PaginatedRequestParams, self._list)
        server.add_request_handler("prompts/get", GetPromptRequestParams, self._get)
        server.add_request_handler("completion/complete", CompleteRequestParams, self._complete)

    async def _list(
        self, _: ServerRequestContext[Account, Any], _params: PaginatedRequestParams | None
    ) -> ListPromptsResult:
        return ListPromptsResult(prompts=shown_prompts(self._shown()))

    async def _get(
        self, _: ServerRequestContext[Account, Any], params: GetPromptRequestParams
    ) -> GetPromptResult:
        shown = self._shown()
        prompt = shown_prompt(params.name, shown)
        try:
            text = prompt_text(prompt, params.arguments or {}, shown)
        except InvalidArgumentsError as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None
        message = PromptMessage(role="user", content=TextContent(type="text", text=text))
        return GetPromptResult(description=prompt.description, messages=[message])

    async def _complete(
        self, ctx: ServerRequestContext[Account, Any], params: CompleteRequestParams
    ) -> CompleteResult:
        symbols = self._readable_symbols(ctx.lifespan_context)
        found = completion(params.ref, params.argument, self._shown(), symbols)
        return CompleteResult(completion=found)

    def _shown(self) -> list[str]:
        return [name for name in self._tools if not self._calls.is_hidden(name)]

    def _readable_symbols(self, account: Account) -> Iterator[str]:
        """Yield the symbols whose events the policy allows to read without asking the user."""
        for symbol in known_symbols(account):
            if self._calls.would_admit(Call(USER_EVENTS_TOOL, {"symbol": symbol})):
                yield symbol
