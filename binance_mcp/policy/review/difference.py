"""What one policy allows and another one does not, in words. Pure.

Less is said to be allowed only where that is certain, because each term can be told from the other
policy's terms. Otherwise the policies are said to differ.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from binance_mcp.policy.language.document import Document
from binance_mcp.policy.language.rules import Limit, Scope
from binance_mcp.policy.review.explanation import Explanation, Term, explain_tool, for_all_tools

Change: TypeAlias = Literal["allows more", "allows less", "differs"]

ALL_TOOLS: Final = "All tools together"
OTHER_TOOLS: Final = "Every other tool"
_NO_TOOL: Final = ""
"""No tool has this name, so that it stands for all that are not listed."""
_STRICTNESS: Final = ("allowed", "allowed with approval", "denied", "hidden")
_CHANGES: Final[dict[tuple[bool, bool], Change]] = {
    (True, False): "allows more",
    (False, True): "allows less",
    (False, False): "differs",
    (True, True): "differs",  # of a denied tool, only one of them hides it
}
"""By whether the second policy allows all that the first does, and the reverse."""
_WIDTH: Final[dict[Scope, int]] = {"session": 1, "grant": 2, "server": 3}


@dataclass(frozen=True)
class Difference:
    """What is different for a tool, or for several."""

    subject: str
    change: Change
    """What the second policy does in comparison with the first."""
    first: Sequence[str]
    """What holds under the first policy only."""
    second: Sequence[str]
    """What holds under the second policy only."""


def differences(first: Document, second: Document, tools: Collection[str]) -> Iterator[Difference]:
    """Return the differences, for the tools of a server and those that either policy names."""
    before, after = for_all_tools(first), for_all_tools(second)
    named = dict.fromkeys((*tools, *first.tools, *second.tools, *sorted(first.hide | second.hide)))
    pairs = [
        (
            Explanation(ALL_TOOLS, "allowed", "", before),
            Explanation(ALL_TOOLS, "allowed", "", after),
        ),
        *(
            (explain_tool(first, name), explain_tool(second, name))
            for name in (*named, _NO_TOOL)
            if name != "*"
        ),
    ]
    for one, other in pairs:
        is_wider, is_narrower = _is_within(one, other, before), _is_within(other, one, after)
        if not (is_wider and is_narrower and one.verdict == other.verdict):
            change = _CHANGES[is_wider, is_narrower]
            subject = one.tool or OTHER_TOOLS
            yield Difference(subject, change, _only(one, other), _only(other, one))


def _is_within(inner: Explanation, outer: Explanation, always: Sequence[Term]) -> bool:
    """Return whether certainly all calls that `inner` allows are allowed by `outer`, too."""
    if not inner.is_allowed:
        return True
    if _STRICTNESS.index(inner.verdict) < _STRICTNESS.index(outer.verdict):
        return False
    terms = (*inner.terms, *always)
    return all(any(_implies(term, other) for term in terms) for other in outer.terms)


def _implies(term: Term, other: Term) -> bool:
    """Return whether what the first term admits is certainly admitted by the other one."""
    if term.limit and other.limit:
        return _is_tighter(term.limit, other.limit) and _counts_more(term, other)
    return term.words == other.words


def _is_tighter(limit: Limit, other: Limit) -> bool:
    return (
        limit.max <= other.max
        and limit.seconds >= other.seconds
        and _WIDTH[limit.scope] >= _WIDTH[other.scope]
    )


def _counts_more(term: Term, other: Term) -> bool:
    if term.counted is None or other.counted is None:
        return term.counted is None
    return term.counted >= other.counted


def _only(mine: Explanation, others: Explanation) -> Sequence[str]:
    """Return what is said of the one and not of the other."""
    known = {term.words for term in others.terms}
    verdict = [mine.words] if mine.verdict != others.verdict else []
    return [*verdict, *(str(term) for term in mine.terms if term.words not in known)]
