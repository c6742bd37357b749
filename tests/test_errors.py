from binance_mcp import errors
from binance_mcp.errors import (
    LimitStatus,
    PolicyDeniedError,
    PolicyError,
    Problem,
    SettingsError,
)
from tests.error_tree import drawn_tree, real_tree

PROBLEMS = (Problem("/tools/x", "is unknown"), Problem("", "must be an object"))


def test_the_error_tree_in_the_docstring_matches_the_classes() -> None:
    assert drawn_tree(errors) == real_tree(errors)


def test_every_error_class_has_one_parent() -> None:
    kinds = [getattr(errors, name) for name, _ in drawn_tree(errors)]
    assert [kind.__name__ for kind in kinds if len(kind.__bases__) != 1] == []


def test_a_settings_error_has_one_line_per_problem() -> None:
    error = SettingsError([Problem("BINANCE_A", "is bad"), Problem("BINANCE_B", "is worse")])
    assert str(error) == "BINANCE_A: is bad\nBINANCE_B: is worse"
    assert [problem.where for problem in error.problems] == ["BINANCE_A", "BINANCE_B"]


def test_a_policy_error_has_one_line_per_problem_with_source_and_pointer() -> None:
    error = PolicyError("policy.json", PROBLEMS)
    assert str(error) == ("policy.json: /tools/x: is unknown\npolicy.json: /: must be an object")
    assert error.problems == PROBLEMS


def test_a_denial_has_its_rule_retry_after_and_limit() -> None:
    limit = LimitStatus(counter="calls", window="minute", max=2, scope="session", remaining=0)
    denial = PolicyDeniedError(
        "no more", code="limit_exceeded", rule="/all_tools/limits/0", retry_after=30.0, limit=limit
    )
    assert str(denial) == "no more"
    assert (denial.code, denial.rule) == ("limit_exceeded", "/all_tools/limits/0")
    assert (denial.retry_after, denial.limit) == (30.0, limit)


def test_a_permanent_denial_has_neither_retry_after_nor_limit() -> None:
    denial = PolicyDeniedError("no", code="hidden", rule="/hide/0")
    assert (denial.retry_after, denial.limit) == (None, None)
