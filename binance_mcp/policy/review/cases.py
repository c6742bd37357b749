"""Cases: calls with the decisions that are expected of a policy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Final

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Action, Document
from binance_mcp.policy.language.node import Name, Node, Sentence, ToolName
from binance_mcp.policy.language.problems import Expected, one_of, problems
from binance_mcp.policy.language.strict_json import Location, ParsedText, parse, pointer
from binance_mcp.policy.review.dry_run import Decision, DryRun, Verdict

_MOST_PROBLEMS: Final = 100
_VERDICTS: Final[Mapping[Action, Verdict]] = {
    "allow": "allowed",
    "deny": "denied",
    "require_approval": "approval required",
}


class Case(Node):
    """A call, and what is expected of its decision."""

    name: ToolName
    arguments: Annotated[Mapping[str, object], Field(strict=False)] = {}
    expect: Annotated[Action, one_of(Action)]
    rule: Annotated[str, Expected("must be the JSON pointer of a rule")] | None = None
    """The rule that must decide; None for any."""
    code: Name | None = None
    """The code that a denial must have; None for any."""
    at: Annotated[
        float,
        Field(ge=0, le=31 * 86_400),
        Expected("must be a number of seconds from 0 to 2678400 (31 days)"),
    ] = 0.0
    """When the call is made: seconds after the first one."""
    repeat: Annotated[
        int, Field(ge=1, le=100_000), Expected("must be a whole number from 1 to 100000")
    ] = 1
    """How many times the call is made, each with the same decision."""
    comment: Sentence = ""

    @property
    def wish(self) -> str:
        """What is expected, in words."""
        more = ", ".join(each for each in (self.rule, self.code) if each)
        return f"{_VERDICTS[self.expect]} ({more})" if more else _VERDICTS[self.expect]

    def is_met_by(self, decision: Decision) -> bool:
        """Return whether a decision is as expected."""
        return (
            decision.verdict == _VERDICTS[self.expect]
            and self.rule in (None, decision.rule)
            and self.code in (None, decision.code)
        )


@dataclass(frozen=True)
class Failure:
    """A case whose decision is not as expected."""

    place: str
    """JSON pointer of the case."""
    case: Case
    decision: Decision


_CASES: Final = TypeAdapter(tuple[Case, ...])


def load_cases(source: str, text: str | bytes) -> Sequence[Case]:
    """Return the cases that a text holds: a list, in the order of the calls.

    Raises:
        PolicyError: Something in it is not understood. `source` is the text's name in it.

    """
    parsed = parse(source, text)
    try:
        cases = _CASES.validate_python(parsed.value)
    except ValidationError as error:
        found = [*parsed.faults, *problems(error, parsed, _owner, _MOST_PROBLEMS)]
        raise PolicyError(source, found) from None
    found = [*parsed.faults, *_out_of_order(cases, parsed)]
    if found:
        raise PolicyError(source, found)
    return cases


def failures(document: Document, cases: Sequence[Case]) -> Iterator[Failure]:
    """Make the calls in one session on a simulated clock; return the first failure of each case."""
    trial = DryRun(document)
    for index, case in enumerate(cases):
        trial.now = case.at
        decisions = [trial.decide(Call(case.name, case.arguments)) for _ in range(case.repeat)]
        for decision in decisions:
            if not case.is_met_by(decision):
                yield Failure(pointer(index), case, decision)
                break


def _out_of_order(cases: Sequence[Case], parsed: ParsedText) -> Iterator[Problem]:
    for index, (earlier, case) in enumerate(pairwise(cases), 1):
        if case.at < earlier.at:
            yield parsed.problem((index, "at"), "must not be earlier than the case before")


def _owner(_: Location) -> type[BaseModel]:
    return Case
