"""The API key: whether Binance accepts it, and why not. Asks with one PUT, which creates nothing.

https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
https://developers.binance.com/docs/wallet/account/api-key-permission
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from binance_mcp.doctor.finding import Certainty, Finding, ok, problem, warning
from binance_mcp.doctor.permissions import Permissions
from binance_mcp.doctor.refusals import refusal
from binance_mcp.doctor.single_requests import SingleRequests
from binance_mcp.futures.binance_error import (
    BinanceError,
    InvalidListenKeyError,
    RejectedApiKeyError,
    UnreadParameterError,
)
from binance_mcp.futures.listen_key import ListenKey

_CHECK: Final = "API key"
_MANAGEMENT: Final = "https://www.binance.com/en/my/settings/api-management"
_REJECTED: Final = -2015
_REQUEST_IP: Final = re.compile(r"request ip: ([0-9a-fA-F.:]{3,45})")
_WHOLE: Final = re.compile(r"[A-Za-z0-9]{64}")
_POSSIBLE: Final = Certainty.POSSIBLE


@dataclass(frozen=True)
class KeyAnswer:
    """What Binance said about the API key."""

    error: BinanceError | None = None
    """None, or -1125, if the key is accepted."""
    listen_key: ListenKey | None = None
    """The account's listen key, if one is active and the answer contains it."""

    @property
    def is_accepted(self) -> bool:
        """Whether the API key, and the signature if there is one, are accepted."""
        return self.error is None or isinstance(self.error, InvalidListenKeyError)

    @property
    def is_rejected(self) -> bool:
        """Whether the API key itself is refused, for one of several reasons."""
        return isinstance(self.error, RejectedApiKeyError) and self.error.code == _REJECTED


@dataclass(frozen=True)
class Rejection:
    """What is known of an API key that is rejected."""

    environment: str
    error: BinanceError
    is_whole: bool
    """Whether it looks like a whole API key of Binance's."""
    owner: str | None = None
    """The other environment, if the key belongs to it."""
    permissions: Permissions | None = None
    """None if Binance did not tell."""
    has_ipv6: bool = False
    """Whether requests may leave by IPv6."""


async def ask_about_key(requests: SingleRequests) -> KeyAnswer:
    """Send one keepalive: it extends an active listen key, and creates none."""
    try:
        return KeyAnswer(listen_key=await requests.keepalive())
    except BinanceError as error:
        return KeyAnswer(error)


def looks_whole(api_key: str) -> bool:
    """Return whether it has the 64 letters and digits that Binance's API keys have."""
    return _WHOLE.fullmatch(api_key) is not None


def judge_key(answer: KeyAnswer) -> Sequence[Finding]:
    """Judge every answer but a rejection."""
    error = answer.error
    if answer.is_accepted:
        state = "no listen key is active" if error else "a listen key is active, and was extended"
        return [ok(_CHECK, f"Binance accepts it; {state}")]
    if isinstance(error, UnreadParameterError):
        return [
            warning(
                _CHECK,
                f"Binance does not read the parameters of a signed request about listen keys: "
                f"{error}",
                "The server sends these requests unsigned then. If they fail, please report it.",
            )
        ]
    return [refusal(_CHECK, error)] if error else []


def judge_rejection(rejection: Rejection) -> Sequence[Finding]:
    """Return why a key is rejected: the one cause that is known, or all, the likeliest first."""
    if known := _known_cause(rejection):
        return [known]
    return list(_possible_causes(rejection))


def _known_cause(rejection: Rejection) -> Finding | None:
    permissions = rejection.permissions
    if owner := rejection.owner:
        return problem(
            _CHECK,
            f"the API key belongs to {owner}, and BINANCE_ENVIRONMENT is {rejection.environment}: "
            f"{rejection.error}",
            f"Set BINANCE_ENVIRONMENT={owner}, or make a key for {rejection.environment}.",
        )
    if permissions and permissions.portfolio_margin and not permissions.futures:
        return problem(
            _CHECK,
            f"Portfolio Margin is on, which takes the permission for Futures from the account's "
            f"API keys: {rejection.error}",
            "This server cannot read a Portfolio Margin account: use a key of another account, or "
            "turn Portfolio Margin off.",
            Certainty.LIKELY,
        )
    if permissions and not permissions.futures:
        return problem(
            _CHECK,
            f"the API key lacks the permission for Futures: {rejection.error}",
            f"Turn on Enable Futures for the key at {_MANAGEMENT}. If that is not offered, open "
            "the Futures account first, and make a new key after that.",
        )
    return None


def _possible_causes(rejection: Rejection) -> Iterator[Finding]:
    if not rejection.is_whole:
        yield problem(
            _CHECK,
            f"the API key is not complete, or is something else: Binance's have 64 letters and "
            f"digits: {rejection.error}",
            f"Copy it again from {_MANAGEMENT}.",
            Certainty.LIKELY,
        )
    yield problem(
        _CHECK,
        f"the API key may be used from other IP addresses only: {rejection.error}",
        f"{_own_address(rejection)} Compare it with those of the key at {_MANAGEMENT}.",
        Certainty.LIKELY if rejection.is_whole else _POSSIBLE,
    )
    if rejection.permissions is None:
        yield problem(
            _CHECK,
            "the API key lacks the permission for Futures",
            f"Turn on Enable Futures for the key at {_MANAGEMENT}.",
            _POSSIBLE,
        )
    yield problem(
        _CHECK,
        "the API key was made before the Futures account was opened",
        "Make a new key.",
        _POSSIBLE,
    )
    yield problem(
        _CHECK,
        "Portfolio Margin is on, which takes the permission for Futures from API keys",
        "Use a key of another account, or turn Portfolio Margin off.",
        _POSSIBLE,
    )
    yield problem(
        _CHECK,
        "the API key was deleted, has expired, or was mistyped",
        f"Look for its first characters at {_MANAGEMENT}.",
        _POSSIBLE,
    )


def _own_address(rejection: Rejection) -> str:
    if found := _REQUEST_IP.search(str(rejection.error)):
        return f"Binance sees {found[1]}."
    ipv6 = " (this machine also has IPv6, of which the list may know nothing)"
    return (
        f"The public address of this machine{ipv6 if rejection.has_ipv6 else ''} is not known "
        "here; a page such as https://api.ipify.org, opened on it through the same proxy, shows it."
    )
