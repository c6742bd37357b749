from typing import Any

import pytest

from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.pending_approvals import LIFETIME_SECONDS, PendingApprovals

CALLER = Caller("grant", "session")
CALL = Call("Close", {"listenKey": "abc", "recvWindow": 5})


def test_an_approval_token_is_valid_for_its_call_once() -> None:
    pending = PendingApprovals()
    token = pending.ask(CALLER, CALL, now=0)
    assert pending.take(token, CALLER, CALL, now=1)
    assert not pending.take(token, CALLER, CALL, now=1)


def test_an_approval_does_not_depend_on_the_order_of_the_arguments() -> None:
    pending = PendingApprovals()
    token = pending.ask(CALLER, CALL, now=0)
    same = Call("Close", dict(reversed(list(CALL.arguments.items()))))
    assert pending.take(token, CALLER, same, now=1)


@pytest.mark.parametrize(
    ("caller", "call"),
    [
        (CALLER, Call("Create", CALL.arguments)),
        (CALLER, Call("Close", {})),
        (CALLER, Call("Close", {**CALL.arguments, "recvWindow": 6})),
        (CALLER, Call("Close", {**CALL.arguments, "recvWindow": "5"})),
        (CALLER, Call("Close", {**CALL.arguments, "recvWindow": True})),
        (Caller("grant", "other"), CALL),
        (Caller("other", "session"), CALL),
    ],
)
def test_an_approval_token_is_consumed_by_a_different_call_and_does_not_approve_it(
    caller: Caller, call: Call
) -> None:
    pending = PendingApprovals()
    token = pending.ask(CALLER, CALL, now=0)
    assert not pending.take(token, caller, call, now=1)
    assert not pending.take(token, CALLER, CALL, now=1)


def test_an_approval_of_true_is_not_an_approval_of_1() -> None:
    pending = PendingApprovals()
    token = pending.ask(CALLER, Call("Close", {"recvWindow": True}), now=0)
    assert not pending.take(token, CALLER, Call("Close", {"recvWindow": 1}), now=1)


def test_an_approval_expires_after_five_minutes() -> None:
    pending = PendingApprovals()
    in_time = pending.ask(CALLER, CALL, now=10)
    too_late = pending.ask(CALLER, CALL, now=10)
    assert pending.take(in_time, CALLER, CALL, now=9.99 + LIFETIME_SECONDS)
    assert not pending.take(too_late, CALLER, CALL, now=10 + LIFETIME_SECONDS)


def test_an_unknown_approval_token_is_refused() -> None:
    assert not PendingApprovals().take("guess", CALLER, CALL, now=0)


def test_more_than_a_thousand_pending_approvals_discard_the_oldest() -> None:
    pending = PendingApprovals()
    callers = [Caller("grant", f"session {number}") for number in range(1001)]
    tokens = [pending.ask(caller, CALL, now=0) for caller in callers]
    assert not pending.take(tokens[0], callers[0], CALL, now=1)
    assert all(
        pending.take(token, caller, CALL, now=1)
        for token, caller in zip(tokens[1:], callers[1:], strict=True)
    )


def test_a_session_with_many_pending_approvals_discards_only_its_own() -> None:
    pending = PendingApprovals()
    other = Caller("grant", "other")
    token = pending.ask(other, CALL, now=0)
    tokens = [pending.ask(CALLER, CALL, now=0) for _ in range(1001)]
    assert not pending.take(tokens[-11], CALLER, CALL, now=1)
    assert all(pending.take(each, CALLER, CALL, now=1) for each in tokens[-10:])
    assert pending.take(token, other, CALL, now=1)


def nested(depth: int) -> Any:  # noqa: ANN401  # any JSON
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_arguments_too_deep_to_be_compared_are_never_approved() -> None:
    pending = PendingApprovals()
    deep = Call("Close", {"a": nested(100_000)})
    token = pending.ask(CALLER, deep, now=0)
    assert not pending.take(token, CALLER, deep, now=1)
