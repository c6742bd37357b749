import json
from dataclasses import replace
from typing import Any, Final

import pytest
from starlette.responses import JSONResponse, Response

from binance_mcp.futures.binance_error import UnreadableAnswerError
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.rest_api import RestApi

pytestmark = pytest.mark.anyio

URL: Final = "http://sandbox.invalid"


@pytest.mark.parametrize("content", [{}, {"listenKey": ""}, {"listenKey": 5}, {"listenKey": None}])
async def test_a_create_answer_must_have_a_listen_key_and_a_keepalive_answer_need_not(
    content: dict[str, Any], rest_api: RestApi
) -> None:
    async with http_client(URL, app=JSONResponse(content)) as http:
        api = replace(rest_api, http=http)

        assert await api.keepalive_listen_key() is None
        with pytest.raises(UnreadableAnswerError, match=r"without a listen key$"):
            await api.create_listen_key()


@pytest.mark.parametrize(
    "key",
    [
        "\ud800",
        "a b",
        "key\n",
        "\x1b[31m",
        "x&events=#@evil/",
        "../../stream",
        "ключ",
        "a" * 129,
        "a" * 60_000,
    ],
)
async def test_an_implausible_listen_key_in_an_answer_is_an_error(
    key: str, rest_api: RestApi
) -> None:
    answer = Response(json.dumps({"listenKey": key}), media_type="application/json")
    async with http_client(URL, app=answer) as http:
        api = replace(rest_api, http=http)

        for call in (api.create_listen_key, api.keepalive_listen_key):
            with pytest.raises(UnreadableAnswerError) as failed:
                await call()
            assert str(failed.value) == "Binance answered 200 with no possible listen key"


@pytest.mark.parametrize("key", ["a", "A-z_0", "a" * 128])
async def test_a_plausible_listen_key_in_an_answer_is_accepted(key: str, rest_api: RestApi) -> None:
    async with http_client(URL, app=JSONResponse({"listenKey": key})) as http:
        created = await replace(rest_api, http=http).create_listen_key()

    assert created.get_secret_value() == key
