"""The command that checks a policy."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final, cast

from pydantic import Field
from pydantic_settings import CliPositionalArg, CliToggleFlag

from binance_mcp.cli.command import Command
from binance_mcp.cli.output import say
from binance_mcp.cli.policy.options import AsJson, say_json
from binance_mcp.errors import PolicyError, Problem
from binance_mcp.policy.admission import limits_of
from binance_mcp.policy.language.document import Document, load
from binance_mcp.policy.language.strict_json import Location, ParsedText, parse, pointer
from binance_mcp.policy.review.warnings import ServerFacts, warnings
from binance_mcp.policy.source import PolicySource, read

_PROBLEM_FOUND: Final = 1
_LONGEST_PAUSE: Final = 50 * 60.0
"""Seconds from one keepalive to the next, at most. A listen key lives for 60 minutes:
https://developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""


class Check(Command):
    """Check a policy: print every problem and every warning, with line and column.

    A warning is about a rule that is valid, but probably a mistake.

    Exit codes: 0 it can be used; 1 it cannot, or with --strict there is a warning; 2 it cannot be
    read.
    """

    file: CliPositionalArg[Path] = Field(description="The policy.")
    strict: CliToggleFlag[bool] = Field(default=False, description="Treat warnings as problems.")
    as_json: AsJson = False

    def run(self) -> int:
        """Print what is wrong."""
        text = read(self.file)
        try:
            document = load(str(self.file), text)
        except PolicyError as error:
            self._say(sorted(error.problems, key=_order), [])
            return _PROBLEM_FOUND
        found = _placed(warnings(document, server_facts()), parse(str(self.file), text))
        self._say([], found)
        if found and self.strict:
            return _PROBLEM_FOUND
        if not self.as_json:
            say(f"{self.file}: OK: {_contents(document)}, {_count(len(found), 'warning')}")
        return 0

    def _say(self, problems: Sequence[Problem], warned: Sequence[Problem]) -> None:
        if self.as_json:
            found = {
                "problems": [asdict(problem) for problem in problems],
                "warnings": [asdict(warning) for warning in warned],
            }
            say_json({"file": str(self.file), **found})
            return
        for problem in problems:
            say(self._line(problem))
        for warning in warned:
            say(self._line(warning, "warning: "))

    def _line(self, problem: Problem, kind: str = "") -> str:
        place = f":{problem.line}:{problem.column}" if problem.line else ""
        return f"{self.file}{place}: {kind}{problem}"


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
