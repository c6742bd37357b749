"""An exchange without a network: alice's ledger, her requests, and a clock that is set by hand."""

import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import Headers

from binance_mcp.sandbox.accounts import Accounts
from binance_mcp.sandbox.authentication import verifier
from binance_mcp.sandbox.control import Control
from binance_mcp.sandbox.event_log import EventLog, RecordedEvent
from binance_mcp.sandbox.faults import Faults
from binance_mcp.sandbox.http_messages import Answer, Request
from binance_mcp.sandbox.moment import Moment
from binance_mcp.sandbox.open_streams import OpenStreams
from binance_mcp.sandbox.request_log import RequestLog
from binance_mcp.sandbox.rest import Rest
from binance_mcp.sandbox.trading.ledger import Ledgers

START: Final = 1_700_000_040_000
DAY: Final = 86_400_000
SECRET: Final = "secret of alice"


class AliceExchange:
    """Everything that happens, happens at `time`, in milliseconds."""

    def __init__(self) -> None:
        self.time = START
        self.log = EventLog()
        self.faults = Faults()
        self.accounts = Accounts(3600, self.log)
        self.accounts.add_account("alice", verifier(SECRET, None))
        self.ledgers = Ledgers(self.accounts, self.now)
        self.ledger = self.ledgers.of(self.accounts.find("alice"))
        self.rest = Rest(self.accounts, self.faults, self.ledgers)
        self.control = Control(
            self.accounts,
            self.faults,
            OpenStreams(self.now),
            RequestLog(),
            self.log,
            ledgers=self.ledgers,
        )

    def now(self) -> Moment:
        return Moment(0, self.time / 1000)

    @property
    def records(self) -> Sequence[RecordedEvent]:
        return self.log.after(0)

    @property
    def events(self) -> Sequence[Mapping[str, Any]]:
        return [each.event for each in self.records]

    def answer(self, path: str, **parameters: object) -> Answer:
        """Return the answer to a signed request."""
        query = urlencode({**parameters, "timestamp": self.now().milliseconds})
        signature = hmac.digest(SECRET.encode(), query.encode(), "sha256").hex()
        return self.sent(path, f"{query}&signature={signature}")

    def sent(self, path: str, query: str) -> Answer:
        request = Request("GET", path, query, Headers({"x-mbx-apikey": "alice"}), "peer")
        outcome = self.rest.outcome(request, self.now())
        assert isinstance(outcome, Answer)
        return outcome

    def get(self, path: str, **parameters: object) -> Any:  # noqa: ANN401  # JSON
        answer = self.answer(path, **parameters)
        assert answer.status == 200, answer.content
        return json.loads(answer.body)

    def refusal(self, path: str, **parameters: object) -> tuple[int, str]:
        answer = self.answer(path, **parameters)
        assert answer.status == 400
        refused = json.loads(answer.body)
        return refused["code"], refused["msg"]

    def post(self, path: str, body: object) -> tuple[int, Any]:
        request = Request("POST", path, "", Headers(), "peer", json.dumps(body).encode())
        answer = self.control.answer(request, self.now())
        return answer.status, json.loads(answer.body or b"null")
