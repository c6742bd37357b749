from binance_mcp.futures.repair.known_orders import order_of
from binance_mcp.futures.repair.listing import Listing


def test_a_row_that_is_listed_again_replaces_the_earlier_one_and_its_source() -> None:
    listing = Listing(order_of)
    listing.add([{"symbol": "BTCUSDT", "orderId": 1, "status": "NEW"}], "first")
    listing.add([{"symbol": "BTCUSDT", "orderId": 2}], "first")
    listing.add([{"symbol": "BTCUSDT", "orderId": 1, "status": "FILLED"}], "second")
    assert [row.get("status") for row in listing.rows.values()] == ["FILLED", None]
    assert list(listing.sources.values()) == ["second", "first"]
