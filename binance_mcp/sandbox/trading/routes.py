"""The routes under /sandbox/ that change accounts."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic import ConfigDict

from binance_mcp.sandbox.accounts import Account
from binance_mcp.sandbox.http_messages import Answer, Handler, Request, Routes
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.trading.amounts import Positive
from binance_mcp.sandbox.trading.changes import (
    Change,
    EndOfOrder,
    EndOfStop,
    Funding,
    MarketFill,
    NewFill,
    NewOrder,
    NewStop,
    Symbol,
    TriggerOfStop,
)
from binance_mcp.sandbox.trading.ledger import Ledgers
from binance_mcp.sandbox.wire_model import WireModel

_DONE: Final = Answer(204, "")


class NewMarks(WireModel):
    """Mark prices to set, by symbol. They are the exchange's, and make no events."""

    prices: Mapping[Symbol, Positive]
    withheld: bool = False
    """As for every change; here it makes no difference."""


class _Outline(WireModel):
    """What tells one change from another; other members are ignored."""

    model_config = ConfigDict(extra="ignore")

    order_id: int | None = None
    algo_id: int | None = None
    status: str | None = None


class ChangeRoutes:
    """The routes that change accounts. `account` finds that of an API key, or the only one.

    Each answers the id that the change results in.
    """

    def __init__(self, ledgers: Ledgers, account: Callable[[str | None], Account]) -> None:
        self._ledgers = ledgers
        self._account = account
        self.routes: Routes = {
            "/sandbox/orders": {"POST": self._route(_order_change)},
            "/sandbox/fills": {"POST": self._route(_fill)},
            "/sandbox/funding": {"POST": self._route(lambda _: Funding)},
            "/sandbox/stops": {"POST": self._route(_stop_change)},
            "/sandbox/marks": {"POST": self._set_marks},
        }

    def _route(self, model: Callable[[_Outline], type[Change]]) -> Handler:
        def change(request: Request, _now: Moment) -> Answer:
            outline = _Outline.model_validate_json(request.body)
            asked = model(outline).model_validate_json(request.body)
            result = self._ledgers.of(self._account(asked.api_key)).make(asked)
            return Answer(200, {asked.answers: result})

        return change

    def _set_marks(self, request: Request, _now: Moment) -> Answer:
        self._ledgers.exchange.set_marks(NewMarks.model_validate_json(request.body).prices)
        return _DONE


def _order_change(outline: _Outline) -> type[Change]:
    return NewOrder if outline.order_id is None else EndOfOrder


def _fill(outline: _Outline) -> type[Change]:
    return MarketFill if outline.order_id is None else NewFill


def _stop_change(outline: _Outline) -> type[Change]:
    if outline.algo_id is None:
        return NewStop
    return TriggerOfStop if outline.status == "TRIGGERED" else EndOfStop
