import json
import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.futures.user_stream.documented_events import DOCUMENTED, MULTI_ASSETS, documented, fill
from tests.futures.user_stream.test_event import parsed

FINITE = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())


def id_of(event: object) -> str:
    return parsed(json.dumps(event)).event_id


@pytest.mark.parametrize(
    ("kind", "event_id"),
    [
        ("TRADE_LITE", "TRADE_LITE:BTCUSDT:8886774:109100866:1721895408214"),
        ("ORDER_TRADE_UPDATE", "ORDER_TRADE_UPDATE:BTCUSDT:8886774:NEW:NEW:1568879465650:*"),
        ("ALGO_UPDATE", "ALGO_UPDATE:BNBUSDT:2148719:CANCELED:1750515742297:*"),
        ("ACCOUNT_UPDATE", "ACCOUNT_UPDATE:ORDER:1564745798938:*"),
        ("MARGIN_CALL", "MARGIN_CALL:1587727187525:*"),
        ("ACCOUNT_CONFIG_UPDATE", "ACCOUNT_CONFIG_UPDATE:BTCUSDT:1611646737476:*"),
        ("STRATEGY_UPDATE", "STRATEGY_UPDATE:BTCUSDT:176054594:NEW:1669261797627:*"),
        ("GRID_UPDATE", "GRID_UPDATE:BTCUSDT:176057039:WORKING:1669262908216:*"),
        (
            "CONDITIONAL_ORDER_TRIGGER_REJECT",
            "CONDITIONAL_ORDER_TRIGGER_REJECT:ETHUSDT:155618472834:1685517224955:*",
        ),
        ("listenKeyExpired", "listenKeyExpired:1736996475556:*"),
    ],
)
def test_an_id_says_what_an_event_is_about_and_when(kind: str, event_id: str) -> None:
    found = parsed(json.dumps(documented(kind))).event_id
    assert re.fullmatch(event_id.replace("*", "[0-9a-f]{16}"), found)


def test_the_id_of_a_fill_names_its_order_and_trade() -> None:
    event = parsed(json.dumps(fill(77)))
    assert event.event_id == "ORDER_TRADE_UPDATE:BTCUSDT:8886774:TRADE:FILLED:77:1568879465650"


def test_a_fill_that_is_pushed_again_later_is_the_same_event() -> None:
    assert id_of(fill(77)) == id_of(fill(77, E=1_800_000_000_000))


def test_two_partial_fills_of_a_millisecond_are_two_events() -> None:
    assert id_of(fill(77, X="PARTIALLY_FILLED")) != id_of(fill(78, X="PARTIALLY_FILLED", E=77))


def test_both_sides_of_a_trade_with_oneself_are_events() -> None:
    assert id_of(fill(77)) != id_of(fill(77, i=1))


@pytest.mark.parametrize(
    "changed",
    [
        {"i": 1},
        {"t": 1},
        {"x": "TRADE"},
        {"X": "FILLED"},
        {"E": 1},
        {"M": "17"},
        {"q": "0.002"},
        {"p": "7000"},
        {"a": "0"},
    ],
)
def test_another_order_trade_state_time_price_or_quantity_is_another_event(
    changed: dict[str, Any],
) -> None:
    one, other = documented("ORDER_TRADE_UPDATE"), documented("ORDER_TRADE_UPDATE")
    (other if "E" in changed else other["o"]).update(changed)
    assert id_of(one) != id_of(other)


def test_two_pushes_about_a_conditional_order_in_a_millisecond_are_two_events() -> None:
    one, other = documented("ALGO_UPDATE", X="NEW"), documented("ALGO_UPDATE", X="NEW")
    one["o"]["ia"], other["o"]["ia"] = False, True
    assert id_of(one) != id_of(other)


def test_two_account_updates_of_the_same_millisecond_are_two_events() -> None:
    one, other = documented("ACCOUNT_UPDATE"), documented("ACCOUNT_UPDATE")
    other["a"]["B"][0]["wb"] = "122624.12345679"
    assert id_of(one) != id_of(other)


def test_the_ends_of_two_listen_keys_are_two_events_though_they_look_alike_when_masked() -> None:
    one, other = (documented("listenKeyExpired", listenKey=f"same{x * 60}") for x in "ab")
    assert id_of(one) != id_of(other)
    assert parsed(json.dumps(one)).data == parsed(json.dumps(other)).data


@given(st.sampled_from([*DOCUMENTED, MULTI_ASSETS]), st.data())
def test_the_order_of_the_fields_does_not_matter(frame: str, data: st.DataObject) -> None:
    def shuffled(value: Any) -> Any:  # noqa: ANN401  # JSON
        if not isinstance(value, dict):
            return value
        known = cast("dict[str, Any]", value)
        names = data.draw(st.permutations(list(known)))
        return {name: shuffled(known[name]) for name in names}

    assert id_of(shuffled(json.loads(frame))) == parsed(frame).event_id


@given(st.sampled_from([*DOCUMENTED, MULTI_ASSETS]), st.data())
def test_any_other_content_is_another_event_unless_it_is_a_fill(
    frame: str, data: st.DataObject
) -> None:
    event = json.loads(frame)
    name = data.draw(st.sampled_from([name for name in event if name != "e"]))
    event[name] = data.draw(
        FINITE.filter(lambda value: json.dumps(value) != json.dumps(event[name]))
    )
    if event["e"] != "TRADE_LITE":
        assert id_of(event) != parsed(frame).event_id


@pytest.mark.parametrize(
    "order",
    [
        5,
        {},
        {"s": 5.5, "t": 1},
        {"s": "é", "i": [1], "x": "a" * 21, "X": "b c", "t": 1},
        {"s": "a:b", "i": {}, "x": None, "X": None, "t": True},
    ],
)
def test_an_order_without_proper_names_and_numbers_has_a_digest(order: object) -> None:
    event_id = id_of({"e": "ORDER_TRADE_UPDATE", "E": 18, "T": 17, "o": order})
    assert re.fullmatch(r"ORDER_TRADE_UPDATE:(a:b:)?17:[0-9a-f]{16}", event_id)


def test_a_separator_in_a_name_cannot_make_two_fills_one() -> None:
    one, other = fill(7, s="A:B", i="C"), fill(7, s="A", i="B:C")
    assert id_of(one) != id_of(other)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            fill(7, s="LONGSYMBOLUSDT_250926", i=2**63 - 1, X="PARTIALLY_FILLED", t=2**63 - 1),
            "ORDER_TRADE_UPDATE:9223372036854775807:TRADE:PARTIALLY_FILLED:1568879465650:*",
        ),
        ({"e": "A" * 64, "s": "B" * 20, "T": 1568879465650}, f"{'A' * 64}:*"),
        ({"e": "new thing", "T": 17}, "event:*"),
    ],
)
def test_an_id_that_would_be_too_long_or_not_plain_says_less(event: object, expected: str) -> None:
    assert re.fullmatch(expected.replace("*", "[0-9a-f]{16}"), id_of(event))
