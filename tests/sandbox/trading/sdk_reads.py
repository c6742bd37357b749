"""A program written with Binance's own SDK: it reads an account, and prints that as JSON."""

import json
import sys
from typing import Any

from binance_common.configuration import ConfigurationRestAPI
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    DerivativesTradingUsdsFutures,
)
from pydantic_core import to_json


def main(at: dict[str, str]) -> None:
    sdk: Any = DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=at["apiKey"], api_secret=at["apiSecret"], base_path=at["restUrl"]
        )
    )
    rest = sdk.rest_api
    read = {
        "openOrders": rest.current_all_open_orders(),
        "openAlgoOrders": rest.current_all_algo_open_orders(),
        "allOrders": rest.all_orders(),
        "order": rest.query_order("BTCUSDT", order_id=1),
        "allAlgoOrders": rest.query_all_algo_orders("BTCUSDT", algo_id=2, limit=1000),
        "algoOrder": rest.query_algo_order(algo_id=1),
        "algoOrder of a client": rest.query_algo_order(client_algo_id="stop of mine"),
        "userTrades": rest.account_trade_list("BTCUSDT", from_id=1, limit=1000),
        "income": rest.get_income_history(limit=1000),
        "account": rest.account_information_v3(),
        "positionRisk": rest.position_information_v3(),
        "balance": rest.futures_account_balance_v3(),
    }
    models = {name: each.data() for name, each in read.items()}
    sys.stdout.write(to_json(models, by_alias=True, exclude_none=True).decode())


if __name__ == "__main__":
    main(json.loads(sys.stdin.readline()))
