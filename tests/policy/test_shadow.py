import json
import logging
from pathlib import Path

import pytest

from binance_mcp.policy.call import Call, Caller
from binance_mcp.policy.language.document import Action
from binance_mcp.policy.shadow import Opinion, Shadow, different
from binance_mcp.policy.source import PolicySource

CALLER = Caller("a grant", "a session")
ASKED = "/tools/Asked/action"
RULES: dict[str, object] = {
    "version": "1",
    "default": "allow",
    "hide": ["Hidden"],
    "tools": {
        "Limited": {"limits": [{"counter": "calls", "window": "minute", "max": 1}]},
        "Asked": {"action": "require_approval", "reason": "It matters."},
        "Barred": {"action": "deny", "reason": "Never."},
    },
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "shadow.json"
    file.write_text(json.dumps(RULES))
    return file


def told(shadow: Shadow, tool: str, decided: Action) -> tuple[str, str | None, str | None] | None:
    shadow.compare(CALLER, Call(tool, {}), decided)
    opinion = different.get()
    return opinion and (opinion.action, opinion.rule, opinion.code)


@pytest.fixture
def shadow(file: Path) -> Shadow:
    return Shadow(PolicySource(file), clock=lambda: 0.0)


def test_only_a_different_decision_is_told(shadow: Shadow) -> None:
    assert told(shadow, "Barred", "allow") == ("deny", "/tools/Barred/action", "action_denied")
    assert told(shadow, "Barred", "deny") is None
    assert told(shadow, "Asked", "deny") == ("require_approval", "/tools/Asked/action", None)
    assert told(shadow, "Other", "require_approval") == ("allow", None, None)
    assert told(shadow, "Hidden", "allow") == ("deny", "/hide", "hidden")


def test_the_shadow_counts_its_own_calls(shadow: Shadow) -> None:
    assert told(shadow, "Limited", "allow") is None
    rule = "/tools/Limited/limits/0"
    assert told(shadow, "Limited", "allow") == ("deny", rule, "limit_exceeded")


def test_an_unknown_tool_is_denied_by_both(shadow: Shadow) -> None:
    shadow.serve_only(["Other"])
    assert told(shadow, "Unknown", "deny") is None


def test_the_opinion_names_the_text_of_the_shadow_policy(file: Path, shadow: Shadow) -> None:
    shadow.compare(CALLER, Call("Barred", {}), "allow")
    first = different.get()
    assert isinstance(first, Opinion)
    assert first.digest == PolicySource(file).digest


def test_a_changed_file_is_the_shadow_policy_of_the_next_call(file: Path, shadow: Shadow) -> None:
    file.write_text(json.dumps(RULES | {"default": "deny"}))
    shadow.refresh()
    assert told(shadow, "Other", "allow") == ("deny", "/default", "not_listed")
    shadow.refresh()
    file.write_text("{")
    shadow.refresh()
    assert told(shadow, "Other", "allow") == ("deny", "/default", "not_listed")


@pytest.mark.parametrize(
    ("tool", "decided", "line"),
    [
        (
            "Barred",
            "allow",
            "the shadow policy would deny this call of Barred (/tools/Barred/action): Never.",
        ),
        (
            "Asked",
            "allow",
            f"the shadow policy would ask the user about this call of Asked ({ASKED}): It matters.",
        ),
        ("Other", "deny", "the shadow policy would allow this call of Other"),
    ],
)
def test_a_different_decision_is_logged(
    shadow: Shadow, caplog: pytest.LogCaptureFixture, tool: str, decided: Action, line: str
) -> None:
    caplog.set_level(logging.INFO, "binance_mcp")
    shadow.compare(CALLER, Call(tool, {}), decided)
    assert caplog.messages == [line]
