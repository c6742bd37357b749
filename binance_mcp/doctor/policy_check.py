"""The policy: whether it can be used, and what in it is probably a mistake."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from binance_mcp.doctor.finding import Certainty, Finding, ok, problem, warning
from binance_mcp.errors import PolicyError
from binance_mcp.policy.review.warnings import ServerFacts, warnings
from binance_mcp.policy.source import load_file
from binance_mcp.settings import Settings

_CHECK: Final = "policy"


def check_policy(settings: Settings, facts: ServerFacts) -> Sequence[Finding]:
    """Load the policy, and the one on trial, and look for mistakes in them."""
    named = (settings.policy, settings.policy_shadow)
    paths = [path for path in named if path] or [None]
    return [finding for path in paths for finding in _checked(path, facts)]


def _checked(path: Path | None, facts: ServerFacts) -> Sequence[Finding]:
    name = "the built-in policy" if path is None else str(path)
    try:
        document = load_file(path)
    except PolicyError as error:
        how = "Correct it; until then the server does not start."
        return [problem(_CHECK, f"{name}: {each}", how) for each in error.problems]
    found = [
        warning(_CHECK, f"{name}: {each}", "Look at this rule again.", Certainty.LIKELY)
        for each in warnings(document, facts)
    ]
    return found or [ok(_CHECK, f"{name} can be used")]
