"""A record of the audit trail: its fields, and how they are written.

It has no values of arguments. All texts are cut, made printable and masked, because the caller sent
many of them.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from binance_mcp.masking import mask_tokens

_MOST_NAMES: Final = 64
_LONGEST_NAME: Final = 64
_LONGEST_TEXT: Final = 256
_SESSION_DIGITS: Final = 32


@dataclass(frozen=True)
class ShadowDecision:
    """What the shadow policy would have decided, where that differs from what was decided."""

    decision: str
    policy: str
    """The first 16 hexadecimal digits of the SHA-256 of the shadow policy."""
    rule: str | None = None
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """The decision about a tool call, and its outcome."""

    time: float
    """When the decision was made: seconds since the Unix epoch."""
    request_id: str | int
    transport: Literal["stdio", "http"]
    grant: str
    """The principal that called."""
    session: str
    """The session that it called in: a credential over HTTP, and never written as it is."""
    tool: str
    arguments: tuple[str, ...]
    """The names of the arguments given."""
    policy: str
    """The first 16 hexadecimal digits of the SHA-256 of the policy document."""
    outcome: Literal["ok", "error", "denied"]
    duration: float
    """Seconds from the call's arrival to its result."""
    code: str | None = None
    """The code of the denial; None if the call was allowed."""
    rule: str | None = None
    """JSON pointer of the rule that denied the call; None if it was allowed."""
    remaining: int | None = None
    """Calls left of the limit that denied the call, or of the tightest; None without limits."""
    error_code: str | int | None = None
    """The code of the error; None if the call succeeded or was denied."""
    upstream_status: int | None = None
    """HTTP status of the exchange's last answer; None if there was none."""
    shadow: ShadowDecision | None = None
    """None if there is no shadow policy, or it would have decided the same."""


def entry(record: Record, salt: bytes) -> str:
    """Return a record as a JSON object on one line.

    A session is written as a keyed hash of its id, which is a credential over HTTP: without the
    `salt`, a guess of the id cannot be checked.
    """
    fields: dict[str, object] = {
        "time": _iso(record.time),
        "requestId": str(record.request_id),
        "transport": record.transport,
        "grant": record.grant,
        "session": _pseudonym(record.session, salt),
        "tool": record.tool,
        "arguments": _names(record.arguments),
        "decision": "deny" if record.outcome == "denied" else "allow",
        "code": record.code,
        "rule": record.rule,
        "remaining": record.remaining,
        "policy": record.policy,
        "outcome": record.outcome,
        "errorCode": record.error_code,
        "durationMs": round(record.duration * 1000, 3),
        "upstreamStatus": record.upstream_status,
    }
    if record.shadow:
        fields["shadow"] = _safe(asdict(record.shadow))
    return json.dumps(_safe(fields), ensure_ascii=False, separators=(",", ":"))


def _safe(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _text(v) if isinstance(v, str) else v for name, v in fields.items()}


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"


def _pseudonym(session: str, salt: bytes) -> str:
    return hmac.digest(salt, session.encode(errors="replace"), "sha256").hex()[:_SESSION_DIGITS]


def _names(names: tuple[str, ...]) -> list[str]:
    """Return the names in order; "…" stands for those beyond the 64th."""
    told = [_text(name, _LONGEST_NAME) for name in sorted(names)[:_MOST_NAMES]]
    return [*told, "…"] if len(names) > _MOST_NAMES else told


def _text(text: str, longest: int = _LONGEST_TEXT) -> str:
    masked = mask_tokens(text)  # before cutting, which could leave a part of a key
    short = masked if len(masked) <= longest else f"{masked[: longest - 1]}…"
    if short.isprintable():
        return short
    return "".join(character if character.isprintable() else "�" for character in short)
