"""The icon that hosts show for the server: a key, legible on light and on dark."""

from base64 import b64encode
from typing import Any, Final

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.types import SERVER_INFO_META_KEY, Icon

_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<rect width="24" height="24" rx="5" fill="#1f4e79"/>'
    '<g fill="none" stroke="#fff" stroke-width="2">'
    '<circle cx="8" cy="12" r="3"/><path d="M11 12h9v4m-4-4v3"/></g></svg>'
)
ICON: Final = Icon(
    src=f"data:image/svg+xml;base64,{b64encode(_SVG.encode()).decode()}",
    mime_type="image/svg+xml",
    sizes=["any"],
)
"""https://modelcontextprotocol.io/specification/2025-11-25/basic#icons"""


async def send_with_discovery_only(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """Send the icon in the answer to `server/discover` and in no other. A middleware.

    The SDK repeats what it tells of the server in each result, from revision 2026-07-28 on.
    """
    result = await call_next(ctx)
    if isinstance(result, dict) and ctx.method != "server/discover":
        result.get("_meta", {}).get(SERVER_INFO_META_KEY, {}).pop("icons", None)
    return result
