"""Opening what the settings describe: the account, and the audit trail."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from pydantic import SecretStr
from starlette.types import ASGIApp

from binance_mcp.audit.trail import AuditTrail
from binance_mcp.clock import WallClock
from binance_mcp.errors import Problem, SettingsError
from binance_mcp.futures.account import Account, open_account
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.futures.user_stream.events_file import EventsFile
from binance_mcp.settings import Settings


def opening_account(
    settings: Settings,
    credentials: Credentials,
    sandbox: ASGIApp | None,
    wall_clock: WallClock,
    on_change: Callable[[], None] = lambda: None,
) -> AbstractAsyncContextManager[Account]:
    """Return the account to open.

    `sandbox`, an ASGI app, answers in Binance's place. The environment `sandbox` without a REST URL
    brings its own, in this process, with a new account.
    """
    if _brings_its_own_account(settings, sandbox):
        from binance_mcp.sandbox.app import Sandbox  # noqa: PLC0415  # seldom used

        sandbox = Sandbox(wall_clock=wall_clock)
        keys = sandbox.new_account()
        credentials = Credentials(SecretStr(keys.api_key), hmac_signer(keys.api_secret))
    return open_account(
        settings, credentials, app=sandbox, wall_clock=wall_clock, on_change=on_change
    )


def can_read_account(settings: Settings, credentials: Credentials, sandbox: ASGIApp | None) -> bool:
    """Return whether the requests to the account to open will be signed, which reads must be."""
    return credentials.signer is not None or _brings_its_own_account(settings, sandbox)


def check_events_file(settings: Settings) -> None:
    """Check that the file of events, if one is configured, can be one.

    Raises:
        SettingsError: Its path is not one.
        EventsFileError: It cannot be used. That another process uses it is found when it is opened.

    """
    if settings.events_file is not None and settings.user_events:
        path = _expanded(settings.events_file, "BINANCE_MCP_EVENTS_FILE")
        EventsFile(path, account="").check()


def audit_trail(settings: Settings) -> AuditTrail | None:
    """Return the audit trail, which can be written; None if none is configured.

    Raises:
        SettingsError: Its path is not one.
        AuditError: It cannot be written.

    """
    if settings.audit_log is None:
        return None
    key = settings.audit_key.get_secret_value().encode() if settings.audit_key else None
    trail = AuditTrail(_expanded(settings.audit_log, "BINANCE_MCP_AUDIT_LOG"), key=key)
    trail.check()
    return trail


def _brings_its_own_account(settings: Settings, sandbox: ASGIApp | None) -> bool:
    return sandbox is None and settings.environment == "sandbox" and settings.rest_url is None


def _expanded(path: Path, variable: str) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        wanted = "is not the path of a file: there is no such home directory"
        raise SettingsError([Problem(variable, wanted)]) from None
