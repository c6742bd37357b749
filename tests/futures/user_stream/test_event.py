import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
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


def mutated(frame: str, data: st.DataObject) -> dict[str, Any]:
    """Return an event with some of its fields, and its details' fields, replaced."""
    event: dict[str, Any] = json.loads(frame)
    inner: list[dict[str, Any]] = [each for each in event.values() if isinstance(each, dict)]
    for details in (event, *inner):
        for name in [each for each in details if each != "e"]:
            if data.draw(st.booleans()):
                details[name] = data.draw(ANYTHING)
    return event


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
        ("STRATEGY_UPDATE", "BTCUSDT"),
        ("ACCOUNT_UPDATE", None),
        ("MARGIN_CALL", None),
        ("listenKeyExpired", None),
    ],
)
def test_the_symbol_is_found_where_an_event_has_one(kind: str, symbol: str | None) -> None:
    assert parsed(json.dumps(documented(kind))).symbol == symbol


@pytest.mark.parametrize("key", [5, ["k3y5" * 16], {"k3y5" * 16: 1}, None])
def test_a_listen_key_of_any_shape_is_masked(key: object) -> None:
    event = parsed(json.dumps({"e": "listenKeyExpired", "listenKey": key}))
    assert "k3y5" * 2 not in repr(event)


def test_the_envelope_and_the_listen_key_on_it_are_gone() -> None:
    key = "k3y5" * 16
    frame = {"stream": key, "data": {"e": "X"}}
    assert "k3y5" not in repr(parsed(json.dumps(frame)))


def test_an_event_may_have_fields_named_like_the_envelope() -> None:
    event = {"e": "X", "stream": "s", "data": {"e": "Y"}}
    assert parsed(json.dumps(event)).data == event


def test_an_unknown_type_passes_through() -> None:
    event = parsed('{"e":"NEW_THING","E":"17","x":[1]}')
    assert (event.type, event.event_time, event.data["x"]) == ("NEW_THING", 17, [1])


def test_a_symbol_may_be_chinese() -> None:
    event = parsed(json.dumps(fill(7, s="币安人生USDT"), ensure_ascii=False))
    assert event.symbol == "币安人生USDT"
    assert event.event_id.startswith("ORDER_TRADE_UPDATE:8886774:TRADE:FILLED:1568879465650:")


@pytest.mark.parametrize("symbol", ["", "A" * 41, "A\nB", 5, None])
def test_what_cannot_be_a_symbol_is_none(symbol: object) -> None:
    assert parsed(json.dumps(fill(7, s=symbol))).symbol is None


@pytest.mark.parametrize("time", [True, -1, 1.5, "soon", "1" * 30, 10**15, None])
def test_a_time_that_is_none_is_none(time: object) -> None:
    assert parsed(json.dumps({"e": "X", "E": time})).event_time is None


@pytest.mark.parametrize(
    "frame", ['{"result":null,"id":1}', '{"error":{"code":2},"id":null}', '{"code":2,"id":3}']
)
def test_the_answer_to_a_command_is_no_event(frame: str) -> None:
    assert parse_frame(frame) is None


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"e":NaN}', "not JSON"),
        ('{"e":"X","x":Infinity}', "not JSON"),
        ('{"e":"X","x":1e999}', "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        ("[" * 100_000, "not JSON"),
        ('{"e":"X","x":' + "9" * 5000 + "}", "not JSON"),
        ('{"e":"X","x":"\\ud800"}', "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no event type"),
        ('{"stream":"k","data":[]}', "no event type"),
        ('{"id":1}', "no event type"),
        ('{"e":"a\\nb"}', "no event type"),
        ('{"e":""}', "no event type"),
        ('{"e":5}', "no event type"),
        ('{"e":"' + "X" * 65 + '"}', "no event type"),
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


def test_the_symbol_of_a_funding_fee_is_that_of_the_account_update() -> None:
    event = documented("ACCOUNT_UPDATE", a={"m": "FUNDING_FEE", "S": "BTCUSDT", "B": []})
    assert parsed(json.dumps(event)).symbol == "BTCUSDT"


def test_the_symbol_of_an_unknown_type_is_its_own() -> None:
    assert parsed('{"e":"NEW_THING","s":"BTCUSDT"}').symbol == "BTCUSDT"


def test_a_number_with_a_fraction_is_read() -> None:
    assert parsed('{"e":"X","x":0.5}').data["x"] == 0.5


def test_of_a_name_that_is_there_twice_the_last_counts() -> None:
    assert parsed('{"e":"X","x":1,"x":2}').data["x"] == 2


@given(st.text() | st.binary())
@example("[" * 900 + "]" * 900)
def test_no_frame_is_too_strange(frame: str | bytes) -> None:
    with suppress(UnreadableFrameError):
        parse_frame(frame)


@given(st.dictionaries(st.sampled_from(["e", "E", "T", "s", "o", "a", "data", "stream"]), ANYTHING))
def test_whatever_arrives_is_an_event_or_is_refused(frame: dict[str, Any]) -> None:
    with suppress(UnreadableFrameError):
        check(parse_frame(json.dumps(frame)))


@given(st.sampled_from(DOCUMENTED), st.data())
def test_a_documented_event_with_anything_in_it_is_an_event_or_is_refused(
    frame: str, data: st.DataObject
) -> None:
    with suppress(UnreadableFrameError):
        check(parse_frame(json.dumps(mutated(frame, data))))


def check(event: UserEvent | None) -> None:
    if event is not None:
        assert re.fullmatch(r"[A-Za-z0-9_.:-]{1,100}", event.event_id)
        assert event.type.isprintable()
        json.dumps(event.data, allow_nan=False, ensure_ascii=False).encode()
