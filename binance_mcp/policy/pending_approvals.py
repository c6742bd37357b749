"""Approvals that the user has been asked for: each for one call, for a short time, used once."""

import hashlib
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from binance_mcp.policy.call import Call, Caller

LIFETIME_SECONDS: Final = 300.0
"""Seconds that the user may take to answer."""
_MOST_PENDING: Final = 1000
_MOST_OF_A_SESSION: Final = 10


@dataclass(frozen=True)
class _Question:
    session: str
    subject: bytes
    expires_at: float


class PendingApprovals:
    """The open questions: at most 10 per session and 1,000 in all.

    A further one withdraws the oldest one of its session, or of all.
    """

    def __init__(self) -> None:
        self._questions: OrderedDict[str, _Question] = OrderedDict()

    def ask(self, caller: Caller, call: Call, *, now: float) -> str:
        """Open a question about `call`, and return the token that its answer must carry."""
        token = secrets.token_urlsafe()
        of_session = [t for t, each in self._questions.items() if each.session == caller.session]
        if len(of_session) >= _MOST_OF_A_SESSION:
            del self._questions[of_session[0]]
        subject = _subject(caller, call)
        self._questions[token] = _Question(caller.session, subject, now + LIFETIME_SECONDS)
        if len(self._questions) > _MOST_PENDING:
            self._questions.popitem(last=False)
        return token

    def take(self, token: str, caller: Caller, call: Call, *, now: float) -> bool:
        """Close the question of `token`; return whether it was open and about exactly this call."""
        question = self._questions.pop(token, None)
        return (
            question is not None
            and now < question.expires_at
            and question.subject == _subject(caller, call)
        )


def _subject(caller: Caller, call: Call) -> bytes:
    """Return a digest of what is approved: caller, tool and arguments."""
    subject = [caller.grant, caller.session, call.tool, call.arguments]
    try:
        canonical = json.dumps(subject, sort_keys=True)
    except RecursionError:
        return secrets.token_bytes()  # arguments that cannot be compared match nothing
    return hashlib.sha256(canonical.encode()).digest()
