"""One account, opened: settings in, the keeper of its listen key and its stream out."""

import hashlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import anyio
from starlette.types import ASGIApp

from binance_mcp.clock import WallClock, wall_clock
from binance_mcp.errors import EventsFileError
from binance_mcp.futures.account_reads import AccountReads
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.environment import ENVIRONMENTS, Environment
from binance_mcp.futures.http_client import http_client
from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.read_budget import ReadBudget
from binance_mcp.futures.repair.known_orders import KnownOrders
from binance_mcp.futures.repair.repair import JournalRepair
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.schedule import Schedule
from binance_mcp.futures.user_stream.events_file import EventsFile
from binance_mcp.futures.user_stream.journal import Journal
from binance_mcp.futures.user_stream.stream import UserStream
from binance_mcp.futures.weight import RequestWeight
from binance_mcp.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """An account whose listen key is kept while it is open, and the environment it is in."""

    environment: Environment
    keeper: ListenKeyKeeper
    stream: UserStream
    wall_clock: WallClock
    reads: AccountReads | None = None
    """None if requests cannot be signed."""
    known_orders: KnownOrders | None = None
    """What is known to be open; None unless gaps are repaired."""

    def date_of(self, at: float) -> datetime:
        """Return the date, to the second, of a time on the keeper's clock."""
        ago = self.keeper.clock.now() - at
        return datetime.fromtimestamp(round(self.wall_clock() - ago), UTC)


@asynccontextmanager
async def open_account(
    settings: Settings,
    credentials: Credentials,
    *,
    app: ASGIApp | None = None,
    wall_clock: WallClock = wall_clock,
    on_change: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Account]:
    """Open the configured environment; nothing is sent yet. The keeper runs while it is open.

    With `app`, that app in this process answers in Binance's place. `on_change` is called after
    every change of the listen key's life.
    """
    environment = environment_of(settings)
    logger.info(
        "using %s at %s, streams at %s",
        environment.name,
        environment.rest_url,
        environment.stream_url,
    )
    try:
        async with (
            http_client(environment.rest_url, app=app) as http,
            http_client(environment.stream_url, app=app) as streams,
        ):
            rest_api = RestApi(
                http,
                credentials,
                RequestWeight(environment.weight_limit),
                timeout=settings.timeout_seconds,
                wall_clock=wall_clock,
            )
            keeper = ListenKeyKeeper(rest_api, _schedule(settings), listeners=[on_change])
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(keeper.run)
                file, journal = _journal(settings, None if app else credentials)
                stream = UserStream(
                    keeper, streams, environment, journal, wall_clock, has_pings=app is None
                )
                reads = _reads(rest_api) if credentials.signer else None
                if settings.user_events:
                    keeper.listeners.append(stream.wake)
                    tasks.start_soon(stream.run)
                repair = _repair(settings, reads, journal, wall_clock)
                if repair:
                    tasks.start_soon(repair.run)
                if file:
                    tasks.start_soon(file.run, stream.heard_until)
                known = repair and repair.known
                yield Account(environment, keeper, stream, wall_clock, reads, known)
                tasks.cancel_scope.cancel()
    finally:
        logger.info("stopped using %s; a listen key is left as it is", environment.name)


def environment_of(settings: Settings) -> Environment:
    """Return the configured environment, with the URLs that the settings override."""
    preset = ENVIRONMENTS[settings.environment]
    return replace(
        preset,
        rest_url=settings.rest_url or preset.rest_url,
        stream_url=settings.stream_url or preset.stream_url,
    )


def _journal(
    settings: Settings, credentials: Credentials | None
) -> tuple[EventsFile | None, Journal]:
    """Return the journal, and its file. Without a file that can be used, it is in memory only."""
    journal = partial(Journal, most_events=settings.events_held, most_bytes=settings.events_bytes)
    if settings.events_file is None or not settings.user_events:
        return None, journal()
    file = EventsFile(settings.events_file.expanduser(), _account_id(settings, credentials))
    try:
        past = file.open()
    except EventsFileError as error:
        logger.warning("%s; events are held in memory only", error)
        return None, journal()
    return file, journal(past=past, store=file)


def _account_id(settings: Settings, credentials: Credentials | None) -> str:
    """Return what tells accounts apart, without what could be used of their credentials."""
    key = credentials.api_key.get_secret_value() if credentials and credentials.api_key else ""
    return hashlib.sha256(f"{settings.environment} {key}".encode()).hexdigest()[:16]


def _reads(rest_api: RestApi) -> AccountReads:
    return AccountReads(rest_api, ReadBudget(rest_api.weight.limit))


def _repair(
    settings: Settings, reads: AccountReads | None, journal: Journal, wall_clock: WallClock
) -> JournalRepair | None:
    if reads is None or not settings.user_events or not settings.repair_gaps:
        return None
    return JournalRepair(reads, journal, wall_clock, settings.compare_seconds)


def _schedule(settings: Settings) -> Schedule | None:
    if not settings.auto_keepalive:
        return None
    return Schedule(settings.keepalive_seconds, settings.keepalive_jitter_seconds)
