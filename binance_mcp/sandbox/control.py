"""The routes under /sandbox/, by which tests and people steer the stand-in. Pure."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, JsonValue, ValidationError

from binance_mcp.futures.sandbox.authentication import verifier
from binance_mcp.futures.sandbox.exchange import Account, Event, Exchange
from binance_mcp.futures.sandbox.faults import FAULTS, Fault, Faults
from binance_mcp.futures.sandbox.http_messages import (
    Answer,
    RefusedError,
    Request,
    Routes,
    compact_json,
    find_handler,
)
from binance_mcp.futures.sandbox.moment import Moment
from binance_mcp.futures.sandbox.recorder import Recorder
from binance_mcp.futures.sandbox.wire_model import WireModel, problems

_CREATED: Final = Answer(201, {})
_DONE: Final = Answer(204, "")


class NewAccount(WireModel):
    """An account to add; without secret and public key it cannot sign."""

    api_key: str = Field(repr=False)
    api_secret: str | None = Field(default=None, repr=False)
    public_key: str | None = None


def _sendable(event: Event) -> Event:
    compact_json(event)  # refuses NaN and the infinities
    return event


class NewEvent(WireModel):
    """An event to push; the API key may be left out when there is exactly one account."""

    event: Annotated[dict[str, JsonValue], AfterValidator(_sendable)]
    api_key: str | None = Field(default=None, repr=False)


class Control:
    """The control surface. It is not Binance's, and needs no API key."""

    def __init__(self, exchange: Exchange, faults: Faults, recorder: Recorder) -> None:
        self._exchange = exchange
        self._faults = faults
        self._recorder = recorder
        self._routes: Routes = {
            "/sandbox/accounts": {"POST": self._add_account},
            "/sandbox/events": {"POST": self._push_event},
            "/sandbox/faults": {
                "GET": self._show_faults,
                "POST": self._arm_fault,
                "DELETE": self._clear_faults,
            },
            "/sandbox/requests": {"GET": self._show_requests, "DELETE": self._clear_requests},
        }

    def answer(self, request: Request, now: Moment) -> Answer:
        """Answer a request; 400 says which field is wrong, and never its value."""
        try:
            return find_handler(self._routes, request)(request, now)
        except RefusedError as error:
            return error.answer
        except ValidationError as error:
            return Answer(400, {"error": problems(error)})
        except ValueError as error:
            return Answer(400, {"error": str(error)})

    def push(self, event: Event, api_key: str | None, now: Moment) -> int:
        """Push an event to an account's sockets; return how many took it.

        Raises:
            ValueError: The account is unknown, or none is named and there is not exactly one.

        """
        return self._exchange.publish(self._account(api_key), event, now)

    def _account(self, api_key: str | None) -> Account:
        if api_key is None:
            accounts = self._exchange.accounts
            if len(accounts) != 1:
                raise ValueError(f"apiKey: needed, for there are {len(accounts)} accounts")
            return accounts[0]
        try:
            return self._exchange.account(api_key)
        except RefusedError:
            raise ValueError("apiKey: unknown; POST /sandbox/accounts adds an account") from None

    def _add_account(self, request: Request, _now: Moment) -> Answer:
        new = NewAccount.model_validate_json(request.body)
        self._exchange.add_account(new.api_key, verifier(new.api_secret, new.public_key))
        return _CREATED

    def _push_event(self, request: Request, now: Moment) -> Answer:
        new = NewEvent.model_validate_json(request.body)
        return Answer(200, {"delivered": self.push(new.event, new.api_key, now)})

    def _show_faults(self, _request: Request, _now: Moment) -> Answer:
        armed = [fault.model_dump(by_alias=True, exclude_none=True) for fault in self._faults.armed]
        return Answer(200, {"known": sorted(FAULTS), "armed": armed})

    def _arm_fault(self, request: Request, _now: Moment) -> Answer:
        self._faults.arm(Fault.model_validate_json(request.body))
        return _CREATED

    def _clear_faults(self, _request: Request, _now: Moment) -> Answer:
        self._faults.clear()
        return _DONE

    def _show_requests(self, _request: Request, _now: Moment) -> Answer:
        return Answer(200, {"requests": [each.model_dump() for each in self._recorder.requests]})

    def _clear_requests(self, _request: Request, _now: Moment) -> Answer:
        self._recorder.clear()
        return _DONE
