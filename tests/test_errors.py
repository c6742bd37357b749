import inspect
import re

from binance_mcp import errors
from binance_mcp.errors import (
    BinanceError,
    BinanceMcpError,
    LimitStatus,
    PolicyDeniedError,
    PolicyError,
    Problem,
    SettingsError,
)

BRANCH = re.compile(r"^(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+Error)\b", re.MULTILINE)
INDENT = 4
PROBLEMS = (Problem("/tools/x", "is unknown"), Problem("", "must be an object"))


def drawn_tree() -> list[tuple[str, str]]:
    """Return every class of the drawing with its parent; the root's is the empty string."""
    path: list[str] = []
    branches: list[tuple[str, str]] = []
    for branch in BRANCH.finditer(inspect.cleandoc(errors.__doc__ or "")):
        depth = len(branch["indent"]) // INDENT - 1
        path[depth:] = [branch["name"]]
        branches.append((branch["name"], "".join(path[-2:-1])))
    return branches


def real_tree() -> list[tuple[str, str]]:
    return [
        (name, "" if kind is BinanceMcpError else kind.__bases__[0].__name__)
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    ]


def test_the_error_tree_in_the_docstring_matches_the_classes() -> None:
    assert drawn_tree() == real_tree()


def test_every_error_class_has_one_parent() -> None:
    kinds = [getattr(errors, name) for name, _ in drawn_tree()]
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


def test_a_binance_error_has_status_code_and_retry_after_of_the_answer() -> None:
    error = BinanceError("refused", status=429, code=-1003, retry_after=12.0)
    assert str(error) == "refused"
    assert (error.status, error.code, error.retry_after) == (429, -1003, 12.0)


def test_a_binance_error_without_an_answer_has_no_status_or_code() -> None:
    error = BinanceError("no answer")
    assert (error.status, error.code, error.retry_after) == (None, None, None)


def test_only_transient_errors_are_retryable() -> None:
    retryable = [
        name for name, _ in drawn_tree() if getattr(getattr(errors, name), "is_retryable", False)
    ]
    assert retryable == [
        "UnreachableError",
        "TimedOutError",
        "UnreadableAnswerError",
        "BackendTimeoutError",
        "UnknownOutcomeError",
        "UnavailableError",
    ]
