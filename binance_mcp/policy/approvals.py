"""Approvals that a person was asked for: each is of one call, for a short time, and used once."""

import hashlib
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from binance_mcp.policy.caller import Caller
from binance_mcp.policy.document import Call

LIFETIME_SECONDS: Final = 300.0
"""How long a person may take to answer."""
_MOST_PENDING: Final = 1000


@dataclass(frozen=True)
class _Question:
    subject: bytes
    expires_at: float


class PendingApprovals:
    """The questions that are open. At most 1,000: a further one withdraws the oldest."""

    def __init__(self) -> None:
        self._questions: OrderedDict[str, _Question] = OrderedDict()

    def ask(self, caller: Caller, call: Call, *, now: float) -> str:
        """Open a question about `call`, and return the token that its answer must bring."""
        token = secrets.token_urlsafe()
        self._questions[token] = _Question(_subject(caller, call), now + LIFETIME_SECONDS)
        if len(self._questions) > _MOST_PENDING:
            self._questions.popitem(last=False)
        return token

    def take(self, token: str, caller: Caller, call: Call, *, now: float) -> bool:
        """Close the question of `token`; return whether it was open, and about this very call."""
        question = self._questions.pop(token, None)
        return (
            question is not None
            and now < question.expires_at
            and question.subject == _subject(caller, call)
        )


def _subject(caller: Caller, call: Call) -> bytes:
    """Return what an approval is of: who calls which tool, with which arguments."""
    subject = [caller.grant, caller.session, call.tool, call.arguments]
    try:
        canonical = json.dumps(subject, sort_keys=True)
    except RecursionError:
        return secrets.token_bytes()  # nothing is the same as what cannot be compared
    return hashlib.sha256(canonical.encode()).digest()
