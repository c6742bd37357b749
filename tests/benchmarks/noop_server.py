"""A bare server whose one tool does nothing, over stdio."""

from mcp.server import MCPServer

mcp = MCPServer("bare", log_level="ERROR")


@mcp.tool()
async def noop() -> str:
    """Do nothing."""
    return "done"


if __name__ == "__main__":
    mcp.run()
