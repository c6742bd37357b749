"""A program written with Binance's own SDK: a listen key's life, and one event of its stream.

It is given where the sandbox is as JSON, and prints what it found as JSON.
"""

import asyncio  # noqa: TID251  # the SDK's
import json
import sys
import urllib.request
from typing import Any

from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_common.errors import BadRequestError
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    DerivativesTradingUsdsFutures,
)

EVENT = '{"e": "ACCOUNT_UPDATE", "E": 1, "T": 1, "a": {"m": "ORDER", "B": [], "P": []}}'


async def main(at: dict[str, str]) -> None:
    sdk: Any = DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=at["apiKey"], api_secret=at["apiSecret"], base_path=at["restUrl"]
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=at["streamUrl"]),
    )
    created = sdk.rest_api.start_user_data_stream().data().listen_key
    kept = sdk.rest_api.keepalive_user_data_stream().data().listen_key
    event = await first_event(sdk, created, at["restUrl"])
    sdk.rest_api.close_user_data_stream()
    try:
        sdk.rest_api.keepalive_user_data_stream()
        refusal = None
    except BadRequestError as error:
        refusal = str(error)
    found = {"created": created, "kept": kept, "event": event, "refusal": refusal}
    sys.stdout.write(json.dumps(found))


async def first_event(sdk: Any, key: str, rest_url: str) -> str:  # noqa: ANN401  # untyped
    received: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    connection = await sdk.websocket_streams.create_connection()
    stream = await connection.user_data(listenKey=key)
    stream.on("message", received.set_result)
    body = f'{{"event": {EVENT}}}'.encode()
    pushed = urllib.request.Request(f"{rest_url}/sandbox/events", body)  # noqa: S310
    with urllib.request.urlopen(pushed) as answer:  # noqa: S310
        assert json.load(answer) == {"delivered": 1}
    event = type((await asyncio.wait_for(received, 10)).actual_instance).__name__
    await connection.close_connection()
    return event


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
