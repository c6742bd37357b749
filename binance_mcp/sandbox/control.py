"""The routes under /sandbox/, which control the sandbox. Pure."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, JsonValue, ValidationError

from binance_mcp.sandbox.accounts import Account, Accounts, Event
from binance_mcp.sandbox.authentication import verifier
from binance_mcp.sandbox.faults import FAULTS, Fault, Faults
from binance_mcp.sandbox.http_messages import (
    Answer,
    RefusedError,
    Request,
    Routes,
    compact_json,
    find_handler,
)
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.request_log import RequestLog
from binance_mcp.sandbox.wire_model import WireModel, problems

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
    """The control routes. Binance has none of them, and they need no API key."""

    def __init__(self, accounts: Accounts, faults: Faults, log: RequestLog) -> None:
        self._accounts = accounts
        self._faults = faults
        self._log = log
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
        return self._accounts.publish(self._account(api_key), event, now)

    def _account(self, api_key: str | None) -> Account:
        if api_key is None:
            accounts = self._accounts.all
            if len(accounts) != 1:
                raise ValueError(f"apiKey: needed, for there are {len(accounts)} accounts")
            return accounts[0]
        try:
            return self._accounts.account(api_key)
        except RefusedError:
            raise ValueError("apiKey: unknown; POST /sandbox/accounts adds an account") from None

    def _add_account(self, request: Request, _now: Moment) -> Answer:
        new = NewAccount.model_validate_json(request.body)
        self._accounts.add_account(new.api_key, verifier(new.api_secret, new.public_key))
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
        return Answer(200, {"requests": [each.model_dump() for each in self._log.requests]})

    def _clear_requests(self, _request: Request, _now: Moment) -> Answer:
        self._log.clear()
        return _DONE
