"""The routes under /sandbox/, which control the sandbox. Pure."""

from collections.abc import Sequence
from typing import Annotated, Final, Self
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field, JsonValue, ValidationError, model_validator

from binance_mcp.sandbox.accounts import Accounts, Event
from binance_mcp.sandbox.authentication import verifier
from binance_mcp.sandbox.event_log import EventLog
from binance_mcp.sandbox.faults import CONDITIONS, FAULTS, Fault, Faults
from binance_mcp.sandbox.http_messages import (
    Answer,
    RefusedError,
    Request,
    Routes,
    compact_json,
    find_handler,
)
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.open_streams import OpenStreams
from binance_mcp.sandbox.request_log import RequestLog
from binance_mcp.sandbox.restrictions import Restrictions
from binance_mcp.sandbox.stream_faults import (
    STREAM_FAULTS,
    NamedFault,
    StreamFault,
    StreamFlood,
)
from binance_mcp.sandbox.trading.ledger import Ledgers
from binance_mcp.sandbox.trading.routes import ChangeRoutes
from binance_mcp.sandbox.wire_model import WireModel, problems

_CREATED: Final = Answer(201, {})
_DONE: Final = Answer(204, "")


class NewAccount(WireModel):
    """An account to add; without secret and public key it cannot sign."""

    api_key: str = Field(repr=False)
    api_secret: str | None = Field(default=None, repr=False)
    public_key: str | None = None
    restrictions: Restrictions | None = None


def _sendable(event: Event) -> Event:
    compact_json(event)  # refuses NaN and the infinities
    return event


SendableEvent = Annotated[dict[str, JsonValue], AfterValidator(_sendable)]


class NewEvents(WireModel):
    """Events to push; the API key may be left out when there is exactly one account."""

    event: SendableEvent | None = None
    events: tuple[SendableEvent, ...] | None = None
    api_key: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _are_one_or_many(self) -> Self:
        if (self.event is None) is (self.events is None):
            raise ValueError("either event or events is wanted")
        return self

    @property
    def all(self) -> Sequence[Event]:
        """The events in the order in which they are pushed."""
        return self.events or (() if self.event is None else (self.event,))


class WantedEvents(WireModel):
    """The query for published events: those with a higher sequence than `after`."""

    after: int = Field(default=0, ge=0)


class Control:
    """The control routes. Binance has none of them, and they need no API key."""

    def __init__(  # noqa: PLR0913  # all that it controls
        self,
        accounts: Accounts,
        faults: Faults,
        open_streams: OpenStreams,
        requests: RequestLog,
        events: EventLog,
        *,
        ledgers: Ledgers,
    ) -> None:
        self._accounts = accounts
        self._faults = faults
        self._open_streams = open_streams
        self._requests = requests
        self._events = events
        self._routes: Routes = {
            "/sandbox/accounts": {"POST": self._add_account},
            "/sandbox/events": {"GET": self._show_events, "POST": self._push_events},
            "/sandbox/faults": {
                "GET": self._show_faults,
                "POST": self._arm_fault,
                "DELETE": self._clear_faults,
            },
            "/sandbox/requests": {"GET": self._show_requests, "DELETE": self._clear_requests},
            "/sandbox/streams": {"DELETE": self._drop_streams},
            **ChangeRoutes(ledgers, accounts.find).routes,
        }

    def answer(self, request: Request, now: Moment) -> Answer:
        """Answer a request; a 400 names the wrong field, and never its value."""
        try:
            return find_handler(self._routes, request)(request, now)
        except RefusedError as error:
            return error.answer
        except ValidationError as error:
            return Answer(400, {"error": problems(error)})
        except ValueError as error:
            return Answer(400, {"error": str(error)})

    def push(self, event: Event, api_key: str | None, now: Moment) -> int:
        """Push an event to an account's WebSockets; return how many accepted it.

        Raises:
            ValueError: The account is unknown, or none is named and there is not exactly one.

        """
        return self._accounts.publish(self._accounts.find(api_key), event, now)

    def arm_stream_fault(self, fault: StreamFault, now: Moment) -> None:
        """Let a fault of streams strike.

        Raises:
            ValueError: Too many are armed.

        """
        self._open_streams.arm(fault)
        if isinstance(fault, StreamFlood):
            for account in self._accounts.all:
                if self._accounts.has_listen_key(account, now):
                    for event in fault.events(self._events.count + 1, now):
                        self._accounts.publish(account, event, now)

    def _add_account(self, request: Request, _now: Moment) -> Answer:
        new = NewAccount.model_validate_json(request.body)
        verify = verifier(new.api_secret, new.public_key)
        self._accounts.add_account(new.api_key, verify, new.restrictions)
        return _CREATED

    def _push_events(self, request: Request, now: Moment) -> Answer:
        new = NewEvents.model_validate_json(request.body)
        delivered = sum(self.push(event, new.api_key, now) for event in new.all)
        return Answer(200, {"delivered": delivered})

    def _show_events(self, request: Request, _now: Moment) -> Answer:
        asked = WantedEvents.model_validate(dict(parse_qsl(request.query)), strict=False)
        events = [each.content for each in self._events.after(asked.after)]
        return Answer(200, {"events": events})

    def _drop_streams(self, _request: Request, _now: Moment) -> Answer:
        return Answer(200, {"dropped": self._open_streams.drop()})

    def _show_faults(self, _request: Request, _now: Moment) -> Answer:
        faults = (*self._faults.armed, *self._open_streams.armed)
        armed = [fault.model_dump(by_alias=True, exclude_none=True) for fault in faults]
        known = sorted((*FAULTS, *CONDITIONS, *STREAM_FAULTS))
        return Answer(200, {"known": known, "armed": armed})

    def _arm_fault(self, request: Request, now: Moment) -> Answer:
        name = NamedFault.model_validate_json(request.body).fault
        if name in STREAM_FAULTS:
            fault = STREAM_FAULTS[name].model_validate_json(request.body)
            self.arm_stream_fault(fault, now)
        else:
            self._faults.arm(Fault.model_validate_json(request.body))
        return _CREATED

    def _clear_faults(self, _request: Request, _now: Moment) -> Answer:
        self._faults.clear()
        self._open_streams.clear()
        return _DONE

    def _show_requests(self, _request: Request, _now: Moment) -> Answer:
        return Answer(200, {"requests": [each.model_dump() for each in self._requests.requests]})

    def _clear_requests(self, _request: Request, _now: Moment) -> Answer:
        self._requests.clear()
        return _DONE
