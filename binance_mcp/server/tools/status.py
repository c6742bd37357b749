"""The tool that reports the listen key's status, as the resource does. It asks Binance nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Protocol

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult
from pydantic import Field, WithJsonSchema

from binance_mcp.errors import LimitStatus
from binance_mcp.futures.account import Account
from binance_mcp.futures.listen_key import Rotation, State
from binance_mcp.futures.user_stream.status import StreamStatus
from binance_mcp.server.identity import client_of
from binance_mcp.server.tools.results import (
    Reveal,
    ToolResult,
    date_and_time,
    how_to_connect_again,
    replacement_sentences,
    shown,
    stream_url,
    succeeded,
)
from binance_mcp.server.tools.stream_report import StreamReport, stream_report
from binance_mcp.server.tools.stream_sentences import stream_sentence, withheld_sentence
from binance_mcp.server.tools.told_keys import Replacement, ToldKeys
from binance_mcp.server.tools.tool import READS, make_tool

STATUS_TOOL: Final = "BinanceFuturesGetListenKeyStatus"

_STATUS: Final = (
    "Get the state of the account's listen key without asking Binance: when Binance last "
    "confirmed it, expiry, next keepalive, failures, rotations and since when events may be "
    "missing, and how many calls the policy still allows."
)

Detail = Annotated[
    bool,
    Field(strict=True, description="Also report all rotations and quotas."),
]


class PolicyStatus(Protocol):
    """What the status reports of the policy."""

    @property
    def policy_problem(self) -> str | None:
        """Why the policy file in its present state is not active; None if it is."""
        ...

    def remaining(self, context: Context[Account]) -> Sequence[LimitStatus]:
        """Return what is left of the policy's limits for the caller."""
        ...


class RotationReport(ToolResult):
    """A lost listen key, and the one that replaced it."""

    old_listen_key: str
    new_listen_key: str
    at: datetime
    events_missing_since: datetime


class Quota(ToolResult):
    """What is left of a limit for the caller."""

    counter: str
    window: Any
    """A name or a number of seconds; without a union, which would only cost tokens."""
    max: int
    scope: str
    remaining: int


class ListenKeyStatus(ToolResult):
    """The state of the account's listen key, as this server knows it."""

    environment: str
    host: str | None = Field(None, description="Only if it is not Binance's.")
    state: str = Field(description="none, active, expired or closed.")
    listen_key: str | None = None
    created_at: datetime | None = None
    confirmed_at: datetime | None = None
    expires_at: datetime | None = None
    expires_in_seconds: int | None = None
    closing: bool | None = None
    automatic_keepalive: bool
    next_keepalive_at: datetime | None = None
    no_requests_until: datetime | None = None
    consecutive_failures: int | None = None
    last_error: str | None = None
    events_missing_since: datetime | None = None
    web_socket_url: str | None = None
    rotation_count: int | None = None
    last_rotation: Annotated[RotationReport, WithJsonSchema({"type": "object"})] | None = None
    """The names in it say what they are; a schema would cost each session its tokens."""
    rotations: list[Any] | None = None
    used_weight: int | None = None
    tightest_quota: Quota | None = None
    remaining_quota: list[Any] | None = None
    policy_problem: str | None = None
    stream: Annotated[StreamReport, WithJsonSchema({"type": "object"})] | None = None


_DETAILS: Final = ("listen_key", "created_at", "rotations", "used_weight", "stream")
"""Reported only with `detail`."""


class StatusTool:
    """The function behind the tool; without a policy, there is nothing to report of one."""

    def __init__(self, told_keys: ToldKeys, policy: PolicyStatus | None, reveal: Reveal) -> None:
        self._told_keys = told_keys
        self._policy = policy
        self._reveal: Final = reveal

    async def get_listen_key_status(
        self,
        context: Context[Account],
        detail: Detail = False,  # noqa: FBT002  # an argument of the tool has a name
    ) -> Annotated[CallToolResult, ListenKeyStatus]:
        """Return the status, and what the caller may still do."""
        account = context.request_context.lifespan_context
        life, now = account.keeper.life, account.keeper.clock.now()
        client = client_of(context)
        replaced = life.active and self._told_keys.tell(client, life.active, life, None, now)
        status = report(
            account,
            self._reveal,
            replaced,
            self._policy.remaining(context) if self._policy else (),
            self._policy.policy_problem if self._policy else None,
            detail=detail,
        )
        how = how_to_connect_again(self._reveal)
        text = replacement_sentences(account, replaced, how) + sentences(status)
        if account.stream.is_on and life.active:
            stream = StreamStatus.of(account.stream)
            text += f" {stream_sentence(stream, account.wall_clock())}{withheld_sentence(stream)}"
        return succeeded(text, status)


def status_tool(told_keys: ToldKeys, policy: PolicyStatus | None, reveal: Reveal) -> Tool:
    """Return the tool; `reveal` says which tools show the listen key."""
    function = StatusTool(told_keys, policy, reveal).get_listen_key_status
    return make_tool(function, STATUS_TOOL, _STATUS, READS)


def status_of(account: Account, reveal: Reveal, *, detail: bool) -> ListenKeyStatus:
    """Return the status; with `detail`, everything that is known."""
    keeper, life = account.keeper, account.keeper.life
    active, error = life.active, life.error
    rotations = [_rotation(account, rotation) for rotation in life.rotations]
    status = ListenKeyStatus(
        environment=account.environment.name,
        host=account.environment.foreign_hosts or None,
        state=life.state,
        listen_key=shown(active.key, is_revealed=reveal == "always") if active else None,
        created_at=active and account.date_of(active.created_at),
        confirmed_at=active and account.date_of(active.extended_at),
        expires_at=active and account.date_of(active.expires_at),
        expires_in_seconds=active and round(active.expires_at - keeper.clock.now()),
        closing=(life.is_closing and active is not None) or None,
        automatic_keepalive=keeper.schedule is not None,
        next_keepalive_at=_date(account, keeper.next_keepalive_at),
        no_requests_until=_date(account, keeper.stopped_until),
        consecutive_failures=life.failures or None,
        last_error=str(error) if error else None,
        events_missing_since=_date(account, life.lost_since),
        rotation_count=life.rotation_count or None,
        last_rotation=rotations[-1] if rotations else None,
        rotations=rotations or None,
        used_weight=keeper.rest_api.weight.used,
        stream=stream_report(account.stream) if account.stream.is_on else None,
    )
    return status if detail else status.model_copy(update=dict.fromkeys(_DETAILS))


def report(  # noqa: PLR0913
    account: Account,
    reveal: Reveal,
    replaced: Replacement | None,
    quota: Sequence[LimitStatus],
    policy_problem: str | None,
    *,
    detail: bool,
) -> ListenKeyStatus:
    """Return the status with what concerns the caller: a replaced key, quota, policy."""
    found: dict[str, object] = {"policy_problem": policy_problem}
    if quota:
        found["tightest_quota"] = Quota(**asdict(min(quota, key=lambda left: left.remaining)))
    if detail:
        found["remaining_quota"] = [Quota(**asdict(left)) for left in quota]
    if replaced:
        found["events_missing_since"] = account.date_of(replaced.missing_since)
        found["web_socket_url"] = stream_url(account)
        if not detail:
            found["last_rotation"] = None  # the first sentence says more
    return status_of(account, reveal, detail=detail).model_copy(update=found)


def sentences(status: ListenKeyStatus) -> str:
    """Return the status in sentences, with what to do about it."""
    where = f"on {status.environment}" + (f" (at {status.host})" if status.host else "")
    parts = [_state(status, where)]
    if status.last_error:
        parts.append(f"The last keepalive failed: {status.last_error.removesuffix('.')}.")
    if status.no_requests_until:
        until = date_and_time(status.no_requests_until)
        parts.append(f"Binance's limits forbid requests until {until}; nothing is sent before.")
    parts.append(_next(status))
    if (last := status.last_rotation) and not status.web_socket_url:
        parts.append(_rotations(status.rotation_count or 1, last))
    if quota := status.tightest_quota:
        parts.append(
            f"The policy's tightest limit ({quota.counter}): {quota.remaining} of {quota.max} "
            f"calls left per {quota.window}."
        )
    if status.policy_problem:
        parts.append(f"The policy file has a problem: {status.policy_problem.removesuffix('.')}.")
    return " ".join(parts)


def _state(status: ListenKeyStatus, where: str) -> str:
    if status.closing:
        return (
            f"A close of the account's listen key {where} was sent, but not confirmed: it may be "
            "closed. BinanceFuturesKeepAliveListenKey asks Binance now."
        )
    if status.confirmed_at and status.expires_at:
        return (
            f"The account's listen key {where} is active until {date_and_time(status.expires_at)}, "
            f"as Binance last confirmed at {date_and_time(status.confirmed_at)}; another program "
            "may have closed it since. BinanceFuturesKeepAliveListenKey asks Binance now."
        )
    if status.state == State.EXPIRED and status.events_missing_since:
        since = date_and_time(status.events_missing_since)
        return f"The account's listen key {where} is lost; events since {since} may be missing."
    if status.state == State.CLOSED:
        return f"This server has closed the account's listen key {where}."
    return f"This server knows of no listen key {where}; another program may have created one."


def _next(status: ListenKeyStatus) -> str:
    if status.next_keepalive_at:
        at = date_and_time(status.next_keepalive_at)
        if status.state == State.ACTIVE:
            return f"Next automatic keepalive: {at}."
        return f"It will be replaced at {at}; BinanceFuturesCreateListenKey does it at once."
    if status.state == State.ACTIVE:
        return "It is not kept alive automatically: do so every 30-50 minutes."
    return "BinanceFuturesCreateListenKey creates one."


def _rotations(count: int, last: RotationReport) -> str:
    times = "once" if count == 1 else f"{count} times"
    return (
        f"A lost key was replaced {times}, last at {date_and_time(last.at)}: events between "
        f"{date_and_time(last.events_missing_since)} and then may be missing."
    )


def _date(account: Account, at: float | None) -> datetime | None:
    return None if at is None else account.date_of(at)


def _rotation(account: Account, rotation: Rotation) -> RotationReport:
    return RotationReport(
        old_listen_key=str(rotation.old),
        new_listen_key=str(rotation.new),
        at=account.date_of(rotation.at),
        events_missing_since=account.date_of(rotation.missing_since),
    )
