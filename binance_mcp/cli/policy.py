"""The commands about a policy: check, explain, show and test."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final, TypeAlias, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, JsonValue
from pydantic_settings import CliPositionalArg, CliSubCommand, CliToggleFlag, NoDecode

from binance_mcp.cli.command import Command, Group, settings_in_force, summary
from binance_mcp.cli.output import complain, say
from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.admission import limits_of
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Document, load
from binance_mcp.policy.language.problems import Expected
from binance_mcp.policy.language.strict_json import Location, ParsedText, parse, pointer
from binance_mcp.policy.review.dry_run import Decision, dry_run
from binance_mcp.policy.review.explanation import explain
from binance_mcp.policy.review.warnings import ServerFacts, warnings
from binance_mcp.policy.source import PolicySource, read

_PROBLEM_FOUND: Final = 1
_LONGEST_PAUSE: Final = 50 * 60.0
"""Seconds from one keepalive to the next, at most. A listen key lives for 60 minutes:
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

_File: TypeAlias = CliPositionalArg[
    Annotated[Path | None, Field(description="Policy file, instead of the configured one.")]
]


class Check(Command):
    """Check a policy: print every problem and every warning, with line and column.

    A warning is about a rule that is valid, but probably a mistake.

    Exit codes: 0 it can be used; 1 it cannot, or with --strict there is a warning; 2 it cannot be
    read.
    """

    file: CliPositionalArg[Path] = Field(description="The policy.")
    strict: CliToggleFlag[bool] = Field(default=False, description="Treat warnings as problems.")

    def run(self) -> int:
        """Print what is wrong."""
        text = read(self.file)
        try:
            document = load(str(self.file), text)
        except PolicyError as error:
            for problem in sorted(error.problems, key=_order):
                say(self._line(problem))
            return _PROBLEM_FOUND
        found = _placed(warnings(document, server_facts()), parse(str(self.file), text))
        for warning in found:
            say(self._line(warning, "warning: "))
        if found and self.strict:
            return _PROBLEM_FOUND
        say(f"{self.file}: OK: {_contents(document)}, {_count(len(found), 'warning')}")
        return 0

    def _line(self, problem: Problem, kind: str = "") -> str:
        place = f":{problem.line}:{problem.column}" if problem.line else ""
        return f"{self.file}{place}: {kind}{problem}"


class Explain(Command):
    """Explain a policy in words: which tools may be called, how often, and with whose approval.

    Exit codes: 0 success; 2 it cannot be used.
    """

    file: _File = None

    def run(self) -> int:
        """Print the explanation."""
        from binance_mcp.server.tools.catalogue import tool_arguments

        for line in explain(PolicySource(_path(self.file)).document, tool_arguments()):
            say(line)
        return 0


class Show(Command):
    """Show a policy as canonical JSON, the same for all equivalent policies.

    Its file and the SHA-256 of its text are printed to standard error.

    Exit codes: 0 success; 2 it cannot be used.
    """

    file: _File = None

    def run(self) -> int:
        """Print the policy."""
        path = _path(self.file)
        source = PolicySource(path)
        said = source.document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if source.document.hide:
            said["hide"] = sorted(source.document.hide)
        say(json.dumps(said, indent=2, sort_keys=True))
        complain(f"{path or 'built-in policy'}, SHA-256 {source.digest}")
        return 0


class _GivenCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    arguments: dict[str, JsonValue] = {}


class Test(Command):
    """Dry-run calls against a policy on a simulated clock, and print each decision with its rule.

    No tool is called, and nothing waits. Equal decisions in a row are printed as one line.

    Exit codes: 0 whatever the decisions; 2 the policy or a call cannot be used.
    """

    file: CliPositionalArg[Path] = Field(description="The policy.")
    call: Annotated[
        Json[Annotated[list[_GivenCall], Field(min_length=1)]],
        NoDecode,  # pydantic-settings then passes the values joined by commas
        BeforeValidator(lambda values: f"[{values}]"),
        Expected('must be JSON: an object with the "name" of a tool, and its "arguments" if any'),
        Field(description="A call in JSON, as in tools/call; may be repeated."),
    ]
    repeat: int = Field(1, ge=1, le=100_000, description="How many times the calls are made.")
    every: float = Field(
        0.0, ge=0, le=31 * 86_400, allow_inf_nan=False, description="Seconds between repetitions."
    )

    def run(self) -> int:
        """Print the decisions."""
        calls = [Call(given.name, given.arguments) for given in self.call]
        decisions = dry_run(PolicySource(self.file).document, calls, self.repeat, self.every)
        for _, alike in groupby(decisions, key=lambda d: (d.tool, d.verdict, d.rule, d.code)):
            say(_line_of(list(alike)))
        return 0


class Policy(Group):
    """Check, explain, show or test a policy."""

    check: CliSubCommand[Check] = Field(description=summary(Check))
    explain: CliSubCommand[Explain] = Field(description=summary(Explain))
    show: CliSubCommand[Show] = Field(description=summary(Show))
    test: CliSubCommand[Test] = Field(description=summary(Test))


def server_facts() -> ServerFacts:
    """Return what warnings need to know of this server and of Binance.

    A tool that the shipped policy lists counts as one of the server's.
    """
    from binance_mcp.futures.environment import ENVIRONMENTS
    from binance_mcp.server.tools.catalogue import tool_arguments
    from binance_mcp.server.tools.listen_key import KEEPALIVE_TOOL

    return ServerFacts(
        tools=dict.fromkeys(PolicySource().document.tools) | tool_arguments(),
        calls_per_minute=ENVIRONMENTS["mainnet"].weight_limit,
        keepalive=KEEPALIVE_TOOL,
        longest_pause=_LONGEST_PAUSE,
    )


def _path(file: Path | None) -> Path | None:
    return file or settings_in_force().policy


def _placed(problems: Iterable[Problem], parsed: ParsedText) -> Sequence[Problem]:
    """Return the problems in the order of the text, with line and column."""
    places = {pointer(*place): place for place in _places(parsed.value)}
    placed = (parsed.problem(places[problem.where], problem.message) for problem in problems)
    return sorted(placed, key=_order)


def _order(problem: Problem) -> tuple[float, int]:
    return problem.line or math.inf, problem.column or 0  # the count of further problems comes last


def _places(value: object, at: Location = ()) -> Iterator[Location]:
    """Return the places of a value and of everything inside it."""
    yield at
    if isinstance(value, Mapping):
        for name, member in cast("Mapping[str, object]", value).items():
            yield from _places(member, (*at, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(cast("tuple[object, ...]", value)):
            yield from _places(item, (*at, index))


def _contents(document: Document) -> str:
    tools = _count(len(document.tools), "tool")
    limits = _count(sum(1 for _ in limits_of(document, document.tools)), "limit")
    return f"{tools} listed, {len(document.hide)} hidden, {limits}, default {document.default}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _line_of(alike: Sequence[Decision]) -> str:
    """Return a line for equal decisions in a row."""
    first, last = alike[0], alike[-1]
    times = f" to {last.at:.10g} s, x {len(alike)}" if len(alike) > 1 else ""
    left = "" if first.remaining is None else f", {_span(first.remaining, last.remaining)} left"
    code = f", {first.code}" if first.code else ""
    reason = f": {first.reason}" if first.reason else ""
    return (
        f"{first.at:.10g} s{times}: {first.tool}: {first.verdict}{left} "
        f"({first.rule}{code}){reason}"
    )


def _span(first: int, last: int | None) -> str:
    return str(first) if first == last else f"{first} to {last}"
