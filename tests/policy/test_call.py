import pytest

from binance_mcp.policy.call import Caller
from binance_mcp.policy.language.rules import Scope


@pytest.mark.parametrize(
    ("scope", "subject"), [("session", "a session"), ("grant", "a grant"), ("server", "")]
)
def test_a_scope_says_whose_calls_count_together(scope: Scope, subject: str) -> None:
    assert Caller(grant="a grant", session="a session").subject(scope) == subject
