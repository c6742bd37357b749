import pytest

from binance_mcp.policy.call import Caller
from binance_mcp.policy.language.rules import Scope


@pytest.mark.parametrize(
    ("scope", "subject"), [("session", "a session"), ("grant", "a grant"), ("server", "")]
)
def test_a_scope_selects_whose_calls_are_counted_together(scope: Scope, subject: str) -> None:
    assert Caller(grant="a grant", session="a session").subject(scope) == subject
