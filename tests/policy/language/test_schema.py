import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, Final

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from binance_mcp.errors import PolicyError
from binance_mcp.policy.language.document import load
from binance_mcp.policy.language.schema import schema
from tests.policy.documents import DOCUMENTS

COMMITTED: Final = resources.files("binance_mcp.policy.language").joinpath("schema.json")
SCHEMA: Final[Mapping[str, Any]] = json.loads(schema())
VALIDATOR: Final = Draft202012Validator(SCHEMA)
HEAD: Final[Mapping[str, object]] = {"version": "1", "default": "deny"}


def is_valid(document: Any) -> bool:  # noqa: ANN401 - JSON
    return VALIDATOR.is_valid(document)  # pyright: ignore[reportUnknownMemberType] - its stubs


def test_the_committed_policy_schema_is_up_to_date() -> None:
    assert COMMITTED.read_text("utf-8") == schema(), (
        "write it again: python -c 'from binance_mcp.policy.language.schema import schema;"
        ' print(schema(), end="")\' > binance_mcp/policy/language/schema.json'
    )


def test_the_policy_schema_is_a_valid_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def keys() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for part in (SCHEMA, *SCHEMA["$defs"].values()):
        yield from part["properties"].items()


@pytest.mark.parametrize(("key", "said"), list(keys()))
def test_every_key_of_the_policy_schema_has_a_description(
    key: str, said: Mapping[str, Any]
) -> None:
    assert said["description"].endswith("."), key


def test_the_built_in_policy_is_valid_under_the_schema() -> None:
    text = resources.files("binance_mcp.policy").joinpath("default.json").read_text("utf-8")
    assert is_valid(json.loads(text))


def test_a_policy_with_a_schema_key_is_valid_under_the_schema() -> None:
    assert is_valid({"$schema": "./schema.json", **HEAD})


@given(DOCUMENTS)
@settings(deadline=None)
def test_every_policy_that_loads_is_valid_under_the_schema(document: Mapping[str, object]) -> None:
    load("policy.json", json.dumps(document))
    assert is_valid(document)


def tool(**members: object) -> Mapping[str, object]:
    return {**HEAD, "tools": {"X": members}}


def condition(**members: object) -> Mapping[str, object]:
    whole = {"path": "args.a", "op": "eq", "value": 1, **members}
    return tool(deny_if=[{"conditions": [whole]}])


def limit(**members: object) -> Mapping[str, object]:
    return tool(limits=[{"counter": "calls", "window": "minute", "max": 1, **members}])


FAULTY: Final[Mapping[str, object]] = {
    "no object": 1,
    "no version": {"default": "deny"},
    "another version": {**HEAD, "version": "2"},
    "no default": {"version": "1"},
    "another default": {**HEAD, "default": "ask"},
    "an unknown key": {**HEAD, "tool": {}},
    "a name hidden twice": {**HEAD, "hide": ["X", "X"]},
    "a blank name hidden": {**HEAD, "hide": [" "]},
    "a blank tool": {**HEAD, "tools": {" ": {}}},
    "a tool without rules": {**HEAD, "tools": {"X": None}},
    "an unknown rule": tool(denyif=[]),
    "an unknown action": tool(action="ask"),
    "a blank reason": tool(reason=""),
    "a long reason": tool(reason="x" * 301),
    "no short limit": tool(rate_limit=None),
    "a short limit with a scope": tool(rate_limit={"max": 1, "window": 1, "scope": "grant"}),
    "a rule without conditions": tool(require=[dict[str, object]()]),
    "an unknown operator": condition(op="=="),
    "a path to nothing": condition(path="args."),
    "a path from nowhere": condition(path="amount"),
    "a list that is none": condition(op="in", value="a"),
    "an empty list": condition(op="not_in", value=[]),
    "no number": condition(op="gte", value="1"),
    "no boolean": condition(op="exists", value=1),
    "no pattern": condition(op="regex", value=1),
    "an unknown window": limit(window="fortnight"),
    "no window": limit(window=0),
    "too long a window": limit(window=2_678_401),
    "no call": limit(max=0),
    "half a call": limit(max=1.5),
    "an unknown scope": limit(scope="everyone"),
    "a blank counter": limit(counter=" "),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_malformed_policy_is_neither_valid_under_the_schema_nor_loaded(fault: str) -> None:
    assert not is_valid(FAULTY[fault])
    with pytest.raises(PolicyError):
        load("policy.json", json.dumps(FAULTY[fault]))
