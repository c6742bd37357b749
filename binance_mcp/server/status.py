"""The listen key's status, as the status tool and the resource tell it. Asks Binance nothing."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from binance_mcp.futures.exchange import Exchange
from binance_mcp.futures.listen_key import ListenKey, Rotation, State

ENVIRONMENT: Final = "Where the account is: mainnet, demo or sandbox."


class Told(BaseModel):
    """Something that is told in Binance's spelling: camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)


class ToldRotation(Told):
    """A listen key that was lost, and the one in its place."""

    old_listen_key: str = Field(description="The lost key, masked.")
    new_listen_key: str = Field(description="The key in its place, masked.")
    at: datetime = Field(description="Since when the new key is in its place.")
    events_missing_since: datetime = Field(
        description="Since when, until then, events may be missing."
    )


class ListenKeyStatus(Told):
    """The state of the account's listen key, as this server knows it."""

    environment: str = Field(description=ENVIRONMENT)
    state: str = Field(
        description="none (this server knows of no key), active, expired (lost) or closed."
    )
    listen_key: str | None = Field(description="The active key, if there is one.")
    created_at: datetime | None = Field(description="When this server first heard of it.")
    kept_alive_at: datetime | None = Field(description="When it was last created or kept alive.")
    expires_at: datetime | None = Field(description="When it expires unless it is kept alive.")
    expires_in_seconds: float | None = Field(description="Seconds until then.")
    automatic_keepalive: bool = Field(description="Whether this server keeps it alive by itself.")
    next_keepalive_at: datetime | None = Field(description="When it does so next, or tries to.")
    consecutive_failures: int = Field(description="Keepalives that failed since one succeeded.")
    last_error: str | None = Field(description="What the last of them failed with.")
    events_missing_since: datetime | None = Field(
        description="In the state expired: since when events may be missing."
    )
    rotation_count: int = Field(description="How often a lost key was replaced by another.")
    rotations: list[ToldRotation] = Field(description="The last of these rotations, oldest first.")
    used_weight: int | None = Field(
        description="Request weight that this IP address had used in the minute of the last answer."
    )

    def sentence(self) -> str:
        """Return the status in a sentence or two, with what to do about it."""
        where = f"the account's listen key on {self.environment}"
        text = {
            State.NONE: f"This server has not created {where}.",
            State.CLOSED: f"This server has closed {where}.",
            State.EXPIRED: f"T{where[1:]} is lost: events since "
            f"{_time(self.events_missing_since)} may be missing.",
            State.ACTIVE: f"T{where[1:]} is active until {_time(self.expires_at)}.",
        }[State(self.state)]
        if self.last_error:
            text = f"{text} The last keepalive failed: {self.last_error}."
        if self.next_keepalive_at and self.state == State.EXPIRED:
            soon = _time(self.next_keepalive_at)
            return (
                f"{text} It is replaced at {soon}; BinanceFuturesCreateListenKey does it at once."
            )
        if self.next_keepalive_at:
            return f"{text} It is kept alive automatically at {_time(self.next_keepalive_at)}."
        if self.state == State.ACTIVE:
            return f"{text} Keep it alive with BinanceFuturesKeepAliveListenKey before."
        return f"{text} BinanceFuturesCreateListenKey creates it."


class Quota(Told):
    """What is left of one limit, for the caller."""

    counter: str
    window: str | float
    max: int
    scope: str
    remaining: int


class ListenKeyReport(ListenKeyStatus):
    """The status, and what the caller may still do."""

    remaining_quota: list[Quota] = Field(description="What the policy's limits leave the caller.")
    policy_problem: str | None = Field(
        description="Why the policy file, as it is now, is not in force; the last good one is."
    )


def status_of(exchange: Exchange, *, reveal: bool) -> ListenKeyStatus:
    """Return the status now. Without `reveal`, the listen key is masked."""
    keeper, life = exchange.keeper, exchange.keeper.life
    active = life.active
    return ListenKeyStatus(
        environment=exchange.environment.name,
        state=life.state,
        listen_key=active and shown(active.key, reveal=reveal),
        created_at=active and exchange.date_of(active.created_at),
        kept_alive_at=active and exchange.date_of(active.extended_at),
        expires_at=active and exchange.date_of(active.expires_at),
        expires_in_seconds=active and round(active.expires_at - keeper.clock.now(), 3),
        automatic_keepalive=keeper.schedule is not None,
        next_keepalive_at=_date(exchange, keeper.next_keepalive_at),
        consecutive_failures=life.failures,
        last_error=str(life.error) if life.error else None,
        events_missing_since=_date(exchange, life.lost_since),
        rotation_count=life.rotation_count,
        rotations=[_told(exchange, rotation) for rotation in life.rotations],
        used_weight=keeper.rest_api.weight.used,
    )


def _time(date: datetime | None) -> str:
    return f"{date:%H:%M:%S} UTC" if date else "an unknown time"


def shown(key: ListenKey, *, reveal: bool) -> str:
    """Return a listen key as it may be told."""
    return key.get_secret_value() if reveal else str(key)


def _date(exchange: Exchange, at: float | None) -> datetime | None:
    return None if at is None else exchange.date_of(at)


def _told(exchange: Exchange, rotation: Rotation) -> ToldRotation:
    return ToldRotation(
        old_listen_key=str(rotation.old),
        new_listen_key=str(rotation.new),
        at=exchange.date_of(rotation.at),
        events_missing_since=exchange.date_of(rotation.missing_since),
    )
