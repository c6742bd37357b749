"""What the API key may do, and whether the account can be read. Only where requests are signed.

https://developers.binance.com/docs/wallet/account/api-key-permission
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from binance_mcp.doctor.finding import Finding, ok, unknown, warning
from binance_mcp.doctor.refusals import refusal
from binance_mcp.doctor.single_requests import SingleRequests
from binance_mcp.futures.binance_error import BinanceError
from binance_mcp.futures.environment import ENVIRONMENTS
from binance_mcp.settings import Settings

_CHECK: Final = "permissions"
_ACCOUNT: Final = "/fapi/v3/account"
_RESTRICTIONS: Final = "/sapi/v1/account/apiRestrictions"
_ALL_MARKETS: Final = "https://api.binance.com"
"""The host that answers for every market. Demo has no such."""


@dataclass(frozen=True)
class Permissions:
    """What the API key may do."""

    futures: bool
    withdrawals: bool
    portfolio_margin: bool
    is_ip_restricted: bool


def permissions_url(settings: Settings) -> str | None:
    """Return the address to ask what a key may do; None if there is none."""
    if settings.environment == "mainnet":
        has_own = settings.rest_url in (None, ENVIRONMENTS["mainnet"].rest_url)
        return _ALL_MARKETS if has_own else None
    return settings.rest_url if settings.environment == "sandbox" else None


async def ask_permissions(requests: SingleRequests) -> Permissions | BinanceError:
    """Ask what the key may do; return the error of an answer that does not tell."""
    try:
        told = await requests.read(_RESTRICTIONS)
    except BinanceError as error:
        return error
    return Permissions(
        futures=told.get("enableFutures") is not False,
        withdrawals=told.get("enableWithdrawals") is True,
        portfolio_margin=told.get("enablePortfolioMarginTrading") is True,
        is_ip_restricted=told.get("ipRestrict") is not False,
    )


async def read_account(requests: SingleRequests) -> BinanceError | None:
    """Read the account, and return the error if that fails."""
    try:
        await requests.read(_ACCOUNT)
    except BinanceError as error:
        return error
    return None


def judge_account(error: BinanceError | None) -> Sequence[Finding]:
    """Judge whether the account can be read by signed requests."""
    if error is None:
        return [ok("account", "it can be read: the signature is right")]
    return [refusal("account", error)]


def judge_permissions(told: Permissions | BinanceError) -> Sequence[Finding]:
    """Advise on what the key may do beyond what this server needs."""
    if isinstance(told, BinanceError):
        return [unknown(_CHECK, f"Binance does not tell what the API key may do: {told}")]
    in_order = ok(_CHECK, "the API key may not withdraw, and is for some IP addresses only")
    return list(_advice(told)) or [in_order]


def _advice(told: Permissions) -> Iterator[Finding]:
    if told.withdrawals:
        yield warning(
            _CHECK,
            "the API key may withdraw: whoever gets hold of it may empty the account",
            "Turn off Enable Withdrawals: this server needs to read only.",
        )
    if not told.is_ip_restricted:
        yield warning(
            _CHECK,
            "the API key may be used from any IP address",
            "Restrict it to the address of this machine, if that does not change.",
        )
