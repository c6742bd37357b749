"""Warnings about a policy: rules that are valid, but probably a mistake. Pure.

What has to be known about the server is passed in.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from binance_mcp.errors import Problem
from binance_mcp.policy.admission import AppliedLimit, is_hidden, limits_of
from binance_mcp.policy.language.document import Document, Tool
from binance_mcp.policy.language.rules import Rule
from binance_mcp.policy.language.strict_json import pointer
from binance_mcp.policy.review.contradiction import exclude_each_other


@dataclass(frozen=True)
class ServerFacts:
    """What warnings need to know about the server and the exchange."""

    tools: Mapping[str, Collection[str] | None]
    """The names of the tools, and of the arguments of each; None if they are not known."""
    calls_per_minute: int
    """How many calls the exchange allows."""
    keepalive: str
    """The tool that must be called regularly."""
    longest_pause: float
    """Most seconds between two calls of it."""


def warnings(document: Document, facts: ServerFacts) -> Sequence[Problem]:
    """Return warnings about the document, each with its JSON pointer."""
    return list(dict.fromkeys(found for check in _CHECKS for found in check(document, facts)))


def _default_that_says_too_much(document: Document, facts: ServerFacts) -> Iterator[Problem]:
    if document.default == "deny" and not document.tools:
        hint = "; `hide` takes away, and allows nothing" if document.hide else ""
        yield Problem("/default", f"denies every call, because `tools` lists no tool{hint}")
    if document.default == "allow" and not document.all_tools.limits:
        free = [name for name in facts.tools if name not in document.tools]
        if any(_may_be_called(document, name) for name in free):
            yield Problem("/default", "allows what `tools` does not list, and nothing limits it")


def _unknown_names(document: Document, facts: ServerFacts) -> Iterator[Problem]:
    hidden = (("/hide", name) for name in sorted(document.hide - {"*"}))
    listed = ((pointer("tools", name), name) for name in document.tools)
    for where, name in (*hidden, *listed):
        if name not in facts.tools:
            guess = _guess(name, facts.tools)
            yield Problem(where, f'"{name}" is no tool of this server{guess}')


def _idle_listings(document: Document, _: ServerFacts) -> Iterator[Problem]:
    for name, tool in document.tools.items():
        if is_hidden(document, name):
            yield Problem(pointer("tools", name), "has no effect: the tool is hidden")
        elif document.default == "allow" and tool == Tool():
            message = "has no effect: tools that are not listed are allowed too"
            yield Problem(pointer("tools", name), message)


def _idle_rules(document: Document, _: ServerFacts) -> Iterator[Problem]:
    for name, tool in document.tools.items():
        for index, rule in enumerate(tool.require):
            if not rule.conditions:
                where = pointer("tools", name, "require", index)
                yield Problem(where, "has no effect: it has no conditions")
        if tool.reason and tool.action == "allow":
            where = pointer("tools", name, "reason")
            yield Problem(where, 'is never used, because `action` is "allow"')
        if _denies_all(tool):
            for key in _keys_after_denial(tool):
                where = pointer("tools", name, key)
                yield Problem(where, "has no effect: every call is denied before")


def _contradictions(document: Document, _: ServerFacts) -> Iterator[Problem]:
    for name, tool in document.tools.items():
        for index, rule in enumerate(tool.deny_if):
            if exclude_each_other(rule.conditions):
                where = pointer("tools", name, "deny_if", index)
                yield Problem(where, "never holds: its conditions exclude each other")
        if exclude_each_other(condition for rule in tool.require for condition in rule.conditions):
            where = pointer("tools", name, "require")
            yield Problem(where, "denies every call: its conditions exclude each other")


def _unknown_arguments(document: Document, facts: ServerFacts) -> Iterator[Problem]:
    for name, key, index, rule in _rules(document):
        known = facts.tools.get(name)
        for number, condition in enumerate(rule.conditions):
            argument = condition.path.split(".")[1]
            if known is not None and argument not in known:
                where = pointer("tools", name, key, index, "conditions", number, "path")
                message = f'the tool takes no argument "{argument}"{_guess(argument, known)}'
                yield Problem(where, message)


def _limits_above_the_exchange(document: Document, facts: ServerFacts) -> Iterator[Problem]:
    for applied in limits_of(document, document.tools):
        if applied.limit.max * 60 > facts.calls_per_minute * applied.limit.seconds:
            allowed = f"the {facts.calls_per_minute} calls a minute that the exchange allows"
            yield Problem(applied.rule, f"is above {allowed}")


def _limits_that_let_lapse(document: Document, facts: ServerFacts) -> Iterator[Problem]:
    for applied in _limits_in_force(document, facts.keepalive):
        if applied.limit.seconds > facts.longest_pause * applied.limit.max:
            yield Problem(
                applied.rule,
                f"is too low to call {facts.keepalive} every {facts.longest_pause / 60:g} minutes,"
                " as it must be",
            )


def _limits_that_reopen(document: Document, facts: ServerFacts) -> Iterator[Problem]:
    for name in (*facts.tools, *document.tools):
        limits = _limits_in_force(document, name)
        if limits and all(applied.limit.scope == "session" for applied in limits):
            yield Problem(
                limits[0].rule,
                "holds for each session by itself, and a caller can open many over HTTP;"
                ' a limit with scope "grant" holds for all of them',
            )


_CHECKS: Final[Sequence[Callable[[Document, ServerFacts], Iterator[Problem]]]] = (
    _default_that_says_too_much,
    _unknown_names,
    _idle_listings,
    _idle_rules,
    _contradictions,
    _unknown_arguments,
    _limits_above_the_exchange,
    _limits_that_let_lapse,
    _limits_that_reopen,
)


def _rules(document: Document) -> Iterator[tuple[str, str, int, Rule]]:
    """Return every rule, after the name of its tool, its key and its index."""
    for name, tool in document.tools.items():
        for key, rules in (("deny_if", tool.deny_if), ("require", tool.require)):
            for index, rule in enumerate(rules):
                yield name, key, index, rule


def _limits_in_force(document: Document, name: str) -> Sequence[AppliedLimit]:
    """Return the limits of the calls of a tool, if any call of it can come so far."""
    if not _may_be_called(document, name):
        return ()
    return tuple(limits_of(document, {name} & document.tools.keys()))


def _may_be_called(document: Document, name: str) -> bool:
    if is_hidden(document, name):
        return False
    tool = document.tools.get(name)
    return not _denies_all(tool) if tool else document.default == "allow"


def _denies_all(tool: Tool) -> bool:
    return tool.action == "deny" or not all(rule.conditions for rule in tool.deny_if)


def _keys_after_denial(tool: Tool) -> Sequence[str]:
    """Return the keys of rules that come after the one that denies every call."""
    keys = ("deny_if", "require", "limits", "rate_limit")
    return [key for key in keys[tool.action != "deny" :] if getattr(tool, key)]


def _guess(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
