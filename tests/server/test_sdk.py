"""What is private in the SDK is there, and does what it is touched for."""

import pytest
from mcp import Client

from tests.server.connections import Serve

pytestmark = pytest.mark.anyio


async def test_the_handshake_declares_tools_list_changed(serve: Serve) -> None:
    async with Client(serve(), mode="legacy") as client:
        assert client.server_capabilities.tools
        assert client.server_capabilities.tools.list_changed
