"""A program written with Binance's own SDK: it reads an account, and prints that as JSON."""

import json
import sys
from typing import Any

from binance_common.configuration import ConfigurationRestAPI
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    DerivativesTradingUsdsFutures,
)


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
        "userTrades": rest.account_trade_list("BTCUSDT", from_id=1, limit=1000),
        "income": rest.get_income_history(limit=1000),
        "account": rest.account_information_v3(),
        "positionRisk": rest.position_information_v3(),
        "balance": rest.futures_account_balance_v3(),
    }
    sys.stdout.write(json.dumps({name: shown(each.data()) for name, each in read.items()}))


def shown(parsed: Any) -> Any:  # noqa: ANN401  # models of the SDK
    """Return what the models have, and the fields that they do not know only if there are any."""
    if isinstance(parsed, list):
        return [shown(each) for each in parsed]
    if isinstance(parsed, str | int | None):
        return parsed
    known = {field.alias or name: getattr(parsed, name) for name, field in fields_of(parsed)}
    return {name: shown(value) for name, value in known.items() if value not in (None, {})}


def fields_of(parsed: Any) -> Any:  # noqa: ANN401  # a model of the SDK
    return type(parsed).model_fields.items()


if __name__ == "__main__":
    main(json.loads(sys.stdin.readline()))
