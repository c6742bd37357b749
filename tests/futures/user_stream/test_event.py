import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.errors import UnreadableFrameError
from binance_mcp.futures.environment import EVENT_TYPES
from binance_mcp.futures.user_stream.event import UserEvent, parse_frame
from tests.futures.user_stream.documented_events import DOCUMENTED, MULTI_ASSETS, documented, fill

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def parsed(frame: str | bytes) -> UserEvent:
    event = parse_frame(frame)
    assert event is not None
    return event


def test_every_documented_type_has_its_example() -> None:
    assert {json.loads(frame)["e"] for frame in DOCUMENTED} == set(EVENT_TYPES)


@pytest.mark.parametrize("frame", [*DOCUMENTED, MULTI_ASSETS])
@pytest.mark.parametrize("framing", ["{}", '{{"stream":"key","data":{}}}'])
def test_a_documented_event_is_read_in_both_framings_and_unchanged(
    frame: str, framing: str
) -> None:
    event = parsed(framing.format(frame))
    expected = json.loads(frame)
    if "listenKey" in expected:
        expected["listenKey"] = "WsCM…"
    assert event.data == expected
    assert event.type == expected["e"]
    assert event.event_time == int(expected["E"])
    assert event.transaction_time == expected.get("T")
    assert event.event_id == parsed(frame.encode()).event_id
    assert len(event.event_id) <= 100
    assert event.event_id.isascii()


@pytest.mark.parametrize(
    ("kind", "symbol"),
    [
        ("ORDER_TRADE_UPDATE", "BTCUSDT"),
        ("TRADE_LITE", "BTCUSDT"),
        ("ALGO_UPDATE", "BNBUSDT"),
        ("ACCOUNT_CONFIG_UPDATE", "BTCUSDT"),
        ("GRID_UPDATE", "BTCUSDT"),
        ("CONDITIONAL_ORDER_TRIGGER_REJECT", "ETHUSDT"),
        ("ACCOUNT_UPDATE", None),
        ("listenKeyExpired", None),
    ],
)
def test_the_symbol_is_found_where_an_event_has_one(kind: str, symbol: str | None) -> None:
    assert parsed(json.dumps(documented(kind))).symbol == symbol


def test_the_id_of_a_fill_names_its_order_and_trade() -> None:
    event = parsed(json.dumps(fill(77)))
    assert event.event_id == ("ORDER_TRADE_UPDATE:BTCUSDT:8886774:TRADE:FILLED:77:1700000000077")


@pytest.mark.parametrize("changed", [{"i": 1}, {"t": 1}, {"x": "TRADE"}, {"X": "FILLED"}, {"E": 1}])
def test_another_order_trade_state_or_time_is_another_event(changed: dict[str, Any]) -> None:
    one, other = documented("ORDER_TRADE_UPDATE"), documented("ORDER_TRADE_UPDATE", **changed)
    assert parsed(json.dumps(one)).event_id != parsed(json.dumps(other)).event_id


def test_two_account_updates_of_the_same_millisecond_are_two_events() -> None:
    one, other = documented("ACCOUNT_UPDATE"), documented("ACCOUNT_UPDATE", a={"m": "DEPOSIT"})
    assert parsed(json.dumps(one)).event_id != parsed(json.dumps(other)).event_id


@pytest.mark.parametrize("frame", DOCUMENTED)
def test_the_order_of_the_fields_does_not_matter(frame: str) -> None:
    reordered = json.dumps(dict(reversed(json.loads(frame).items())))
    assert parsed(reordered).event_id == parsed(frame).event_id


def test_an_unknown_type_passes_through() -> None:
    event = parsed('{"e":"NEW_THING","E":"17","x":[1]}')
    assert (event.type, event.event_time, event.data["x"]) == ("NEW_THING", 17, [1])


@pytest.mark.parametrize(
    "order", [5, {}, {"s": 5}, {"s": "é" * 90, "i": 1}, {"s": "x" * 99, "i": 1}]
)
def test_an_order_without_its_ids_has_a_digest(order: object) -> None:
    event = parsed(json.dumps({"e": "ORDER_TRADE_UPDATE", "E": 17, "o": order}))
    prefix, digest = event.event_id.rsplit(":", 1)
    assert prefix == "ORDER_TRADE_UPDATE:17"
    assert len(digest) == 16


@pytest.mark.parametrize("time", [True, -1, 1.5, "soon", "1" * 30, 10**15, None])
def test_a_time_that_is_none_is_none(time: object) -> None:
    assert parsed(json.dumps({"e": "X", "E": time})).event_time is None


@pytest.mark.parametrize("frame", ['{"result":null,"id":1}', '{"error":{"code":2},"id":null}'])
def test_the_answer_to_a_command_is_no_event(frame: str) -> None:
    assert parse_frame(frame) is None


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"e":NaN}', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"e":"X","x":' + "9" * 5000 + "}", "not JSON"),
        ('{"e":"X","x":"\\ud800"}', "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no type of event"),
        ('{"e":5}', "no type of event"),
        ('{"e":"' + "X" * 65 + '"}', "no type of event"),
        ('{"e":"X","x":' + "[" * 99 + "]" * 99 + "}", "nested too deeply"),
        ('{"e":"X","x":' + '{"y":' * 99 + "1" + "}" * 99 + "}", "nested too deeply"),
    ],
)
def test_what_is_no_event_is_refused_without_a_quotation(frame: str | bytes, why: str) -> None:
    with pytest.raises(UnreadableFrameError, match=why) as caught:
        parse_frame(frame)
    assert len(str(caught.value)) < 60


def test_many_brackets_need_not_be_deep() -> None:
    assert parsed(json.dumps({"e": "X", "x": [{} for _ in range(100)]})).type == "X"


def test_a_surrogate_pair_is_text() -> None:
    assert parsed('{"e":"X","x":"\\ud83d\\ude00"}').data["x"] == "😀"


@given(st.dictionaries(st.sampled_from(["e", "E", "T", "s", "o", "a", "data", "stream"]), ANYTHING))
def test_whatever_arrives_is_an_event_or_is_refused(frame: dict[str, Any]) -> None:
    try:
        event = parse_frame(json.dumps(frame))
    except UnreadableFrameError:
        return
    assert event is None or event.event_id.startswith(event.type)
