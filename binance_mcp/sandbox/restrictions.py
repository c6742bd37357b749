"""What an API key may do, and the route that shows it. Pure.

https://developers.binance.com/docs/wallet/account/api-key-permission
"""

from typing import Final

from binance_mcp.sandbox.wire_model import WireModel

PATH: Final = "/sapi/v1/account/apiRestrictions"


class Restrictions(WireModel):
    """What an API key may do. By default it is one that can use Futures, and nothing to excess."""

    ip_restrict: bool = True
    """Whether it may be used from some IP addresses only; the sandbox itself does not mind."""
    enable_reading: bool = True
    enable_futures: bool = True
    """Whether the routes under /fapi accept the key."""
    enable_withdrawals: bool = False
    enable_portfolio_margin_trading: bool = False
