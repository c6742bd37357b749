import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binance_mcp.policy.language.document import load
from binance_mcp.policy.language.rules import Condition
from binance_mcp.policy.review.contradiction import exclude_each_other
from tests.policy.documents import ARGUMENTS, CONDITIONS, Json


def conditions(said: object) -> tuple[Condition, ...]:
    tool = {"deny_if": [{"conditions": said}]}
    document = {"version": "1", "default": "deny", "tools": {"A": tool}}
    return load("policy.json", json.dumps(document)).tools["A"].deny_if[0].conditions


def on(path: str, **comparisons: object) -> list[Json]:
    return [{"path": path, "op": op, "value": value} for op, value in comparisons.items()]


@pytest.mark.parametrize(
    "said",
    [
        on("args.x", eq=1) + on("args.x", eq=2),
        on("args.x", eq="a", neq="a"),
        on("args.x", eq="b", regex="^a"),
        on("args.x", contains="a", eq="b"),
        on("args.x", eq=5, lt=5),
        on("args.x", eq="5", gt=4),
        on("args.x", **{"in": [1, 2], "gt": 2}),
        on("args.x", **{"in": [1, 2], "not_in": [2, 1]}),
        on("args.x", **{"in": ["a"], "exists": False}),
        on("args.x", exists=True) + on("args.x", exists=False),
        on("args.x", exists=False, gt=1),
        on("args.x", gt=10, lt=5),
        on("args.x", gt=5, lte=5),
        on("args.x", gte=5, lt=5),
        on("args.x", gte=10**400, lt=10**400),
        on("args.x.y", gt=3) + on("args.z", eq=1) + on("args.x.y", lte=2),
    ],
)
def test_contradictory_conditions_are_found(said: object) -> None:
    assert exclude_each_other(conditions(said))


@pytest.mark.parametrize(
    "said",
    [
        [],
        on("args.x", eq=1),
        on("args.x", eq=None),
        on("args.x", eq=None, exists=False),
        on("args.x", eq=1) + on("args.y", eq=2),
        on("args.x", eq=1) + on("args.x", eq=1.0),
        on("args.x", eq="ab", regex="^a", contains="b"),
        on("args.x", **{"in": [1, 2], "gt": 1}),
        on("args.x", gte=5, lte=5),
        on("args.x", gt=5, lt=6),
        on("args.x", gt=5) + on("args.x", gt=6),
        on("args.x", exists=True, gt=5),
        on("args.x", exists=False),
        on("args.x", regex="^a") + on("args.x", regex="^b"),
    ],
)
def test_compatible_conditions_are_not_reported_as_contradictory(said: object) -> None:
    assert not exclude_each_other(conditions(said))


@given(st.lists(CONDITIONS, max_size=4), ARGUMENTS)
def test_conditions_reported_as_contradictory_never_hold_together(
    said: list[Json], arguments: Json
) -> None:
    loaded = conditions(said)
    if all(condition.holds(arguments) for condition in loaded):
        assert not exclude_each_other(loaded)
