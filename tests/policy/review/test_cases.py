import json

import pytest

from binance_mcp.errors import PolicyError
from binance_mcp.policy.language.document import load
from binance_mcp.policy.review.cases import Case, failures, load_cases

POLICY = load(
    "policy.json",
    """{"version": "1", "default": "deny", "tools": {
        "Limited": {"limits": [{"counter": "calls", "window": "minute", "max": 2}]},
        "Asked": {"action": "require_approval"}
    }}""",
)


def cases(*said: object) -> list[Case]:
    return list(load_cases("cases.json", json.dumps(said)))


def places(*said: object) -> list[str]:
    return [failure.place for failure in failures(POLICY, cases(*said))]


def test_cases_that_are_met_have_no_failures() -> None:
    assert (
        places(
            {"name": "Limited", "expect": "allow", "repeat": 2, "comment": "As often as it may."},
            {"name": "Limited", "expect": "deny", "at": 59.9, "code": "limit_exceeded"},
            {"name": "Limited", "arguments": {"a": [1]}, "expect": "allow", "at": 60},
            {"name": "Limited", "expect": "allow", "rule": "/tools/Limited", "at": 60},
            {"name": "Asked", "expect": "require_approval", "at": 60},
            {"name": "Other", "expect": "deny", "at": 60},
        )
        == []
    )


@pytest.mark.parametrize(
    "case",
    [
        {"name": "Limited", "expect": "deny"},
        {"name": "Limited", "expect": "allow", "repeat": 3},
        {"name": "Limited", "expect": "allow", "rule": "/default"},
        {"name": "Asked", "expect": "allow"},
        {"name": "Other", "expect": "deny", "code": "hidden"},
    ],
)
def test_a_case_fails_if_anything_that_it_expects_is_different(case: object) -> None:
    assert places(case) == ["/0"]


def test_a_failure_has_the_first_decision_that_was_not_expected() -> None:
    (failure,) = failures(POLICY, cases({"name": "Limited", "expect": "allow", "repeat": 4}))
    assert (failure.decision.verdict, failure.decision.remaining) == ("denied", 0)


def test_what_is_expected_is_told_in_words() -> None:
    first, second = cases(
        {"name": "A", "expect": "require_approval"},
        {"name": "A", "expect": "deny", "rule": "/hide", "code": "hidden"},
    )
    assert (first.wish, second.wish) == ("approval required", "denied (/hide, hidden)")


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ("{}", ["/: must be a list"]),
        ("[1]", ["/0: must be an object"]),
        ('[{"name": "A"}]', ["/0/expect: is missing"]),
        (
            '[{"name": "A", "expect": "denied", "aat": 1}]',
            [
                '/0/expect: must be "allow", "deny" or "require_approval"; did you mean "deny"?',
                '/0/aat: is unknown; did you mean "at"?',
            ],
        ),
        (
            '[{"name": "A", "expect": "deny", "at": -1, "repeat": 0, "rule": 1}]',
            [
                "/0/rule: must be the JSON pointer of a rule",
                "/0/at: must be a number of seconds from 0 to 2678400 (31 days)",
                "/0/repeat: must be a whole number from 1 to 100000",
            ],
        ),
        (
            '[{"name": "A", "expect": "deny", "at": 1}, {"name": "A", "expect": "deny"}]',
            ["/1/at: must not be earlier than the case before"],
        ),
        (
            '[{"name": "A", "name": "B", "expect": "deny"}]',
            ["/0/name: must not be repeated"],
        ),
    ],
)
def test_every_problem_of_cases_is_told_with_its_place(said: str, problems: list[str]) -> None:
    with pytest.raises(PolicyError) as raised:
        load_cases("cases.json", said)
    assert [str(problem) for problem in raised.value.problems] == problems
