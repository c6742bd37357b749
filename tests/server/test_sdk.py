"""What is private in the SDK is there, and does what it is touched for."""

import pytest
from mcp import Client, MCPError

from tests.server.connections import Connect, Serve

pytestmark = pytest.mark.anyio


async def test_prompts_are_neither_declared_nor_answered(connect: Connect) -> None:
    async with connect() as client:
        assert client.server_capabilities is not None
        assert client.server_capabilities.prompts is None
        for ask in (client.list_prompts(), client.get_prompt("any")):
            with pytest.raises(MCPError) as refused:
                await ask
            assert refused.value.error.code == -32601


async def test_the_handshake_declares_tools_list_changed(serve: Serve) -> None:
    async with Client(serve(), mode="legacy") as client:
        assert client.server_capabilities.tools
        assert client.server_capabilities.tools.list_changed
