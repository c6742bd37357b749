"""The audit trail: whether its records are unchanged."""

from collections.abc import Callable, Sequence
from typing import Final

from binance_mcp.audit.verification import VerifiedTrail, verify
from binance_mcp.doctor.finding import Certainty, Finding, ok, problem
from binance_mcp.errors import AuditError, BrokenTrailError
from binance_mcp.settings import Settings

_CHECK: Final = "audit trail"


def check_trail(settings: Settings) -> Sequence[Finding]:
    """Verify the audit trail, if one is configured and has been begun."""
    if settings.audit_log is None:
        return []
    path = settings.audit_log.expanduser()
    key = settings.audit_key.get_secret_value().encode() if settings.audit_key else None
    if not path.is_file() or not path.stat().st_size:
        return [ok(_CHECK, "it has no records yet")]
    try:
        return [_intact(_verified_twice(lambda: verify(path, key)))]
    except BrokenTrailError as error:
        return [
            problem(
                _CHECK,
                f"a record was changed, moved, added or removed, or is sealed with another key: "
                f"{error}",
                "Check BINANCE_MCP_AUDIT_KEY, and find out who may write the file. To begin a new "
                "trail, move its files away.",
            )
        ]
    except AuditError as error:
        how = "Correct the permissions of the file."
        return [problem(_CHECK, f"it cannot be read: {error}", how, Certainty.LIKELY)]


def _verified_twice(verified: Callable[[], VerifiedTrail]) -> VerifiedTrail:
    """Verify again what seems broken: the server may have been writing it."""
    try:
        return verified()
    except BrokenTrailError:
        return verified()


def _intact(trail: VerifiedTrail) -> Finding:
    return ok(_CHECK, f"its {trail.records} records are unchanged")
