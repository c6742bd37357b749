"""Why Binance, or something on the way, refused a request: the likely cause of each error. Pure.

https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from binance_mcp.doctor.finding import Certainty, Finding, problem
from binance_mcp.futures.binance_error import (
    BackendTimeoutError,
    BadApiKeyFormatError,
    BinanceError,
    FirewallError,
    InvalidListenKeyError,
    InvalidSignatureError,
    InvalidTimestampError,
    IpBannedError,
    NetworkSettingsError,
    ParameterError,
    RejectedApiKeyError,
    RestrictedLocationError,
    TimedOutError,
    TooManyRequestsError,
    UnavailableError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnknownSymbolError,
    UnreachableError,
    UnreadableAnswerError,
    UnreadParameterError,
)


@dataclass(frozen=True)
class Cause:
    """Why a request failed, how sure that is, and what to do."""

    text: str
    next_step: str
    certainty: Certainty = Certainty.CERTAIN


_ADDRESS: Final = (
    "Check BINANCE_REST_URL and BINANCE_ENVIRONMENT, proxies, and networks that ask to log in."
)
_LATER: Final = "Run this again in some minutes; the status of Binance is at https://www.binance.com/en/support/announcement."
_NETWORK: Final = "Check the network, proxies and firewalls, and BINANCE_REST_URL."
_REPORT: Final = "Please report it, with the output of binance-mcp doctor --report."

CAUSES: Final[dict[type[BinanceError], Cause]] = {
    NetworkSettingsError: Cause(
        "the proxy or the certificates that the environment names cannot be used",
        "Correct or unset that variable where this program is started.",
    ),
    UnreachableError: Cause(
        "the connection broke before an answer came", _NETWORK, Certainty.POSSIBLE
    ),
    TimedOutError: Cause(
        "the connection was made, but no answer came in time",
        "Check whether the network or a proxy is slow, or raise BINANCE_TIMEOUT_SECONDS.",
        Certainty.LIKELY,
    ),
    UnreadableAnswerError: Cause(
        "something other than Binance's API answered", _ADDRESS, Certainty.LIKELY
    ),
    UnexpectedAnswerError: Cause(
        "this may not be the address of Binance's USD-M Futures API", _ADDRESS, Certainty.LIKELY
    ),
    InvalidListenKeyError: Cause(
        "Binance asked for a listen key where none is needed", _ADDRESS, Certainty.POSSIBLE
    ),
    BadApiKeyFormatError: Cause(
        "the API key is not in the format of one, or did not arrive",
        "Copy it from Binance's API management again, complete and without quotes.",
    ),
    RejectedApiKeyError: Cause(
        "Binance rejects the API key",
        "Check the key, its permissions and its IP addresses in Binance's API management.",
    ),
    InvalidTimestampError: Cause(
        "the time of the request is too far from Binance's clock",
        "Set the clock of this machine by network time, or raise BINANCE_RECV_WINDOW.",
    ),
    InvalidSignatureError: Cause(
        "the API secret, or the private key, does not belong to the API key",
        "Set the secret of this API key; or unset it: listen keys and events need the key only.",
    ),
    ParameterError: Cause("Binance refuses the parameters of the request", _REPORT),
    UnreadParameterError: Cause("Binance does not read all parameters of the request", _REPORT),
    UnknownSymbolError: Cause(
        "Binance asked for a symbol where none is needed", _ADDRESS, Certainty.POSSIBLE
    ),
    TooManyRequestsError: Cause(
        "programs on this IP address have used up what Binance allows it in a minute",
        "Wait, and find the program that sends so much.",
    ),
    IpBannedError: Cause(
        "Binance has banned this IP address for a while, because a program went on calling after "
        "it was told to stop",
        "Wait, and stop the program that sends so much: calls during a ban make it longer.",
    ),
    FirewallError: Cause(
        "Binance's firewall refuses this IP address or request",
        "Wait some minutes; then look at proxies, VPNs and other programs on this IP address.",
    ),
    RestrictedLocationError: Cause(
        "Binance does not serve the location of this machine's IP address, or of its proxy",
        "See 'b. Eligibility' in https://www.binance.com/en/terms.",
    ),
    BackendTimeoutError: Cause("Binance's own backend did not answer in time", _LATER),
    UnknownOutcomeError: Cause("Binance failed, or a gateway before it", _LATER),
    UnavailableError: Cause("Binance is not available at the moment", _LATER),
}
"""By class of error. Those that are missing here are raised before anything is sent."""

_BY_CODE: Final = {
    -2017: Cause(
        "the API keys of this account are locked",
        "Unlock them in Binance's API management, or ask Binance's support.",
    ),
    -4109: Cause(
        "the Futures account is inactive",
        "Open it, or transfer something to it, on Binance's Futures page.",
    ),
    -1099: Cause(
        "Binance does not find the account, or does not authorize the key for it",
        "Check whether the Futures account is open, and the key's permissions.",
        Certainty.LIKELY,
    ),
}
_ON_THE_WAY: Final = {
    "SSLCertVerificationError": Cause(
        "the certificate that answers is not trusted: usually a proxy or a virus scanner that "
        "reads encrypted traffic",
        "Put the CA of that proxy into a file, and name it in SSL_CERT_FILE.",
        Certainty.LIKELY,
    ),
    "SSLError": Cause(
        "what answers does not speak TLS as it should: usually a proxy, or a wrong port",
        _NETWORK,
        Certainty.LIKELY,
    ),
    "ProxyError": Cause(
        "the proxy refuses the request: a user and password may be missing or wrong",
        "Put them into the proxy's URL (http://user:password@host:port), or ask who runs it.",
        Certainty.LIKELY,
    ),
    "SOCKSError": Cause(
        "the SOCKS proxy refuses the request, or is no SOCKS proxy",
        "Check the kind, user and password in the proxy's URL.",
        Certainty.LIKELY,
    ),
}
"""By the name of the exception that is the reason of an `UnreachableError`."""


def refusal(check: str, error: BinanceError) -> Finding:
    """Return the finding of a request that failed."""
    cause = _cause(error)
    wait = f" Wait {math.ceil(error.retry_after)} s." if error.retry_after else ""
    return problem(check, f"{cause.text}: {error}", f"{cause.next_step}{wait}", cause.certainty)


def _cause(error: BinanceError) -> Cause:
    if error.code in _BY_CODE and isinstance(error, RejectedApiKeyError):
        return _BY_CODE[error.code]
    names = {kind.__name__ for reason in _reasons(error) for kind in type(reason).__mro__}
    on_the_way = next((cause for name, cause in _ON_THE_WAY.items() if name in names), None)
    return on_the_way or CAUSES[type(error)]


def _reasons(error: BaseException | None) -> Iterator[BaseException]:
    """Yield what an error was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
