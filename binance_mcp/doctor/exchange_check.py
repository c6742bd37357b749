"""What is asked of Binance, or of what answers in its place: from the way out to the stream."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from binance_mcp.doctor.api_key import (
    KeyAnswer,
    Rejection,
    ask_about_key,
    judge_key,
    judge_rejection,
    looks_whole,
)
from binance_mcp.doctor.clock_check import check_clock
from binance_mcp.doctor.configuration import is_in_process, refused_settings
from binance_mcp.doctor.finding import Finding, unknown
from binance_mcp.doctor.permissions import (
    Permissions,
    ask_permissions,
    judge_account,
    judge_permissions,
    permissions_url,
    read_account,
)
from binance_mcp.doctor.refusals import refusal
from binance_mcp.doctor.single_requests import SingleRequests
from binance_mcp.doctor.stream_probe import judge_stream, probe_stream
from binance_mcp.doctor.ways_out import Way, judge_ways, look_for_ways, unusable_way
from binance_mcp.errors import SettingsError
from binance_mcp.futures.account import environment_of
from binance_mcp.futures.binance_error import BinanceError, NetworkSettingsError
from binance_mcp.futures.credentials import Credentials, load_credentials
from binance_mcp.futures.environment import ENVIRONMENTS, Environment
from binance_mcp.futures.http_client import http_client
from binance_mcp.settings import Settings

_OTHERS: Final = {"mainnet": "demo", "demo": "mainnet"}
_STREAM_SECONDS: Final = 2.0


async def examine_exchange(settings: Settings) -> Sequence[Finding]:
    """Make the checks that send something; none, if the server brings its own sandbox."""
    try:
        credentials = load_credentials(settings)
    except SettingsError as error:
        return refused_settings(error)
    if is_in_process(settings):
        return []
    environment = environment_of(settings)
    try:
        rest, stream = await look_for_ways(environment, settings.timeout_seconds)
        found = list(judge_ways(rest, stream))
        if not rest.is_open:
            return [*found, unknown("Binance", "not asked: there is no way out")]
        async with http_client(environment.rest_url) as http:
            requests = SingleRequests(http, credentials, settings.timeout_seconds)
            exchange = _Exchange(settings, environment, requests, rest, stream)
            return [*found, *await exchange.examine()]
    except NetworkSettingsError as error:
        return [unusable_way(error), unknown("Binance", "not asked: there is no way out")]


@dataclass
class _Exchange:
    """The checks of an address that can be connected to."""

    settings: Settings
    environment: Environment
    requests: SingleRequests
    rest: Way
    stream: Way

    async def examine(self) -> Sequence[Finding]:
        try:
            time = await self.requests.time()
        except NetworkSettingsError:
            raise
        except BinanceError as error:
            untried = unknown("API key", "not asked: Binance does not answer as it should")
            return [refusal("Binance", error), untried]
        self.requests.offset = time.offset
        found = list(check_clock(time))
        answer = KeyAnswer()
        if self.settings.api_key is not None:
            answer = await ask_about_key(self.requests)
            found += await self._judged(answer)
        if self.stream.is_open and self.settings.user_events:
            found += await self._probed(answer)
        return found

    async def _judged(self, answer: KeyAnswer) -> Sequence[Finding]:
        """Judge the API key, with what else can be asked about it."""
        is_signed = self.requests.credentials.signer is not None
        told = await self._permissions() if is_signed else None
        if answer.error and answer.is_rejected:
            return judge_rejection(await self._rejection(answer.error, told))
        found = list(judge_key(answer))
        if is_signed and answer.is_accepted:
            found += judge_account(await read_account(self.requests))
            found += judge_permissions(told) if told else []
        return found

    async def _permissions(self) -> Permissions | BinanceError | None:
        url = permissions_url(self.settings)
        if url is None:
            return None
        async with http_client(url) as http:
            return await ask_permissions(replace(self.requests, http=http))

    async def _rejection(
        self, error: BinanceError, told: Permissions | BinanceError | None
    ) -> Rejection:
        api_key = self.requests.credentials.api_key
        return Rejection(
            self.environment.name,
            error,
            is_whole=looks_whole(api_key.get_secret_value() if api_key else ""),
            owner=await self._owner(),
            permissions=told if isinstance(told, Permissions) else None,
            has_ipv6=self.rest.proxy is None and "IPv6" in self.rest.reached_by,
        )

    async def _owner(self) -> str | None:
        """Return the other environment, if the key is accepted there."""
        other = ENVIRONMENTS.get(_OTHERS.get(self.environment.name, ""))
        if other is None or self.environment.foreign_hosts:
            return None
        key_only = Credentials(self.requests.credentials.api_key)
        async with http_client(other.rest_url) as http:
            answer = await ask_about_key(replace(self.requests, http=http, credentials=key_only))
        return other.name if answer.is_accepted else None

    async def _probed(self, answer: KeyAnswer) -> Sequence[Finding]:
        async with http_client(self.environment.stream_url) as http:
            key = answer.listen_key
            return judge_stream(await probe_stream(http, self.environment, key, _STREAM_SECONDS))
