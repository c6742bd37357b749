import pytest

from binance_mcp.futures.environment import ENVIRONMENTS, Environment


def test_the_environments_are_the_documented_ones_and_the_sandbox() -> None:
    assert list(ENVIRONMENTS) == ["mainnet", "demo", "sandbox"]
    assert list(ENVIRONMENTS.values()) == [
        Environment("mainnet", "https://fapi.binance.com", "wss://fstream.binance.com", 2400),
        Environment(
            "demo", "https://demo-fapi.binance.com", "wss://demo-fstream.binance.com", 6000
        ),
        Environment("sandbox", "http://sandbox.invalid", "ws://sandbox.invalid", 2400),
    ]


@pytest.mark.parametrize(
    ("name", "host"),
    [("mainnet", "wss://fstream.binance.com"), ("demo", "wss://demo-fstream.binance.com")],
)
def test_the_user_stream_url_has_the_private_route_and_every_event(name: str, host: str) -> None:
    assert ENVIRONMENTS[name].user_stream_url("pqia91ma19a5s61c") == (
        f"{host}/private/ws?listenKey=pqia91ma19a5s61c&events="
        "ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/MARGIN_CALL/TRADE_LITE/ACCOUNT_CONFIG_UPDATE/"
        "STRATEGY_UPDATE/GRID_UPDATE/CONDITIONAL_ORDER_TRIGGER_REJECT/ALGO_UPDATE/listenKeyExpired"
    )
