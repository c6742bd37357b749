"""Asking Binance whether credentials work."""

from contextlib import suppress

from binance_mcp.futures.account import environment_of
from binance_mcp.futures.binance_error import InvalidListenKeyError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.settings import Settings


async def check_credentials(settings: Settings, credentials: Credentials) -> None:
    """Ask Binance, in the configured environment, to keep the account's listen key alive.

    That needs what this server needs, and creates nothing. An account without a listen key is no
    failure.

    Raises:
        BinanceError: Binance refuses the credentials, or could not be asked; the class says which.

    """
    environment = environment_of(settings)
    async with http_client(environment.rest_url) as http:
        weight = RequestWeight(environment.weight_limit)
        rest_api = RestApi(http, credentials, weight, timeout=settings.timeout_seconds)
        with suppress(InvalidListenKeyError):
            await rest_api.keepalive_listen_key()
