"""Messages as lines: the framing of standard input and output.

A line that is not a message is answered with a JSON-RPC error, so that its sender does not wait. https://www.jsonrpc.org/specification#error_object
https://modelcontextprotocol.io/specification/2026-07-28/basic/transports#stdio
"""

import codecs
import json
from collections.abc import Iterator
from typing import Final, cast

from mcp.types import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCResponse,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

LONGEST: Final = 4 * 1024 * 1024
"""In bytes. No more of a line is kept in memory."""

_NO_MESSAGE: Final = "it is not a message of JSON-RPC"
_NO_TEXT: Final = "it has a lone surrogate, or is nested too deeply"


class RefusedLineError(Exception):
    """A line is not a message. The text says why, without quoting the line."""

    def __init__(self, reason: str, answer: JSONRPCError | None) -> None:
        super().__init__(reason)
        self.answer: Final = answer
        """The answer to the sender; None if the line may be an answer itself."""


class UnwritableMessageError(Exception):
    """A message cannot be written as a line."""

    def __init__(self, instead: JSONRPCError | None) -> None:
        super().__init__("it has a lone surrogate")
        self.instead: Final = instead
        """What to send instead; None if nobody waits for the message."""


class Lines:
    """The lines of a stream of bytes that comes in chunks."""

    def __init__(self) -> None:
        self._begun = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that this chunk completes; an empty chunk ends the last line."""
        *ends, beginning = chunk.split(b"\n") if chunk else (b"", b"")
        for end in ends:
            line = bytes(self._begun + end)
            self._begun.clear()
            yield line
        self._begun += beginning
        del self._begun[LONGEST + 1 :]


def message_of(line: bytes) -> JSONRPCMessage | None:
    """Return the message in a line; None if the line is blank. A byte order mark is ignored.

    Raises:
        RefusedLineError: It is too long, not JSON, or not one message of JSON-RPC.

    """
    if len(line) > LONGEST:
        raise _refused("it is longer than 4 MiB", INVALID_REQUEST)
    line = line.removeprefix(codecs.BOM_UTF8).strip()
    if not line:
        return None
    try:
        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError as error:
        is_json = error.errors()[0]["type"] != "json_invalid"
        raise _refusal(line, _NO_MESSAGE if is_json else _NO_TEXT) from None
    if isinstance(message, JSONRPCNotification) and b'"id"' in line and "id" in json.loads(line):
        raise _refused("its id is not a string or a whole number", INVALID_REQUEST)
    return message


def _refusal(line: bytes, reason: str) -> RefusedLineError:
    try:
        # Unlike pydantic's, this parser accepts lone surrogates, and so finds the id.
        content: object = json.loads(line.decode())
    except (ValueError, RecursionError):
        return _refused("it is not JSON", PARSE_ERROR)
    if isinstance(content, list):
        return _refused("it is a batch", INVALID_REQUEST)
    members = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    if "method" not in members and members.keys() & {"result", "error"}:
        return RefusedLineError(reason, None)
    return _refused(reason, INVALID_REQUEST, members.get("id"))


def _refused(reason: str, code: int, identity: object = None) -> RefusedLineError:
    error = ErrorData(code=code, message=f"The line is refused: {reason}")
    try:
        answer = JSONRPCError(jsonrpc="2.0", id=cast("RequestId", identity), error=error)
        _line(answer)
    except ValueError:  # not a valid id
        answer = JSONRPCError(jsonrpc="2.0", id=None, error=error)
    return RefusedLineError(reason, answer)


def line_of(message: JSONRPCMessage) -> bytes:
    """Return a message as a line with one line feed, at its end.

    Raises:
        UnwritableMessageError: It has a lone surrogate, which UTF-8 cannot encode.

    """
    try:
        return _line(message)
    except ValueError:
        if not isinstance(message, JSONRPCResponse | JSONRPCError):
            raise UnwritableMessageError(None) from None
    error = ErrorData(code=INTERNAL_ERROR, message="The result cannot be written as JSON")
    answer = JSONRPCError(jsonrpc="2.0", id=message.id, error=error)
    raise UnwritableMessageError(answer)


def _line(message: JSONRPCMessage) -> bytes:
    return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
