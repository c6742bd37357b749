"""A policy in words: which tools may be called, how often, and with whose approval. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

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


@dataclass(frozen=True)
class Term:
    """A term on which a tool may be called. It can only deny calls."""

    words: str
    reason: str = ""
    """What the agent is told, if the policy says that."""
    limit: Limit | None = None
    """The limit that it is; None if it is a condition."""
    counted: frozenset[str] | None = frozenset()
    """The tools whose calls count under the limit; None for those of all tools."""

    def __str__(self) -> str:
        return self.words + _quoted(self.reason)


Verdict: TypeAlias = Literal["hidden", "denied", "allowed with approval", "allowed"]


@dataclass(frozen=True)
class Explanation:
    """What holds for a tool."""

    tool: str
    verdict: Verdict
    words: str
    """The verdict in words, with its reason."""
    terms: Sequence[Term] = ()
    """On which it is allowed; none if every call is denied."""

    @property
    def is_allowed(self) -> bool:
        """Whether any call may be allowed."""
        return self.verdict in ("allowed", "allowed with approval")


def told(document: Document, tools: Collection[str]) -> Iterator[str]:
    """Return lines about the tools of a server, and about other tools that the document names."""
    yield from in_general(document)
    for each in explain(document, tools):
        stranger = "" if each.tool in tools else " (no tool of this server)"
        yield ""
        yield f"{each.tool}{stranger}: {each.words}"
        has_limit = document.all_tools.limits or any(term.limit for term in each.terms)
        if each.is_allowed and not has_limit:
            yield "  any number of times"
        yield from (f"  {term}" for term in each.terms)


def in_general(document: Document) -> Sequence[str]:
    """Return sentences about tools that are not listed, all tools together, and conditions."""
    verdict = {"allow": "allowed", "deny": "denied"}[document.default]
    said = [f"A tool that is not listed is {verdict}."]
    said += (f"All tools together may be called {each.words}." for each in for_all_tools(document))
    rules = (rule for tool in document.tools.values() for rule in (*tool.deny_if, *tool.require))
    return [*said, _INCOMPARABLE] if any(rule.conditions for rule in rules) else said


def for_all_tools(document: Document) -> Sequence[Term]:
    """Return the terms on which all tools together may be called."""
    limits = document.all_tools.limits
    return [Term(_allowance(limit), limit=limit, counted=None) for limit in limits]


def explain(document: Document, tools: Collection[str]) -> Sequence[Explanation]:
    """Explain the tools of a server, and other tools that the document names."""
    named = dict.fromkeys((*tools, *document.tools, *sorted(document.hide - {"*"})))
    return [explain_tool(document, name) for name in named]


def explain_tool(document: Document, name: str) -> Explanation:
    """Explain what holds for one tool."""
    if is_hidden(document, name):
        return Explanation(name, "hidden", "hidden: it is not shown, and its calls are denied")
    if (denial := _denial(document, name)) is not None:
        return Explanation(name, "denied", denial)
    tool = document.tools.get(name)
    if tool is None:
        return Explanation(name, "allowed", "allowed, because it is not listed")
    terms = tuple(_terms(document, name, tool))
    if tool.action == "require_approval":
        words = "allowed if the user approves the call" + _quoted(tool.reason)
        return Explanation(name, "allowed with approval", words, terms)
    return Explanation(name, "allowed", "allowed", terms)


def _denial(document: Document, name: str) -> str | None:
    """Return how every call of the tool is denied; None if some may be allowed."""
    tool = document.tools.get(name)
    if tool is None:
        return "denied, because it is not listed" if document.default == "deny" else None
    if tool.action == "deny":
        return "denied" + _quoted(tool.reason)
    always = (rule for rule in tool.deny_if if not rule.conditions)
    return next(("denied" + _quoted(rule.on_deny) for rule in always), None)


def _terms(document: Document, name: str, tool: Tool) -> Iterator[Term]:
    for limit in _own_limits(name, tool):
        yield _limited(document, name, limit)
    for rule in tool.deny_if:
        yield Term(f"denied if {_all_of(rule)}", rule.on_deny)
    for rule in tool.require:
        if rule.conditions:
            yield Term(f"denied unless {_all_of(rule)}", rule.on_deny)


def _own_limits(name: str, tool: Tool) -> Sequence[Limit]:
    short = [tool.rate_limit.of(name)] if tool.rate_limit else []
    return list(dict.fromkeys([*tool.limits, *short]))


def _allowance(limit: Limit) -> str:
    times = "once" if limit.max == 1 else f"{limit.max} times"
    window = limit.window if isinstance(limit.window, str) else f"{limit.window:.15g} s"
    return f"at most {times} in any {window} {_WHO[limit.scope]}"


def _limited(document: Document, name: str, limit: Limit) -> Term:
    others = [
        other
        for other, tool in document.tools.items()
        if other != name and limit in _own_limits(other, tool)
    ]
    is_of_all = limit in document.all_tools.limits
    sharing = [*others, *(["all other tools"] if is_of_all else [])]
    shared = f", calls of {' and '.join(sharing)} included" if sharing else ""
    counted = None if is_of_all else frozenset({name, *others})
    return Term(_allowance(limit) + shared, limit=limit, counted=counted)


def _all_of(rule: Rule) -> str:
    return " and ".join(map(_condition, rule.conditions))


def _condition(condition: Condition) -> str:
    if condition.op == "exists":
        return f"{condition.path} is {'given' if condition.value else 'not given'}"
    value = condition.words.removeprefix(f"{condition.path} {condition.op} ")
    return f"{condition.path} {_COMPARED[condition.op]} {value}"


def _quoted(sentence: str) -> str:
    return f': "{sentence}"' if sentence else ""
