"""The questions that users ask, how an agent finds the answers, and what the truth is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from binance_mcp.sandbox.trading.account_report import account
from tests.matrix.judgement import Answer, Rows, Verdict, judge_events
from tests.matrix.world import BTC, ETH, World
from tests.server.connections import READ, SNAPSHOT, succeeded, text

_EVERYTHING: Final = {"cursor": "oldest", "detail": True, "maxEvents": 500}


@dataclass(frozen=True)
class Answers:
    """What the tools return at one time."""

    events: Answer
    snapshot: Mapping[str, Any] | None
    """None if the account cannot be read."""


@dataclass(frozen=True)
class Question:
    """A question. Everything that it is about has happened."""

    words: str
    is_told: Callable[[World, Rows], bool] | None
    """Whether events tell it; None if none does."""
    is_listed: bool = True
    """Whether Binance lists it, so that it can be read after it was missed."""
    is_shown: Callable[[World, Mapping[str, Any]], bool] | None = None
    """Whether a snapshot of the account shows what there is; None if it does not show it."""

    def judge(self, world: World, answers: Answers) -> Verdict:
        """Judge what an agent finds in the answers."""
        if self.is_shown and answers.snapshot is not None:
            return Verdict.YES if self.is_shown(world, answers.snapshot) else Verdict.WRONG
        if self.is_told is None:
            return Verdict.NO_TOOL
        told = partial(self.is_told, world)
        verdict = judge_events(answers.events, told, world.happened_at, listed=self.is_listed)
        is_state = self.is_shown is not None
        return Verdict.CHANGES if is_state and verdict is Verdict.YES else verdict


async def asked(world: World) -> Answers:
    """Call the tools that answer questions."""
    result = await world.client.call_tool(READ, _EVERYTHING)
    events = Answer(text(result), succeeded(result))
    if SNAPSHOT not in world.tools:
        return Answers(events, None)
    return Answers(events, succeeded(await world.client.call_tool(SNAPSHOT, {})))


def _of_order(rows: Rows) -> dict[tuple[int, str], Mapping[str, Any]]:
    """Return the orders and stops that events are about, by id and status."""
    orders = [row["o"] for row in rows if row["e"] in ("ORDER_TRADE_UPDATE", "ALGO_UPDATE")]
    return {(order.get("i") or order["aid"], order["X"]): order for order in orders}


def _is_filled(world: World, rows: Rows) -> bool:
    return (world.order, "FILLED") in _of_order(rows)


def _is_triggered(world: World, rows: Rows) -> bool:
    return not {(world.stop, "TRIGGERED"), (world.stop, "FINISHED")}.isdisjoint(_of_order(rows))


def _is_placed(world: World, rows: Rows) -> bool:
    return (world.new_order, "NEW") in _of_order(rows)


def _all_changed(world: World, rows: Rows) -> bool:
    return _is_filled(world, rows) and _is_triggered(world, rows) and _is_placed(world, rows)


def _positions_changed(_: World, rows: Rows) -> bool:
    positions = [each for row in rows for each in row.get("a", {}).get("P", ())]
    return {BTC: "0", ETH: "2"}.items() <= {each["s"]: each["pa"] for each in positions}.items()


def _is_funded(_: World, rows: Rows) -> bool:
    return any(row.get("a", {}).get("m") == "FUNDING_FEE" for row in rows)


def _is_called(_: World, rows: Rows) -> bool:
    return any(row["e"] == "MARGIN_CALL" for row in rows)


def _shows_orders(world: World, found: Mapping[str, Any]) -> bool:
    book = world.ledger.book
    orders = {str(order.id) for order in book.open_orders}
    stops = {str(stop.id) for stop in book.open_stops}
    shown = ({each["id"] for each in found[kind]} for kind in ("openOrders", "stops"))
    return [orders, stops] == list(shown) and str(world.new_order) in orders


def _shows_positions(world: World, found: Mapping[str, Any]) -> bool:
    truth = {each.symbol: each.amount for each in world.ledger.book.positions if each.amount}
    return truth == {each["symbol"]: Decimal(each["amount"]) for each in found["positions"]}


def _shows_balance(world: World, found: Mapping[str, Any]) -> bool:
    (balance,) = found["balances"]
    return balance["walletBalance"] == account(world.ledger.book)["totalWalletBalance"]


def _shows_margin(world: World, found: Mapping[str, Any]) -> bool:
    truth, margin = account(world.ledger.book), found["margin"]
    return (margin["availableBalance"], margin["maintenanceMargin"]) == (
        truth["availableBalance"],
        truth["totalMaintMargin"],
    )


QUESTIONS: Final = (
    Question("Was my order filled?", _is_filled),
    Question("Was my stop triggered?", _is_triggered),
    Question("Which orders are open?", _is_placed, is_shown=_shows_orders),
    Question(
        "What is my position?", _positions_changed, is_listed=False, is_shown=_shows_positions
    ),
    Question("What is my balance?", _is_funded, is_listed=False, is_shown=_shows_balance),
    Question("How much margin is left, how far is liquidation?", None, is_shown=_shows_margin),
    Question("Was there a margin call?", _is_called, is_listed=False),
    Question("What funding was paid?", _is_funded, is_listed=False),
    Question("What did I miss?", _all_changed),
)
YESTERDAY: Final = Question("What happened yesterday?", _all_changed)
"""Asked a day later, after the stream has recovered."""
