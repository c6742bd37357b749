import json
from typing import Any, Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.futures.user_stream.change import Change, change_of, is_fill
from binance_mcp.futures.user_stream.event import UserEvent
from tests.futures.user_stream.documented_events import DOCUMENTED, documented
from tests.futures.user_stream.test_event import mutated, parsed

ORDER: Final = 8886774


def change(kind: str = "ORDER_TRADE_UPDATE", **changed: Any) -> Change | None:  # noqa: ANN401  # JSON
    return change_of(parsed(json.dumps(documented(kind, **changed))))


@pytest.mark.parametrize("execution", ["TRADE", "CALCULATED"])
def test_a_fill_is_told_from_others_by_its_trade(execution: str) -> None:
    found = change(x=execution, X="FILLED", t=7)
    assert found == ("BTCUSDT", "fill", str(ORDER), "7")
    assert is_fill(("BTCUSDT", "fill", str(ORDER), "7"))
    assert change(x=execution, X="PARTIALLY_FILLED", t=7) == found
    assert change(x=execution, X="FILLED", t=8) != found


def test_an_order_is_placed_once() -> None:
    assert change(x="NEW", X="NEW") == ("BTCUSDT", "order", str(ORDER), "placed")
    assert not is_fill(("BTCUSDT", "order", str(ORDER), "placed"))


@pytest.mark.parametrize(
    ("execution", "status"),
    [
        ("CANCELED", "CANCELED"),
        ("EXPIRED", "EXPIRED"),
        ("EXPIRED", "EXPIRED_IN_MATCH"),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH"),
        ("REJECTED", "REJECTED"),
    ],
)
def test_an_order_ends_once_in_whatever_way(execution: str, status: str) -> None:
    assert change(x=execution, X=status) == ("BTCUSDT", "order", str(ORDER), "ended")


def test_an_amendment_is_no_change_that_can_be_recognized() -> None:
    assert change(x="AMENDMENT", X="NEW") is None


@pytest.mark.parametrize(
    ("step", "states"),
    [
        ("placed", ["NEW"]),
        ("triggered", ["TRIGGERING", "TRIGGERED"]),
        ("ended", ["CANCELED", "EXPIRED", "FINISHED", "REJECTED"]),
    ],
)
def test_a_stop_is_placed_triggered_and_ended_once_each(step: str, states: list[str]) -> None:
    for state in states:
        assert change("ALGO_UPDATE", X=state) == ("BNBUSDT", "stop", "2148719", step)


def test_a_stop_in_an_unknown_state_is_no_change() -> None:
    assert change("ALGO_UPDATE", X="PAUSED") is None


def test_events_of_all_other_types_change_nothing_that_is_listed() -> None:
    found = {json.loads(frame)["e"]: change_of(parsed(frame)) for frame in DOCUMENTED}
    assert [kind for kind, each in found.items() if each] == ["ORDER_TRADE_UPDATE", "ALGO_UPDATE"]


@pytest.mark.parametrize(
    "missing",
    [
        {"s": ""},
        {"s": None},
        {"i": 0},
        {"i": "8886774"},
        {"x": "TRADE", "X": "FILLED", "t": 0},
        {"x": "TRADE", "X": "FILLED", "t": None},
    ],
)
def test_what_does_not_say_what_it_is_about_is_no_change(missing: dict[str, Any]) -> None:
    assert change(**missing) is None


@given(st.sampled_from(DOCUMENTED), st.sampled_from(["TRADE", "NEW", "EXPIRED"]), st.data())
def test_every_change_names_a_symbol_and_an_order_however_strange_the_event(
    frame: str, execution: str, data: st.DataObject
) -> None:
    event = mutated(frame, data)
    if isinstance(order := event.get("o"), dict):
        cast("dict[str, object]", order)["x"] = execution
    found = change_of(UserEvent("id", event["e"], None, None, None, event))
    assert found is None or (all(found) and found[2].isdigit())
