"""The errors of calls to Binance. Standard library only.

    BinanceMcpError
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

`answer` has the table by which an answer becomes one of them.
"""

from typing import ClassVar, Self

from binance_mcp.errors import BinanceMcpError


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
