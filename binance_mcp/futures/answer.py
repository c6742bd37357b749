"""Reading Binance's answers: every (status, body) pair is a payload or exactly one error. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from binance_mcp.futures.binance_error import (
    BackendTimeoutError,
    BadApiKeyFormatError,
    BinanceError,
    FirewallError,
    InvalidListenKeyError,
    InvalidSignatureError,
    InvalidTimestampError,
    IpBannedError,
    ParameterError,
    RejectedApiKeyError,
    RestrictedLocationError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnknownSymbolError,
    UnreadableAnswerError,
    UnreadParameterError,
)
from binance_mcp.masking import mask_tokens

_BY_STATUS_FIRST: Final[dict[int, type[BinanceError]]] = {
    418: IpBannedError,
    429: TooManyRequestsError,
    451: RestrictedLocationError,
}
_BY_CODE: Final[dict[int, type[BinanceError]]] = {
    -1000: UnknownOutcomeError,
    -1001: UnavailableError,
    -1003: TooManyRequestsError,
    -1007: BackendTimeoutError,
    -1008: UnavailableError,
    -1016: UnavailableError,
    -1021: InvalidTimestampError,
    -1022: InvalidSignatureError,
    -1099: RejectedApiKeyError,
    -1100: ParameterError,
    -1101: UnreadParameterError,
    -1102: ParameterError,
    -1103: ParameterError,
    -1104: UnreadParameterError,
    -1105: ParameterError,
    -1106: ParameterError,
    -1121: UnknownSymbolError,
    -1125: InvalidListenKeyError,
    -2014: BadApiKeyFormatError,
    -2015: RejectedApiKeyError,
    -2017: RejectedApiKeyError,
    -4109: RejectedApiKeyError,
}
_BY_STATUS: Final[dict[int, type[BinanceError]]] = {
    403: FirewallError,
    408: BackendTimeoutError,
    503: UnavailableError,
}
_OK: Final = 200
_CLIENT_ERROR: Final = 400
_REQUEST_TIMEOUT: Final = 408
_SERVER_ERROR: Final = 500
_MESSAGE_LENGTH: Final = 300
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_LARGEST: Final = 10**15
_BANNED_UNTIL: Final = re.compile(r"banned until (\d{13})\b")
_LONGEST_BAN_SECONDS: Final = 3 * 24 * 3600.0
_LONGEST_WAITS: Final[dict[type[BinanceError], float]] = {
    TooManyRequestsError: _LONGEST_BAN_SECONDS,
    IpBannedError: _LONGEST_BAN_SECONDS,
}
_LONGEST_HINT_SECONDS: Final = 60.0
"""With any other error, `Retry-After` comes from a proxy or gateway, and is only a hint."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response as it was received. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def payload(self, server_time: float) -> dict[str, Any]:
        """Return the JSON object in the body.

        `server_time` is Binance's clock, in seconds since the epoch: the end of a ban is in it.

        Raises:
            BinanceError: The answer is an error, or is not a JSON object. Its class says which.

        """
        found = self._json()
        content = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        code, message = _integer(content.get("code")), _line(content.get("msg"))
        if self.status == _OK and isinstance(found, dict) and (code is None or code >= 0):
            return content
        error = self._error_class(code, message)
        longest = _LONGEST_WAITS.get(error, _LONGEST_HINT_SECONDS)
        wait = self._retry_after(message, server_time)
        raise error(
            self._text(code, message),
            status=self.status,
            code=code,
            retry_after=None if wait is None else min(max(wait, 0.0), longest),
        )

    def rows(self, server_time: float) -> list[dict[str, Any]]:
        """Return the JSON objects in the list in the body.

        Raises:
            BinanceError: As `payload` does; there is no other list.

        """
        found = self._json()
        if self.status != _OK or not isinstance(found, list):
            self.payload(server_time)
            raise UnreadableAnswerError("Binance answered 200 without a list", status=_OK)
        listed = cast("list[object]", found)
        return [cast("dict[str, Any]", each) for each in listed if isinstance(each, dict)]

    @property
    def used_weight(self) -> int | None:
        """Request weight that this IP address has used in the current minute, if reported."""
        return _integer(self.headers.get("x-mbx-used-weight-1m"))

    def _json(self) -> object:
        try:
            return cast("object", json.loads(self.body))
        except (ValueError, RecursionError):
            return None

    def _error_class(self, code: int | None, message: str) -> type[BinanceError]:
        error = self._meant_by(code, message)
        is_refused = _CLIENT_ERROR <= self.status < _SERVER_ERROR
        if error.is_retryable and is_refused and self.status != _REQUEST_TIMEOUT:
            return UnexpectedAnswerError  # a 4xx is never retried, whatever its code
        return error

    def _meant_by(self, code: int | None, message: str) -> type[BinanceError]:
        if error := _BY_STATUS_FIRST.get(self.status) or _BY_CODE.get(code or 0):
            return error
        if self.status == _OK:
            return UnreadableAnswerError if code is None else UnexpectedAnswerError
        if message.startswith("Unknown error"):  # one form of 503, with or without a code
            return UnknownOutcomeError
        other = UnknownOutcomeError if self.status >= _SERVER_ERROR else UnexpectedAnswerError
        return _BY_STATUS.get(self.status, other)

    def _text(self, code: int | None, message: str) -> str:
        start = f"Binance answered {self.status}"
        if code is not None or message:
            said = mask_tokens(message)[:_MESSAGE_LENGTH]
            return f"{start}, code {code}: {said}" if code is not None else f"{start}: {said}"
        if not self.body:
            return f"{start} without a body"
        return f"{start} with something other than the JSON it documents"

    def _retry_after(self, message: str, server_time: float) -> float | None:
        seconds = _integer(self.headers.get("retry-after"))
        if seconds is None and (banned := _BANNED_UNTIL.search(message)):
            seconds = int(banned[1]) / 1000 - server_time
        return seconds


def _integer(value: object) -> int | None:
    """Return a JSON integer, or a header of digits, as a number, unless it is absurdly large."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return value if type(value) is int and abs(value) < _LARGEST else None


def _line(value: object) -> str:
    """Return text as one line of printable characters; anything else as an empty one."""
    words = " ".join(value.split()) if isinstance(value, str) else ""
    return "".join(filter(str.isprintable, words))
