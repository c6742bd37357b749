"""A bare server whose one tool sends the keepalive: over stdio, or over HTTP if given a port."""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx2 as httpx
from mcp.server import MCPServer
from mcp.server.mcpserver import Context


@asynccontextmanager
async def lifespan(_: MCPServer[httpx.AsyncClient]) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=os.environ["BINANCE_REST_URL"], trust_env=False) as http:
        yield http


mcp = MCPServer("bare", log_level="ERROR", lifespan=lifespan)


@mcp.tool()
async def keepalive(context: Context[httpx.AsyncClient]) -> str:
    """Keep the listen key alive."""
    http = context.request_context.lifespan_context
    headers = {"X-MBX-APIKEY": os.environ["BINANCE_API_KEY"]}
    response = await http.put("/fapi/v1/listenKey", headers=headers)
    return response.raise_for_status().json()["listenKey"]


if __name__ == "__main__":
    if sys.argv[1:]:
        mcp.run("streamable-http", port=int(sys.argv[1]))
    mcp.run()
