"""Conditions that exclude each other. Sees what is plain, and claims nothing else."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, cast

from binance_mcp.policy.language.operators import ABSENT
from binance_mcp.policy.language.rules import Condition

_LOWER: Final = ("gt", "gte")
_UPPER: Final = ("lt", "lte")


def exclude_each_other(conditions: Iterable[Condition]) -> bool:
    """Return whether the conditions certainly never hold together, whatever the arguments."""
    by_path = sorted(conditions, key=lambda condition: condition.path)
    return any(
        _leave_nothing(path, list(same)) for path, same in groupby(by_path, key=lambda c: c.path)
    )


def _leave_nothing(path: str, conditions: Sequence[Condition]) -> bool:
    """Return whether no value of the argument at `path` can meet the conditions on it."""
    return any(
        not any(_all_hold(conditions, path, value) for value in values)
        for values in (*map(_only_values, conditions), _tightest(conditions))
        if values is not None
    )


def _only_values(condition: Condition) -> Sequence[object] | None:
    """Return the only values that can meet the condition; None if they cannot be listed."""
    match condition.op, condition.value:
        case "eq", value:
            return [value]
        case "in", values:
            return cast("Sequence[object]", values)
        case "exists", False:
            return [ABSENT, None]
        case _:
            return None


def _tightest(conditions: Sequence[Condition]) -> Sequence[object] | None:
    """Return what is left between the bounds, if it is one number or none."""
    lower = [cast("float", c.value) for c in conditions if c.op in _LOWER]
    upper = [cast("float", c.value) for c in conditions if c.op in _UPPER]
    if not (lower and upper) or max(lower) < min(upper):
        return None
    return [max(lower)]


def _all_hold(conditions: Iterable[Condition], path: str, value: object) -> bool:
    arguments = value
    for name in reversed(path.split(".")[1:]):
        arguments = {name: arguments}
    return all(condition.holds(arguments) for condition in conditions)
