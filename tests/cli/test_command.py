import pytest

from binance_mcp.cli.command import Command, Group, settings_in_force, summary
from binance_mcp.errors import SettingsError


class Ran(Command):
    """Say what to run.

    And more of it.
    """

    code: int

    def run(self) -> int:
        return self.code


class Either(Group):
    """Choose."""

    this: Ran | None = None
    that: Ran | None = None


def test_the_help_of_a_command_is_its_docstring_without_the_indentation() -> None:
    assert Ran.__doc__ == "Say what to run.\n\nAnd more of it."
    assert summary(Ran) == "Say what to run."


def test_a_command_group_runs_its_subcommand() -> None:
    assert Either(that=Ran(code=7)).run() == 7


def test_a_command_group_without_subcommand_lists_the_subcommands() -> None:
    with pytest.raises(SettingsError, match=r"^either: must be followed by .*: this, that$"):
        Either().run()


def test_command_line_arguments_override_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BINANCE_MCP_PORT", "1")
    monkeypatch.setenv("BINANCE_MCP_HOST", "::1")
    settings = settings_in_force(port=2, host=None)
    assert (settings.port, settings.host) == (2, "::1")
