"""The command that tries calls against a policy."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, JsonValue
from pydantic_settings import CliPositionalArg, NoDecode

from binance_mcp.cli.command import Command
from binance_mcp.cli.output import say
from binance_mcp.cli.policy.options import AsJson, say_json
from binance_mcp.errors import Problem, SettingsError
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import Document
from binance_mcp.policy.language.problems import Expected
from binance_mcp.policy.review.cases import failures, load_cases
from binance_mcp.policy.review.dry_run import Decision, dry_run
from binance_mcp.policy.source import load_file, read

_NOT_AS_EXPECTED = 1


class _GivenCall(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    arguments: dict[str, JsonValue] = {}


class Test(Command):
    """Dry-run calls against a policy on a simulated clock, and print each decision with its rule.

    No tool is called, and nothing waits. Equal decisions in a row are printed as one line. With
    --cases, the calls are in a file with the decisions that are expected, and those that are
    different are printed.

    Exit codes: 0 whatever the decisions, or all are as expected; 1 one is not as expected; 2 the
    policy, a call or the cases cannot be used.
    """

    file: CliPositionalArg[Path] = Field(description="The policy.")
    call: Annotated[
        Json[Annotated[list[_GivenCall], Field(min_length=1)]],
        NoDecode,  # pydantic-settings then passes the values joined by commas
        BeforeValidator(lambda values: f"[{values}]"),
        Expected('must be JSON: an object with the "name" of a tool, and its "arguments" if any'),
        Field(description="A call in JSON, as in tools/call; may be repeated."),
    ] = Field(default_factory=list[_GivenCall])
    cases: Path | None = Field(
        None, description="File with a list of calls, each with what to expect."
    )
    repeat: int = Field(1, ge=1, le=100_000, description="How many times the calls are made.")
    every: float = Field(
        0.0, ge=0, le=31 * 86_400, allow_inf_nan=False, description="Seconds between repetitions."
    )
    as_json: AsJson = False

    def run(self) -> int:
        """Print the decisions, or those that are not as expected."""
        if bool(self.call) is bool(self.cases):
            raise SettingsError([Problem("policy test", "needs either --call or --cases")])
        document = load_file(self.file)
        if self.cases:
            return self._test(document, self.cases)
        calls = [Call(given.name, given.arguments) for given in self.call]
        decisions = dry_run(document, calls, self.repeat, self.every)
        if self.as_json:
            say_json([_json_of(decision) for decision in decisions])
            return 0
        for _, alike in groupby(decisions, key=lambda d: (d.tool, d.verdict, d.rule, d.code)):
            say(_line_of(list(alike)))
        return 0

    def _test(self, document: Document, file: Path) -> int:
        cases = load_cases(str(file), read(file))
        found = list(failures(document, cases))
        if self.as_json:
            wrong = [{"case": each.place, "decision": _json_of(each.decision)} for each in found]
            say_json({"cases": len(cases), "failures": wrong})
        else:
            for each in found:
                expected = f"expected {each.case.wish}"
                say(f"{file}: {each.place}: {expected}, but {_line_of([each.decision])}")
            say(f"{file}: {len(cases)} cases, {len(found)} not as expected")
        return _NOT_AS_EXPECTED if found else 0


def _json_of(decision: Decision) -> dict[str, object]:
    said = asdict(decision)
    return {name: value for name, value in said.items() if value not in (None, "")}


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
