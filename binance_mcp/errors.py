"""Every error of this package, and the data that errors carry. Standard library only.

    BinanceMcpError
    ├── SettingsError                 a setting cannot be used
    ├── ServingError                  an address cannot be served
    ├── PolicyError                   a policy document cannot be used
    ├── PolicyDeniedError             the policy refuses a call
    ├── InvalidArgumentsError         a tool does not accept the arguments of a call
    ├── AuditError                    the audit trail cannot be written or read
    │   ├── AuditBusyError            another process is writing it at this moment
    │   └── BrokenTrailError          a record was changed, moved, added or removed
    ├── ListenKeyMismatchError        the listen key given is not the account's
    ├── StreamError                   the user data stream cannot be read
    │   ├── StreamEndedError          the WebSocket could not be opened, or has ended
    │   └── UnreadableFrameError      what arrived is not an event
    ├── EventsFileError               the file of events cannot be used
    └── BinanceError                  a call to Binance failed
        ├── MissingApiKeyError        nothing was sent: no API key is configured
        ├── MissingSecretError        nothing was sent: it could not be signed
        ├── NetworkSettingsError      nothing was sent: the proxy or the certificates are unusable
        ├── UnreachableError          no answer: name, connection, TLS, reset
        │   └── TimedOutError         no answer in time
        ├── UnreadableAnswerError     200, but not the JSON that Binance documents
        ├── UnexpectedAnswerError     an answer that Binance does not document
        ├── InvalidListenKeyError     -1125: the account has no active listen key
        ├── BadApiKeyFormatError      -2014
        ├── RejectedApiKeyError       -2015, -2017, -1099, -4109
        ├── InvalidTimestampError     -1021
        ├── InvalidSignatureError     -1022
        ├── ParameterError            -1100 … -1106
        │   └── UnreadParameterError  -1101, -1104: more was sent than is read
        ├── UnknownSymbolError        -1121
        ├── TooManyRequestsError      429
        │   ├── IpBannedError         418
        │   └── ReadBudgetError       nothing was sent: reads may use no more for now
        ├── FirewallError             403 from the web application firewall
        ├── RestrictedLocationError   451
        ├── BackendTimeoutError       408, -1007
        ├── UnknownOutcomeError       any other 5xx: it may have been carried out
        └── UnavailableError          503, -1001, -1008, -1016: it was not carried out

An error carries data, and its text says what happened; `server.failures` adds what to do about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


class BinanceMcpError(Exception):
    """Base of every error of this package."""


@dataclass(frozen=True)
class Problem:
    """One problem of a document or of the settings: where it is, and what to do."""

    where: str
    """A JSON pointer into a document, or the name of an environment variable."""
    message: str
    line: int | None = None
    """Line in the document's text, counted from 1; None if there is none."""
    column: int | None = None
    """Column, in characters counted from 1; None if there is none."""

    def __str__(self) -> str:
        return f"{self.where or '/'}: {self.message}"


class SettingsError(BinanceMcpError):
    """Some settings cannot be used. The text has a line per variable, and never a value."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class ServingError(BinanceMcpError):
    """An address cannot be listened on, or the application behind it did not start."""


class PolicyError(BinanceMcpError):
    """A policy document cannot be used. The text has a line per problem, each with its pointer."""

    def __init__(self, source: str, problems: Sequence[Problem], found: int | None = None) -> None:
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))
        self.problems = tuple(problems)
        self.found = found or len(problems)
        """How many problems there are; `problems` may end with one that counts the rest."""


@dataclass(frozen=True)
class LimitStatus:
    """What is left of one limit, for one caller."""

    counter: str
    window: str | float
    """`second`, `minute`, `hour`, `day`, or a number of seconds, as the document has it."""
    max: int
    scope: str
    remaining: int


class PolicyDeniedError(BinanceMcpError):
    """The policy denies a call. A denied call of a listed tool is not counted."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        rule: str,
        retry_after: float | None = None,
        limit: LimitStatus | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        """The kind of denial.

        From the document: `hidden`, `unknown_tool`, `not_listed`, `action_denied`, `condition`,
        `requirement`, `limit_exceeded`. From an approval: `approval_declined`,
        `approval_cancelled`, `approval_invalid`, `approval_stopped`, `approval_unanswered`,
        `approval_unavailable`. From the audit trail: `audit_unavailable`.
        """
        self.rule = rule
        """JSON pointer of the rule that denies; empty if it is not a rule of the document."""
        self.retry_after = retry_after
        """Seconds until the same call would be admitted; None if waiting does not help."""
        self.limit = limit


class InvalidArgumentsError(BinanceMcpError):
    """A call has arguments that its tool does not accept. The text names them."""


class AuditError(BinanceMcpError):
    """The audit trail cannot be written or read. The text contains a path of this machine."""


class AuditBusyError(AuditError):
    """Another process keeps the audit trail locked."""


class BrokenTrailError(AuditError):
    """A record of the audit trail was changed, moved, added or removed: in a line, from 1."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}, line {line}: {problem}")
        self.file, self.line, self.problem = file, line, problem


class ListenKeyMismatchError(BinanceMcpError):
    """The listen key given is not the account's active one."""


class StreamError(BinanceMcpError):
    """The user data stream cannot be read."""


class StreamEndedError(StreamError):
    """The WebSocket could not be opened, or has ended."""


class UnreadableFrameError(StreamError):
    """What arrived is not an event. The text does not quote it."""


class EventsFileError(BinanceMcpError):
    """The file of events cannot be used."""


class BinanceError(BinanceMcpError):
    """A call to Binance failed."""

    is_retryable: ClassVar[bool] = False
    """Whether sending the same request again soon may succeed."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status of the answer; None if there was none."""
        self.code = code
        """Binance's error code, such as -1125; None if the answer has none."""
        self.retry_after = retry_after
        """Seconds to wait before the next call; None if unknown."""

    def copied(self) -> Self:
        """Return the same error without its traceback, which keeps all its frames alive."""
        return type(self)(
            str(self), status=self.status, code=self.code, retry_after=self.retry_after
        )


class MissingApiKeyError(BinanceError):
    """No API key is configured."""


class MissingSecretError(BinanceError):
    """Neither an API secret nor a private key is configured, so that requests cannot be signed."""


class NetworkSettingsError(BinanceError):
    """The environment names a proxy or certificates that cannot be used."""


class UnreachableError(BinanceError):
    """Binance did not answer."""

    is_retryable = True


class TimedOutError(UnreachableError):
    """Binance did not answer in time."""


class UnreadableAnswerError(BinanceError):
    """Binance answered 200 with something that is not the JSON it documents."""

    is_retryable = True


class UnexpectedAnswerError(BinanceError):
    """Binance gave an answer that it does not document."""


class InvalidListenKeyError(BinanceError):
    """The account has no active listen key."""


class BadApiKeyFormatError(BinanceError):
    """The API key is missing or malformed."""


class RejectedApiKeyError(BinanceError):
    """The API key is unknown, locked, or not permitted here."""


class InvalidTimestampError(BinanceError):
    """The request's timestamp is outside of its recvWindow."""


class InvalidSignatureError(BinanceError):
    """The signature does not fit the API key."""


class ParameterError(BinanceError):
    """Binance refuses the parameters."""


class UnreadParameterError(ParameterError):
    """More parameters were sent than the endpoint reads."""


class UnknownSymbolError(BinanceError):
    """Binance does not know the symbol."""


class TooManyRequestsError(BinanceError):
    """The IP address has used up its request weight."""


class IpBannedError(TooManyRequestsError):
    """The IP address is banned for a while."""


class ReadBudgetError(TooManyRequestsError):
    """Reads have used up the request weight that this server lets them use."""


class FirewallError(BinanceError):
    """The web application firewall refuses the request."""


class RestrictedLocationError(BinanceError):
    """Binance does not serve this location."""


class BackendTimeoutError(BinanceError):
    """Binance's own backend did not answer; the request may have been carried out."""

    is_retryable = True


class UnknownOutcomeError(BinanceError):
    """Binance failed; the request may have been carried out."""

    is_retryable = True


class UnavailableError(BinanceError):
    """Binance is not available; the request was not carried out."""

    is_retryable = True
