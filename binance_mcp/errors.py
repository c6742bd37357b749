"""The errors of this package, and the data that errors carry. Standard library only.

    BinanceMcpError
    ├── SettingsError                 a setting cannot be used
    ├── KeychainError                 the system's keychain cannot be used
    │   └── NoKeychainError           there is none that keeps secrets safely
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
    └── HostFileError                 a host's file cannot be edited without losing something

Those of calls to Binance are in `futures.binance_error`. An error carries data, and its text says
what happened; `server.failures` adds what to do about it.
"""

from collections.abc import Sequence
from dataclasses import dataclass


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


class KeychainError(BinanceMcpError):
    """The system's keychain cannot be used. The text says what to do, and has no stored value."""


class NoKeychainError(KeychainError):
    """There is no keychain that keeps secrets safely."""


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


class HostFileError(BinanceMcpError):
    """A host's file cannot be edited without losing something. The text quotes nothing of it."""
