import xml.etree.ElementTree as ET
from base64 import b64decode

import pytest
from mcp import Client
from mcp.types import SERVER_INFO_META_KEY

from binance_mcp.server.icon import ICON
from tests.server.connections import CREATE, Connect, Serve

pytestmark = pytest.mark.anyio


async def test_the_server_has_an_icon_in_the_handshake(connect: Connect) -> None:
    async with connect() as client:
        assert client.server_info
        assert client.server_info.icons == [ICON]


def test_the_icon_is_a_small_svg_that_needs_nothing_else() -> None:
    media_type, _, encoded = ICON.src.partition(";base64,")
    svg = ET.fromstring(b64decode(encoded))  # noqa: S314  # it is our own
    assert (media_type, ICON.mime_type) == ("data:image/svg+xml", "image/svg+xml")
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(ICON.model_dump_json(by_alias=True, exclude_none=True)) < 400


async def test_the_icon_is_not_repeated_in_results(serve: Serve) -> None:
    async with Client(serve()) as client:
        results = (await client.list_tools(), await client.call_tool(CREATE, {}))
    for result in results:
        told = (result.meta or {})[SERVER_INFO_META_KEY]
        assert told.keys() == {"name", "title", "version"}
