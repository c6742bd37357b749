"""Counting calls in moving windows, in memory. Knows nothing else of a policy.

Every function is given the time: seconds of a monotonic clock, whatever its zero.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, TypeAlias

from binance_mcp.errors import LimitStatus, PolicyDeniedError
from binance_mcp.policy.admission import AppliedLimit
from binance_mcp.policy.call import Caller
from binance_mcp.policy.language.rules import Limit

Calls: TypeAlias = tuple[tuple[float, int], ...]
"""The calls of one subject: when they leave the window, earliest first, and how many."""

_EXACT_ENTRIES: Final = 64
_CROWDED_PARTS: Final = 64


@dataclass(frozen=True)
class MovingWindow:
    """At most `max` calls in any window `(t - seconds, t]`.

    The first 64 calls in a window are kept one by one. Further ones within a 64th of the window
    are kept as one entry and leave together, late by that much at most. So there are never more
    calls than `max`, and never more than 130 entries, however large `max` is.
    """

    max: int
    seconds: float

    def remaining(self, calls: Calls, now: float) -> int:
        """Return how many more calls are possible now."""
        return max(0, self.max - _count(_live(calls, now)))

    def possible_at(self, calls: Calls, now: float) -> float:
        """Return when one more call is possible: `now` or later."""
        live = _live(calls, now)
        count, moment = _count(live), now
        for leaves, leaving in live:  # more than one, if `max` was greater when they were made
            if count < self.max:
                break
            count, moment = count - leaving, leaves
        return moment

    def hit(self, calls: Calls, now: float) -> Calls:
        """Return the calls that are in the window, with one more."""
        live = _live(calls, now)
        leaves = _add_up(now, self.seconds)
        if live and leaves <= live[-1][0]:
            last, count = live[-1]
            return (*live[:-1], (last, count + 1))
        if len(live) >= _EXACT_ENTRIES:
            leaves = _add_up(leaves, self.seconds / _CROWDED_PARTS)
        return (*live, (leaves, 1))


class LimitStore:
    """Counts calls by counter. Limits that share a counter have the same max, window and scope.

    They may change between calls, when a policy is reloaded. If only `max` changes, the counter
    keeps its calls; otherwise it starts from zero.

    A counter holds at most `max_subjects` subjects with calls in its window. A further one is
    denied until there is room: no calls are ever forgotten early.
    """

    def __init__(self, max_subjects: int = 100_000) -> None:
        self._max_subjects = max_subjects
        self._counters: dict[str, _Counter] = {}
        self._latest = -math.inf

    def reserve(self, limits: Sequence[AppliedLimit], caller: Caller, now: float) -> None:
        """Count a call under all of the limits, or under none; once for each counter.

        If `now` is earlier than in a previous call, that time is used.

        Raises:
            PolicyDeniedError: A limit denies the call; if several do, the error is about the one
                with the longest wait. The call is not counted.

        """
        self._latest = max(self._latest, now)
        rules: dict[_Counter, str] = {}
        for applied in limits:
            rules.setdefault(self._counter(applied.limit), applied.rule)
        times = {counter: counter.possible_at(caller, self._latest) for counter in rules}
        slowest = max(times, key=times.__getitem__, default=None)
        if slowest and times[slowest] > self._latest:
            raise slowest.denial(caller, rules[slowest], _add_up(times[slowest], -now))
        for counter in rules:
            counter.hit(caller, self._latest)

    def remaining(
        self, limits: Iterable[AppliedLimit], caller: Caller, now: float
    ) -> Sequence[LimitStatus]:
        """Return what is left for a caller, once for each counter."""
        latest = max(self._latest, now)
        counters = dict.fromkeys(self._counter(applied.limit) for applied in limits)
        return [counter.status(caller, latest) for counter in counters]

    def forget_unused(self, limits: Iterable[AppliedLimit]) -> None:
        """Forget the counters that none of the limits names."""
        named = {applied.limit.counter for applied in limits}
        self._counters = {name: self._counters[name] for name in named & self._counters.keys()}

    def _counter(self, limit: Limit) -> "_Counter":
        counter = self._counters.get(limit.counter)
        if counter is None:
            counter = self._counters[limit.counter] = _Counter(limit, self._max_subjects)
        elif counter.limit is not limit and counter.limit != limit:
            counter.follow(limit)
        return counter


class _Counter:
    """The calls of one counter by subject, in the order of their last calls."""

    def __init__(self, limit: Limit, max_subjects: int) -> None:
        self.limit = limit
        self._window = MovingWindow(limit.max, limit.seconds)
        self._max_subjects = max_subjects
        self._calls: OrderedDict[str, Calls] = OrderedDict()

    def follow(self, limit: Limit) -> None:
        """Apply a changed limit; keep the calls if only `max` has changed."""
        if (limit.seconds, limit.scope) != (self.limit.seconds, self.limit.scope):
            self._calls.clear()
        self.limit = limit
        self._window = MovingWindow(limit.max, limit.seconds)

    def possible_at(self, caller: Caller, now: float) -> float:
        calls = self._calls_of(caller, now)
        if self._is_full_for(calls):
            return self._oldest_leaves()
        return self._window.possible_at(calls, now)

    def status(self, caller: Caller, now: float) -> LimitStatus:
        calls = self._calls_of(caller, now)
        left = 0 if self._is_full_for(calls) else self._window.remaining(calls, now)
        return self._status(left)

    def hit(self, caller: Caller, now: float) -> None:
        subject = caller.subject(self.limit.scope)
        self._calls[subject] = self._window.hit(self._calls.get(subject, ()), now)
        self._calls.move_to_end(subject)

    def denial(self, caller: Caller, rule: str, wait: float) -> PolicyDeniedError:
        limit = self.limit
        is_known = caller.subject(limit.scope) in self._calls
        reason = _allowance(limit) if is_known else "Too many callers at once"
        return PolicyDeniedError(
            f'{reason} (counter "{limit.counter}"); retry in {math.ceil(wait)} s.',
            code="limit_exceeded",
            rule=rule,
            retry_after=wait,
            limit=self._status(0),
        )

    def _calls_of(self, caller: Caller, now: float) -> Calls:
        while self._calls and self._oldest_leaves() <= now:
            self._calls.popitem(last=False)
        return self._calls.get(caller.subject(self.limit.scope), ())

    def _is_full_for(self, calls: Calls) -> bool:
        return not calls and len(self._calls) >= self._max_subjects

    def _status(self, remaining: int) -> LimitStatus:
        limit = self.limit
        return LimitStatus(limit.counter, limit.window, limit.max, limit.scope, remaining)

    def _oldest_leaves(self) -> float:
        last_entry = next(iter(self._calls.values()))[-1]
        return last_entry[0]


def _count(calls: Calls) -> int:
    return sum(map(itemgetter(1), calls))


def _live(calls: Calls, now: float) -> Calls:
    gone = 0
    while gone < len(calls) and calls[gone][0] <= now:
        gone += 1
    return calls[gone:]


def _add_up(a: float, b: float) -> float:
    """Return the sum, rounded up, so that no call leaves early and no wait is too short."""
    total = a + b
    return math.nextafter(total, math.inf) if math.fsum((a, b, -total)) > 0 else total


def _allowance(limit: Limit) -> str:
    calls = "1 call" if limit.max == 1 else f"{limit.max} calls"
    window = limit.window if isinstance(limit.window, str) else f"{limit.window:.15g} s"
    return f"At most {calls} per {window} per {limit.scope}"
