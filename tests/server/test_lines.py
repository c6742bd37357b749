import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mcp.types import (
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)

from binance_mcp.server.lines import (
    LONGEST,
    Lines,
    RefusedLineError,
    UnwritableMessageError,
    line_of,
    message_of,
)

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


def refusal(line: bytes) -> tuple[int, Any, str]:
    """Return the code and the id of what a refused line is answered, and the reason."""
    with pytest.raises(RefusedLineError) as refused:
        message_of(line)
    assert refused.value.answer is not None
    return refused.value.answer.error.code, refused.value.answer.id, str(refused.value)


# Lines


@given(st.binary(), st.lists(st.integers(0, 30)))
@example(b"a\n\nb\nc", [1, 1, 2])
@example(b"a\n", [])
def test_chunks_are_split_into_lines(content: bytes, lengths: list[int]) -> None:
    lines = Lines()
    found: list[bytes] = []
    rest = content
    for length in lengths:
        chunk, rest = rest[:length], rest[length:]
        found += lines.feed(chunk) if chunk else ()
    found += lines.feed(rest) if rest else ()
    found += lines.feed(b"")
    assert found == content.split(b"\n")


def test_a_line_that_is_too_long_is_not_buffered_completely() -> None:
    lines = Lines()
    for _ in range(100):
        assert list(lines.feed(b"x" * LONGEST)) == []
    (line, following) = lines.feed(b"x\nnext\n")
    assert len(line) == LONGEST + 2
    assert following == b"next"


# Messages of lines


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"", b"\r", b" "])
def test_a_line_is_parsed_as_a_json_rpc_message(mark: bytes, end: bytes) -> None:
    message = message_of(mark + PING + end)
    assert message == JSONRPCRequest(jsonrpc="2.0", id=1, method="ping")


@pytest.mark.parametrize("line", [b"", b"\r", b"  \t", b"\xef\xbb\xbf"])
def test_a_blank_line_is_ignored(line: bytes) -> None:
    assert message_of(line) is None


@pytest.mark.parametrize(
    "line",
    [b"not JSON", b"{", b'{"id": 1,}', b"\xff", PING.decode().encode("utf-16"), b"[" * 100_000],
)
def test_a_line_that_is_not_json_is_a_parse_error_without_id(line: bytes) -> None:
    assert refusal(line) == (-32700, None, "it is not JSON")


@pytest.mark.parametrize(
    ("line", "identity"),
    [
        ('{"id": 1, "method": "ping"}', 1),
        ('{"jsonrpc": "1.0", "id": "a", "method": "ping"}', "a"),
        ('{"jsonrpc": "2.0", "id": 1, "method": 5}', 1),
        ('{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', 1),
        ('{"jsonrpc": "2.0", "id": 1}', 1),
        ('{"jsonrpc": "2.0", "method": "notifications/initialized", "params": 5}', None),
        ('{"jsonrpc": "2.0", "id": {}, "method": 5}', None),
        ("5", None),
        ("null", None),
    ],
)
def test_json_that_is_not_a_message_is_an_invalid_request_with_its_id(
    line: str, identity: object
) -> None:
    assert refusal(line.encode()) == (-32600, identity, "it is not a message of JSON-RPC")


@pytest.mark.parametrize("identity", ["null", "1.5", "true", "[]", "{}"])
def test_a_request_with_an_invalid_id_is_refused_and_not_a_notification(identity: str) -> None:
    line = f'{{"jsonrpc": "2.0", "id": {identity}, "method": "ping"}}'
    reason = "its id is not a string or a whole number"
    assert refusal(line.encode()) == (-32600, None, reason)


def test_a_notification_may_have_an_id_in_its_params() -> None:
    line = b'{"jsonrpc": "2.0", "method": "x", "params": {"id": 5}}'
    assert isinstance(message_of(line), JSONRPCNotification)


@pytest.mark.parametrize(("identity", "answered"), [("1", 1), (r'"\ud800"', None)])
def test_a_message_with_a_lone_surrogate_is_refused_with_its_id(
    identity: str, answered: object
) -> None:
    line = rf'{{"jsonrpc": "2.0", "id": {identity}, "method": "x", "params": {{"a": "\ud800"}}}}'
    reason = "it has a lone surrogate, or is nested too deeply"
    assert refusal(line.encode()) == (-32600, answered, reason)


def test_a_batch_is_refused() -> None:
    assert refusal(b"[" + PING + b"]") == (-32600, None, "it is a batch")


def test_a_line_that_is_too_long_is_refused() -> None:
    message = b'{"jsonrpc":"2.0","method":"x"}'
    assert message_of(message.ljust(LONGEST)) is not None
    assert refusal(message.ljust(LONGEST + 1)) == (-32600, None, "it is longer than 4 MiB")


@pytest.mark.parametrize("line", ['{"id": 1, "result": 5}', '{"jsonrpc": "2.0", "error": 5}'])
def test_a_malformed_response_is_not_answered(line: str) -> None:
    with pytest.raises(RefusedLineError) as refused:
        message_of(line.encode())
    assert refused.value.answer is None


@given(st.binary())
def test_any_line_is_parsed_or_ignored_or_refused_without_its_content(line: bytes) -> None:
    reason = ""
    try:
        message_of(line)
    except RefusedLineError as refused:
        reason = str(refused)
    assert reason in {"", "it is not JSON", "it is not a message of JSON-RPC", "it is a batch"}


# Lines of messages


@given(st.dictionaries(st.text(), st.text()))
def test_a_message_is_written_as_one_line_that_can_be_parsed_again(params: dict[str, str]) -> None:
    message = JSONRPCRequest(jsonrpc="2.0", id=1, method="x", params=params)
    line = line_of(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert message_of(line) == message


def test_unset_fields_of_a_message_are_not_written() -> None:
    message = JSONRPCNotification(jsonrpc="2.0", method="x")
    assert json.loads(line_of(message)) == {"jsonrpc": "2.0", "method": "x"}


@pytest.mark.parametrize(
    "message",
    [
        JSONRPCResponse(jsonrpc="2.0", id=7, result={"text": "\ud800"}),
        JSONRPCError(jsonrpc="2.0", id=7, error=ErrorData(code=0, message="x", data="\ud800")),
    ],
)
def test_an_unwritable_response_is_replaced_by_an_error(message: JSONRPCMessage) -> None:
    with pytest.raises(UnwritableMessageError) as unwritable:
        line_of(message)
    assert unwritable.value.instead is not None
    assert unwritable.value.instead.id == 7
    assert unwritable.value.instead.error.code == -32603


def test_an_unwritable_notification_is_not_replaced() -> None:
    with pytest.raises(UnwritableMessageError) as unwritable:
        line_of(JSONRPCNotification(jsonrpc="2.0", method="x", params={"text": "\ud800"}))
    assert unwritable.value.instead is None
