"""The WebSocket API's user data stream methods, on the accounts and listen keys of REST.

https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-api-general-info
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams/Start-User-Data-Stream-Wsp
"""

from collections.abc import Callable, Mapping
from typing import Final

import anyio
from pydantic import ConfigDict, Field, JsonValue, ValidationError

from binance_mcp.sandbox.accounts import Account, Accounts
from binance_mcp.sandbox.error_answers import (
    INVALID_JSON,
    UNSUPPORTED_OPERATION,
    WEIGHT_LIMIT,
)
from binance_mcp.sandbox.http_messages import RefusedError, compact_json
from binance_mcp.sandbox.moment import Moment, Now
from binance_mcp.sandbox.rate_limits import RateLimits
from binance_mcp.sandbox.websocket import Connection
from binance_mcp.sandbox.wire_model import WireModel

PATH: Final = "/ws-fapi/v1"
_HANDSHAKE_WEIGHT: Final = 5


class Call(WireModel):
    """A request on the WebSocket; other members are ignored."""

    model_config = ConfigDict(extra="ignore")

    method: str
    id: int | str | None = None
    params: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue], repr=False)

    @property
    def api_key(self) -> str:
        """The API key among the parameters; empty if there is none."""
        api_key = self.params.get("apiKey")
        return api_key if isinstance(api_key, str) else ""


class WebSocketApi:
    """The WebSocket API. Its request weight is counted separately from REST.

    A request arrives `way_seconds` after it was sent, and its response as long after that.
    """

    def __init__(self, accounts: Accounts, now: Now, way_seconds: float = 0.0) -> None:
        self._accounts = accounts
        self._now = now
        self._way_seconds = way_seconds
        self._rate_limits = RateLimits()
        self._methods: Mapping[str, Callable[[Account, Moment], Mapping[str, object]]] = {
            "userDataStream.start": self._start,
            "userDataStream.ping": self._ping,
            "userDataStream.stop": self._stop,
        }

    async def run(self, connection: Connection, peer: str) -> None:
        """Serve a WebSocket of the client at `peer` until it ends."""

        async def converse() -> None:
            self._rate_limits.count(peer, self._now().wall, _HANDSHAKE_WEIGHT)
            async for message in connection:
                await anyio.sleep(self._way_seconds)
                reply = compact_json(self.reply(message, peer))
                await anyio.sleep(self._way_seconds)
                connection.send(reply)

        await connection.run(converse)

    def reply(self, message: str | bytes, peer: str) -> Mapping[str, object]:
        """Return the response to a message, which costs a weight of 1."""
        now = self._now()
        used = self._rate_limits.count(peer, now.wall)
        call = _read(message)
        try:
            self._rate_limits.check(peer, now.wall)
            outcome = {"status": 200, "result": self._result(call, now)}
        except RefusedError as error:
            outcome = {"status": error.answer.status, "error": error.answer.content}
        return {"id": call and call.id, **outcome, "rateLimits": [_usage(used)]}

    def _result(self, call: Call | None, now: Moment) -> Mapping[str, object]:
        if call is None:
            raise RefusedError(INVALID_JSON)
        if call.method not in self._methods:
            raise RefusedError(UNSUPPORTED_OPERATION)
        return self._methods[call.method](self._accounts.account(call.api_key), now)

    def _start(self, account: Account, now: Moment) -> Mapping[str, object]:
        return {"listenKey": self._accounts.open(account, now)}

    def _ping(self, account: Account, now: Moment) -> Mapping[str, object]:
        return {"listenKey": self._accounts.extend(account, now)}

    def _stop(self, account: Account, now: Moment) -> Mapping[str, object]:
        self._accounts.close(account, now)
        return {}


def _read(message: str | bytes) -> Call | None:
    try:
        return Call.model_validate_json(message)
    except ValidationError:
        return None


def _usage(used: int) -> Mapping[str, object]:
    return {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": WEIGHT_LIMIT,
        "count": used,
    }
