"""How a tool is made: its schemas, its hints, and how it takes its arguments."""

from collections.abc import Callable
from typing import Any, Final

from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import FuncMetadata
from mcp.types import ToolAnnotations

from binance_mcp.server.tools.slim_schema import slim

READS: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""What is known here is reported; nothing is asked."""
ASKS: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
"""Binance is asked; nothing is changed."""
EXTENDS: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
DESTROYS: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)


def make_tool(
    function: Callable[..., Any],
    name: str,
    description: str,
    hints: ToolAnnotations,
    *,
    meta: dict[str, Any] | None = None,
) -> Tool:
    """Return a tool, titled like its function, that refuses unknown arguments."""
    tool = Tool.from_function(
        function,
        name=name,
        title=function.__name__.replace("_", " ").capitalize(),
        description=description,
        annotations=hints,
        meta=meta,
    )
    tool.fn_metadata = _AsSent(
        arg_model=tool.fn_metadata.arg_model,
        output_model=tool.fn_metadata.output_model,
        output_schema=slim(tool.fn_metadata.output_schema or {}),
    )
    tool.parameters = slim(tool.parameters) | {"additionalProperties": False}
    return tool


class _AsSent(FuncMetadata):
    """Takes arguments as they were sent; null means absent.

    The SDK parses text as JSON where a parameter may be something other than text, so that the
    listen key "null" would count as absent.
    """

    def pre_parse_json(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in data.items() if value is not None}
