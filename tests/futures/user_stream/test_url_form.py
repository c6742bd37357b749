from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.user_stream.url_form import URL_FORMS

EVENTS = (
    "ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/MARGIN_CALL/TRADE_LITE/ACCOUNT_CONFIG_UPDATE/"
    "STRATEGY_UPDATE/GRID_UPDATE/CONDITIONAL_ORDER_TRIGGER_REJECT/ALGO_UPDATE/listenKeyExpired"
)


def test_the_documented_form_comes_first_and_names_every_event() -> None:
    urls = [form.url(ENVIRONMENTS["mainnet"], ListenKey("KEY")) for form in URL_FORMS]
    assert urls == [
        f"wss://fstream.binance.com/private/ws?listenKey=KEY&events={EVENTS}",
        "wss://fstream.binance.com/private/ws/KEY",
        "wss://fstream.binance.com/private/ws?listenKey=KEY",
    ]
    assert urls[0] == ENVIRONMENTS["mainnet"].user_stream_url("KEY")
