"""A policy in words: which tools may be called, how often, and with whose approval. Pure."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from binance_mcp.policy.admission import is_hidden
from binance_mcp.policy.language.document import Document, Tool
from binance_mcp.policy.language.operators import Operator
from binance_mcp.policy.language.rules import Condition, Limit, Rule, Scope

_COMPARED: Final[dict[Operator, str]] = {
    "eq": "is",
    "neq": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "lt": "is below",
    "lte": "is at most",
    "gt": "is above",
    "gte": "is at least",
    "regex": "matches",
    "contains": "contains",
}
_WHO: Final[dict[Scope, str]] = {
    "session": "in one session",
    "grant": "by one caller, over all sessions",
    "server": "by all callers together",
}
_INCOMPARABLE: Final = (
    "A condition that cannot be compared, because its argument is missing or of another type,"
    " counts against the call."
)


def explain(document: Document, tools: Collection[str]) -> Sequence[str]:
    """Return lines about the tools of a server, and about other tools that the document names."""
    named = dict.fromkeys((*tools, *document.tools, *sorted(document.hide - {"*"})))
    lines = list(_in_general(document))
    for name in named:
        stranger = "" if name in tools else " (no tool of this server)"
        lines += ["", f"{name}{stranger}: {_verdict(document, name)}"]
        if not _denial(document, name):
            lines += (f"  {term}" for term in _terms(document, name))
    return lines


def _in_general(document: Document) -> Iterator[str]:
    verdict = {"allow": "allowed", "deny": "denied"}[document.default]
    yield f"A tool that is not listed is {verdict}."
    for limit in document.all_tools.limits:
        yield f"All tools together may be called {_allowance(limit)}."
    rules = (rule for tool in document.tools.values() for rule in (*tool.deny_if, *tool.require))
    if any(rule.conditions for rule in rules):
        yield _INCOMPARABLE


def _verdict(document: Document, name: str) -> str:
    if denial := _denial(document, name):
        return denial
    tool = document.tools.get(name)
    if tool is None:
        return "allowed, because it is not listed"
    if tool.action == "require_approval":
        return "allowed if the user approves the call" + _quoted(tool.reason)
    return "allowed"


def _denial(document: Document, name: str) -> str | None:
    """Return how every call of the tool is denied; None if some may be allowed."""
    if is_hidden(document, name):
        return "hidden: it is not shown, and its calls are denied"
    tool = document.tools.get(name)
    if tool is None:
        return "denied, because it is not listed" if document.default == "deny" else None
    if tool.action == "deny":
        return "denied" + _quoted(tool.reason)
    always = (rule for rule in tool.deny_if if not rule.conditions)
    return next(("denied" + _quoted(rule.on_deny) for rule in always), None)


def _terms(document: Document, name: str) -> Iterator[str]:
    """Return the terms on which the tool may be called."""
    tool = document.tools.get(name, Tool())
    limits = _own_limits(name, tool)
    for limit in limits:
        yield _allowance(limit) + _shared(document, name, limit)
    if not (limits or document.all_tools.limits):
        yield "any number of times"
    for rule in tool.deny_if:
        yield f"denied if {_all_of(rule)}{_quoted(rule.on_deny)}"
    for rule in tool.require:
        if rule.conditions:
            yield f"denied unless {_all_of(rule)}{_quoted(rule.on_deny)}"


def _own_limits(name: str, tool: Tool) -> Sequence[Limit]:
    short = [tool.rate_limit.of(name)] if tool.rate_limit else []
    return list(dict.fromkeys([*tool.limits, *short]))


def _allowance(limit: Limit) -> str:
    times = "once" if limit.max == 1 else f"{limit.max} times"
    window = limit.window if isinstance(limit.window, str) else f"{limit.window:.15g} s"
    return f"at most {times} in any {window} {_WHO[limit.scope]}"


def _shared(document: Document, name: str, limit: Limit) -> str:
    others = [
        other
        for other, tool in document.tools.items()
        if other != name and limit in _own_limits(other, tool)
    ]
    others += ["all other tools"] if limit in document.all_tools.limits else []
    return f", calls of {' and '.join(others)} included" if others else ""


def _all_of(rule: Rule) -> str:
    return " and ".join(map(_condition, rule.conditions))


def _condition(condition: Condition) -> str:
    if condition.op == "exists":
        return f"{condition.path} is {'given' if condition.value else 'not given'}"
    value = condition.words.removeprefix(f"{condition.path} {condition.op} ")
    return f"{condition.path} {_COMPARED[condition.op]} {value}"


def _quoted(sentence: str) -> str:
    return f': "{sentence}"' if sentence else ""
