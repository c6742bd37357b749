import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.language.document import load
from binance_mcp.policy.language.strict_json import parse
from tests.policy.documents import DOCUMENTS, Json

LIMIT: Final[Mapping[str, object]] = {"counter": "calls", "window": "minute", "max": 2}
WORDS: Final = st.sampled_from(
    [
        *("version", "1", "default", "deny", "allow", "hide", "*", "all_tools", "tools", "limits"),
        *("counter", "window", "minute", "max", "scope", "grant", "$schema", "[key]", "\ud800"),
        *("action", "reason", "rate_limit", "require", "deny_if", "conditions", "on_deny"),
        *("path", "args.a", "op", "value", "gt", "in", "regex", "(", "exists", "a/b", "~"),
    ]
)
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner, max_size=5)
    ),
)
MEMBERS: Final = st.dictionaries(WORDS, JSON, max_size=3)


def resolve(value: Any, where: str) -> object:  # noqa: ANN401 - JSON
    """Return what stands at a JSON pointer. Raises KeyError if an object has no such name."""
    for token in where.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        value = value[int(key) if isinstance(value, tuple) else key]
    return value


def is_placed(problem: Problem, text: str | bytes) -> bool:
    """Return whether a problem points to something in the text, or into something there."""
    if problem.line is None:
        return problem.where == ""
    if problem.where:
        value = parse("policy.json", text).value
        try:
            resolve(value, problem.where)
        except KeyError:
            resolve(value, problem.where.rpartition("/")[0])
    decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
    lines = decoded.removeprefix("\ufeff").split("\n")
    return 0 < (problem.column or 0) <= len(lines[problem.line - 1]) + 1


def is_document_or_refused_in_plain_words(text: str | bytes) -> bool:
    try:
        load("policy.json", text)
    except PolicyError as refused:
        error = refused
    else:
        return True
    is_plain = not re.search("pydantic|Input should|https?:", str(error).encode().decode())
    return is_plain and bool(error.problems) and all(is_placed(p, text) for p in error.problems)


@given(st.binary() | st.text())
def test_any_text_is_a_policy_or_a_policy_error(text: str | bytes) -> None:
    assert is_document_or_refused_in_plain_words(text)


@given(JSON)
@settings(deadline=None)
def test_any_json_is_a_policy_or_a_policy_error(value: object) -> None:
    assert is_document_or_refused_in_plain_words(json.dumps(value))


@given(MEMBERS, st.lists(JSON, max_size=2), MEMBERS)
@settings(deadline=None)
def test_any_member_of_a_policy_is_accepted_or_a_policy_error(
    members: dict[str, object], limits: list[object], limit: dict[str, object]
) -> None:
    part = {"limits": [*limits, {**LIMIT, **limit}]}
    whole = {"version": "1", "default": "deny", "all_tools": part, "tools": {"X": part}, **members}
    assert is_document_or_refused_in_plain_words(json.dumps(whole))


@given(DOCUMENTS, st.data())
@settings(deadline=None)
def test_a_mutated_policy_is_accepted_or_a_policy_error(
    document: Json, data: st.DataObject
) -> None:
    text = json.dumps(document, indent=1)
    place = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 9))
    odd = data.draw(st.sampled_from(['"', "{", "]", ",", "1", '"a": 1,', "NaN", "null", "", "é"]))
    assert is_document_or_refused_in_plain_words(text[:place] + odd + text[place + length :])


@given(DOCUMENTS)
@settings(deadline=None)
def test_a_policy_is_dumped_as_it_was_loaded(document: Json) -> None:
    loaded = load("policy.json", json.dumps(document))
    said = loaded.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert sorted(said.pop("hide", [])) == sorted(cast("list[str]", document.get("hide", [])))
    assert said == {key: value for key, value in document.items() if key != "hide"}
