import json

import pytest
from pydantic import ValidationError

from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.stream_faults import (
    OVERSIZED_BYTES,
    STREAM_FAULTS,
    Form,
    StreamClose,
    StreamDeafForm,
    StreamDropNext,
    StreamFault,
    StreamFlood,
    StreamFrame,
    StreamSilent,
)

FORM: Form = "/private/ws?listenKey="


class Ear:
    """A stream that remembers what is done to it."""

    def __init__(self) -> None:
        self.frames: list[str | bytes] = []
        self.closed_with: list[int] = []
        self.is_dropped = False

    def send(self, frame: str | bytes) -> bool:
        self.frames.append(frame)
        return True

    def close(self, code: int, reason: str) -> None:
        assert reason
        self.closed_with.append(code)

    def drop(self) -> None:
        self.is_dropped = True


def struck(fault: StreamFault) -> Ear:
    ear = Ear()
    fault.strike(ear)
    return ear


def test_every_name_is_that_of_its_model() -> None:
    for name, model in STREAM_FAULTS.items():
        fault = {"fault": name, "forms": [FORM]} if model is StreamDeafForm else {"fault": name}
        assert model.model_validate_json(json.dumps(fault)).model_dump()["fault"] == name


@pytest.mark.parametrize("code", [1000, 1001, 1014, 3000, 4999])
def test_a_stream_is_closed_with_the_code_that_is_named(code: int) -> None:
    assert struck(StreamClose(code=code)).closed_with == [code]


@pytest.mark.parametrize("code", [999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_a_code_that_no_frame_can_have_is_refused(code: int) -> None:
    with pytest.raises(ValidationError, match="1000 to 1014"):
        StreamClose(code=code)


def test_a_frame_may_be_text_that_is_not_json() -> None:
    [frame] = struck(StreamFrame(fault="stream_not_json")).frames

    assert isinstance(frame, str)
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(frame)


def test_a_frame_may_be_binary() -> None:
    [frame] = struck(StreamFrame(fault="stream_binary")).frames

    assert isinstance(frame, bytes)
    with pytest.raises(UnicodeDecodeError):
        frame.decode()


def test_a_frame_may_be_valid_json_of_ten_mebibytes() -> None:
    [frame] = struck(StreamFrame(fault="stream_oversized")).frames

    assert len(frame) == OVERSIZED_BYTES == 10 * 1024 * 1024
    assert json.loads(frame)["e"] == "OVERSIZED"


@pytest.mark.parametrize("fault", [StreamSilent(), StreamDropNext(), StreamFlood()])
def test_the_others_do_nothing_to_a_stream_itself(fault: StreamFault) -> None:
    ear = struck(fault)

    assert (ear.frames, ear.closed_with, ear.is_dropped) == ([], [], False)


def test_silence_is_for_all_and_deafness_for_the_forms_that_are_named() -> None:
    deaf = StreamDeafForm(forms=(FORM, "SUBSCRIBE"))

    assert StreamSilent().is_silent()
    assert not deaf.is_silent()
    assert (deaf.is_deaf(FORM), deaf.is_deaf("SUBSCRIBE")) == (True, True)
    assert not deaf.is_deaf("/private/ws/<listenKey>")
    assert not StreamClose().is_deaf(FORM)


def test_no_two_events_of_a_flood_are_alike() -> None:
    events = list(StreamFlood().events(7, Moment(0, 1_700_000_000)))

    assert len(events) == 5000
    assert len({json.dumps(event) for event in events}) == 5000
    assert {event["E"] for event in events} == {1_700_000_000_000}
    assert max(len(json.dumps(event)) for event in events) < 300


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        ("stream_silent", "seconds", 0),
        ("stream_silent", "times", 1),
        ("stream_close", "code", "1001"),
        ("stream_deaf_form", "forms", []),
        ("stream_deaf_form", "forms", ["/ws/"]),
        ("stream_drop_next", "count", 0),
        ("stream_drop_next", "seconds", 1),
        ("stream_flood", "count", 10_001),
        ("stream_flood", "seconds", 1),
    ],
)
def test_a_fault_takes_its_own_members_only(name: str, member: str, value: object) -> None:
    with pytest.raises(ValidationError, match=member):
        STREAM_FAULTS[name].model_validate_json(json.dumps({"fault": name, member: value}))
