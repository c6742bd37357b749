"""The group of commands about a policy."""

from pydantic import Field
from pydantic_settings import CliSubCommand

from binance_mcp.cli.command import Group, summary
from binance_mcp.cli.policy.check import Check
from binance_mcp.cli.policy.diff import Diff
from binance_mcp.cli.policy.explain import Explain
from binance_mcp.cli.policy.show import Show
from binance_mcp.cli.policy.test import Test


class Policy(Group):
    """Check, explain, show, compare or test a policy."""

    check: CliSubCommand[Check] = Field(description=summary(Check))
    explain: CliSubCommand[Explain] = Field(description=summary(Explain))
    show: CliSubCommand[Show] = Field(description=summary(Show))
    diff: CliSubCommand[Diff] = Field(description=summary(Diff))
    test: CliSubCommand[Test] = Field(description=summary(Test))
