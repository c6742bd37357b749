"""The command that says what is wrong with an installation."""

import json
from typing import TYPE_CHECKING, Annotated, Final

import anyio
from pydantic import Field
from pydantic_settings import CliToggleFlag

from binance_mcp.cli.command import Command, EnvFile
from binance_mcp.cli.output import say
from binance_mcp.errors import SettingsError
from binance_mcp.settings_sources import read_settings_and_keychain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from binance_mcp.doctor.finding import Finding

_PROBLEM_FOUND: Final = 1


class Doctor(Command):
    """Find out why it does not work: settings, network, API key, stream, policy, protocol.

    It sends what docs/doctor.md lists, and creates, closes and trades nothing.

    Exit codes: 0 there is no problem; 1 there is one; 2 the command cannot be run.
    """

    as_json: CliToggleFlag[Annotated[bool, Field(alias="json", description="Print JSON.")]] = False
    report: CliToggleFlag[bool] = Field(
        default=False, description="Print a block to paste into a bug report, without secrets."
    )
    env_file: EnvFile = None

    def run(self) -> int:
        """Print the findings, the worst first."""
        from binance_mcp.doctor.report import as_json, bug_report, is_healthy, lines

        origins, findings = self._examined()
        if self.as_json:
            say(json.dumps(as_json(findings, origins), indent=2, ensure_ascii=False))
        else:
            for line in bug_report(findings, origins) if self.report else lines(findings):
                say(line)
        return 0 if is_healthy(findings) else _PROBLEM_FOUND

    def _examined(self) -> "tuple[Mapping[str, str], Sequence[Finding]]":
        """Return where the settings are from, as far as they can be used, and the findings."""
        from binance_mcp.cli.policy.check import server_facts
        from binance_mcp.doctor.configuration import refused_settings
        from binance_mcp.doctor.examination import examine
        from binance_mcp.logs import configure_logging

        try:
            found = read_settings_and_keychain(env_file=self.env_file)
        except SettingsError as error:
            return {}, refused_settings(error)
        configure_logging("ERROR", "plain")
        return found.origins, anyio.run(examine, found, server_facts())
