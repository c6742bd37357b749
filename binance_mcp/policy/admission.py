"""What a policy document decides about a call: denied, or admitted on which terms. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Document, Tool
from binance_mcp.policy.language.rules import Condition, Limit, Rule
from binance_mcp.policy.language.strict_json import pointer

_LONGEST_SENTENCE: Final = 300
_DENIES_ALL: Final = "The policy denies every call of this tool."
_UNLISTED: Final = Tool()


@dataclass(frozen=True)
class AppliedLimit:
    """A limit that applies to a call, and its JSON pointer in the document."""

    rule: str
    limit: Limit


@dataclass(frozen=True)
class Approval:
    """The user must approve a call before it is made."""

    rule: str
    """JSON pointer of the rule in the document."""
    reason: str
    """Why, as the user is told."""


@dataclass(frozen=True)
class Admission:
    """The terms on which a call may be made."""

    limits: Sequence[AppliedLimit]
    """The limits that apply to it, those of the tool first."""
    approval: Approval | None = None
    """The approval that it needs, if any."""


def terms(document: Document, tool: str) -> Admission:
    """Return the terms on which calls of a tool may be made, if they may be made at all."""
    limits = limits_of(document, [tool] if tool in document.tools else [])
    return Admission(tuple(limits), _approval(document.tools.get(tool, _UNLISTED), tool))


def check(document: Document, call: Call) -> None:
    """Check that a call may be made, whatever the limits say.

    Raises:
        PolicyDeniedError: It must not be made: of what is in its way, the first of a hidden tool,
            a tool that is not listed, its action, `deny_if`, and `require`.

    """
    if is_hidden(document, call.tool):
        raise PolicyDeniedError("This tool is hidden by the policy.", code="hidden", rule="/hide")
    if call.tool not in document.tools and document.default == "deny":
        raise PolicyDeniedError(
            "This tool is not listed in the policy, which denies every tool that it does not list.",
            code="not_listed",
            rule="/default",
        )
    tool = document.tools.get(call.tool, _UNLISTED)
    _check_action(tool, call)
    _check_denials(tool.deny_if, call)
    _check_requirements(tool.require, call)


def is_hidden(document: Document, tool: str) -> bool:
    """Return whether a tool must neither be listed nor called."""
    return tool in document.hide or "*" in document.hide


def limits_of(document: Document, tools: Iterable[str]) -> Iterator[AppliedLimit]:
    """Return the limits of listed tools, and those of all tools together."""
    for tool in tools:
        yield from _own(tool, document.tools[tool])
    yield from _applied(document.all_tools.limits, "all_tools")


def _check_action(tool: Tool, call: Call) -> None:
    if tool.action == "deny":
        raise PolicyDeniedError(
            tool.reason or _DENIES_ALL,
            code="action_denied",
            rule=pointer("tools", call.tool, "action"),
        )


def _check_denials(rules: Sequence[Rule], call: Call) -> None:
    for index, rule in enumerate(rules):
        if all(condition.holds(call.arguments) is not False for condition in rule.conditions):
            raise PolicyDeniedError(
                rule.on_deny or _denial(rule.conditions),
                code="condition",
                rule=pointer("tools", call.tool, "deny_if", index),
            )


def _check_requirements(rules: Sequence[Rule], call: Call) -> None:
    for index, rule in enumerate(rules):
        for condition in rule.conditions:
            if condition.holds(call.arguments) is not True:
                raise PolicyDeniedError(
                    rule.on_deny or _sentence(f"The policy requires {condition.words}"),
                    code="requirement",
                    rule=pointer("tools", call.tool, "require", index),
                )


def _approval(tool: Tool, name: str) -> Approval | None:
    if tool.action != "require_approval":
        return None
    reason = tool.reason or "The policy requires approval of every call of this tool."
    return Approval(pointer("tools", name, "action"), reason)


def _own(name: str, tool: Tool) -> Iterator[AppliedLimit]:
    yield from _applied(tool.limits, "tools", name)
    if tool.rate_limit:
        yield AppliedLimit(pointer("tools", name, "rate_limit"), tool.rate_limit.of(name))


def _applied(limits: Sequence[Limit], *place: str) -> Iterator[AppliedLimit]:
    for index, limit in enumerate(limits):
        yield AppliedLimit(pointer(*place, "limits", index), limit)


def _denial(conditions: Sequence[Condition]) -> str:
    what = " and ".join(condition.words for condition in conditions)
    return _sentence(f"The policy denies a call with {what}") if what else _DENIES_ALL


def _sentence(text: str) -> str:
    return f"{text}." if len(text) < _LONGEST_SENTENCE else f"{text[: _LONGEST_SENTENCE - 1]}…"
