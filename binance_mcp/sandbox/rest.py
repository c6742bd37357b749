"""The routes under /fapi and /sapi: those of trading are in `trading.reads`. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

from typing import Final

from binance_mcp.sandbox.accounts import Accounts
from binance_mcp.sandbox.authentication import authenticate, authenticate_key_owner
from binance_mcp.sandbox.error_answers import WEIGHT_LIMIT
from binance_mcp.sandbox.faults import Faults, Outcome
from binance_mcp.sandbox.http_messages import (
    Answer,
    RefusedError,
    Request,
    Routes,
    find_handler,
)
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.rate_limits import RateLimits
from binance_mcp.sandbox.restrictions import PATH as RESTRICTIONS
from binance_mcp.sandbox.trading.ledger import Ledgers
from binance_mcp.sandbox.trading.reads import Reads, weight

_LISTEN_KEY: Final = "/fapi/v1/listenKey"
_RATE_LIMITS: Final = tuple(
    {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
    for kind, interval, number, limit in (
        ("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_LIMIT),
        ("ORDERS", "MINUTE", 1, 1200),
        ("ORDERS", "SECOND", 10, 300),
    )
)


class Rest:
    """Binance's REST API, as far as listen keys and what an account traded are concerned."""

    def __init__(self, accounts: Accounts, faults: Faults, ledgers: Ledgers) -> None:
        self._accounts = accounts
        self._faults = faults
        self._rate_limits = RateLimits()
        self._routes: Routes = {
            "/fapi/v1/ping": {"GET": _ping},
            "/fapi/v1/time": {"GET": _time},
            "/fapi/v1/exchangeInfo": {"GET": _exchange_info},
            _LISTEN_KEY: {"POST": self._create, "PUT": self._keepalive, "DELETE": self._close},
            RESTRICTIONS: {"GET": self._show_restrictions},
            **Reads(accounts, ledgers).routes,
        }

    def outcome(self, request: Request, now: Moment) -> Outcome:
        """Return the outcome of a request; an answer has the used weight of its sender."""
        used = self._rate_limits.count(request.peer, now.wall, weight(request))
        try:
            outcome = self._decide(request, now)
        except RefusedError as error:
            outcome = error.answer
        if isinstance(outcome, Answer):
            return outcome.with_header("X-MBX-USED-WEIGHT-1M", used)
        return outcome

    def _decide(self, request: Request, now: Moment) -> Outcome:
        self._rate_limits.check(request.peer, now.wall)
        if fault := self._faults.take(request):
            return fault.outcome(now)
        return find_handler(self._routes, request)(request, now)

    def _create(self, request: Request, now: Moment) -> Answer:
        account = authenticate(request, self._accounts, now)
        return Answer(200, {"listenKey": self._accounts.open(account, now)})

    def _keepalive(self, request: Request, now: Moment) -> Answer:
        account = authenticate(request, self._accounts, now)
        return Answer(200, {"listenKey": self._accounts.extend(account, now)})

    def _close(self, request: Request, now: Moment) -> Answer:
        self._accounts.close(authenticate(request, self._accounts, now), now)
        return Answer(200, {})

    def _show_restrictions(self, request: Request, now: Moment) -> Answer:
        account = authenticate_key_owner(request, self._accounts, now)
        return Answer(200, account.restrictions.model_dump(by_alias=True))


def _ping(_request: Request, _now: Moment) -> Answer:
    return Answer(200, {})


def _time(_request: Request, now: Moment) -> Answer:
    return Answer(200, {"serverTime": now.milliseconds})


def _exchange_info(_request: Request, now: Moment) -> Answer:
    return Answer(
        200,
        {
            "timezone": "UTC",
            "serverTime": now.milliseconds,
            "rateLimits": _RATE_LIMITS,
            "exchangeFilters": [],
            "assets": [],
            "symbols": [],
        },
    )
