"""The command that adds this server to a host."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, cast

from pydantic import AfterValidator, Field
from pydantic_settings import CliPositionalArg, CliToggleFlag

from binance_mcp.cli.command import Command
from binance_mcp.cli.host_entry import ARGUMENTS
from binance_mcp.cli.output import complain, say
from binance_mcp.errors import HostFileError, Problem, SettingsError
from binance_mcp.hosts.host import HOSTS, Host, HostName
from binance_mcp.hosts.machine import this_machine
from binance_mcp.hosts.server_entry import Entry, LocalServer, RemoteServer
from binance_mcp.urls import check_rest_url

_LEFT_ALONE: Final = 1
_TITLE: Final = "Binance listen key"
_DESCRIPTION: Final = "The listen key of a Binance USD-M Futures account, and its events."


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name):
        raise ValueError("must be a letter, and then letters, digits, - or _")
    return name


class Setup(Command):
    """Add this server to a host. Without a host, list them: which are here, and which have it.

    Everything else in the host's file stays as it is, and a dated copy of the file is kept beside
    it. No credential is written.

    Exit codes: 0 success; 1 the file was left as it is; 2 the command cannot be run.
    """

    host: CliPositionalArg[
        Annotated[HostName | None, Field(description=f"One of: {', '.join(HOSTS)}.")]
    ] = None
    name: Annotated[str, AfterValidator(_checked_name)] = Field(
        "binance", description="Name of the server in the host."
    )
    project: CliToggleFlag[bool] = Field(
        default=False, description="Add it to the project in this folder only."
    )
    environment: Literal["mainnet", "demo", "sandbox"] | None = Field(
        None, description="BINANCE_ENVIRONMENT of the server."
    )
    url: Annotated[str, AfterValidator(check_rest_url)] | None = Field(
        None, description="URL of a service that runs already, instead of the command."
    )
    remove: CliToggleFlag[bool] = Field(default=False, description="Remove it.")
    only_print: CliToggleFlag[bool] = Field(
        default=False, alias="print", description="Print what belongs into which file."
    )
    yes: CliToggleFlag[bool] = Field(
        default=False, description="Replace another entry of that name without asking."
    )

    def run(self) -> int:
        """Add it, remove it, print it, or list the hosts.

        Raises:
            SettingsError: The options do not fit together, or not to the host.

        """
        if self.host is None:
            return self._list()
        host = HOSTS[self.host]
        path, entry = self._path(host), self._entry(host)
        if self.only_print:
            self._print(self.host, path, entry)
            return 0
        try:
            is_done = self._remove(host, path) if self.remove else self._add(host, path, entry)
        except HostFileError as error:
            complain(f"binance-mcp: {path}: {error}: it is left as it is")
            if self.remove:
                say(f'To do it by hand: take "{self.name}" out of "{host.section}".')
            else:
                self._print(self.host, path, entry)
            return _LEFT_ALONE
        return 0 if is_done else _LEFT_ALONE

    def _add(self, host: Host, path: Path, entry: Entry) -> bool:
        from binance_mcp.hosts import edit, host_file

        file = host_file.read(path)
        old = edit.entry_in(file.text, host, self.name)
        if old == entry:
            say(f'{host.title}: "{self.name}" is already in {path}')
            return True
        new = edit.with_entry(file.text, host, self.name, entry)
        if old is not None and not self.yes and not self._may_replace(path, old, entry):
            complain(f"{path} is left as it is")
            return False
        backup = host_file.write(file, new)
        say(f'{host.title}: "{self.name}" is now in {path}')
        self._say_what_follows(host, backup)
        if edit.may_be_unread(new, host):
            complain(f"It has comments or a comma too many; {host.title} may be unable to read it.")
        return True

    def _remove(self, host: Host, path: Path) -> bool:
        from binance_mcp.hosts import edit, host_file

        file = host_file.read(path)
        if edit.entry_in(file.text, host, self.name) is None:
            say(f'{host.title}: there is no "{self.name}" in {path}')
            return True
        backup = host_file.write(file, edit.without_entry(file.text, host, self.name))
        say(f'{host.title}: "{self.name}" is no longer in {path}')
        self._say_what_follows(host, backup)
        return True

    def _may_replace(self, path: Path, old: object, entry: Entry) -> bool:
        """Ask. The old values may be secrets, and are not shown."""
        had = cast("dict[str, object]", old if isinstance(old, dict) else {})
        differing = sorted(key for key in {*had, *entry} if had.get(key) != entry.get(key))
        complain(f'"{self.name}" in {path} differs in: {", ".join(differing)}')
        complain("Replace it? (y/N)")
        answer = sys.stdin.readline() if sys.stdin else ""
        return answer.strip().lower() in {"y", "yes"}

    def _say_what_follows(self, host: Host, backup: Path | None) -> None:
        if backup:
            say(f"What the file was: {backup}")
        say(host.reload)
        if not self.remove and not self.url and self.environment != "sandbox":
            say(f"If the server has no API key yet, {self._login()} asks for it.")

    def _print(self, of: HostName, path: Path, entry: Entry) -> None:
        from binance_mcp.hosts.edit import alone
        from binance_mcp.hosts.host_secret import host_secret
        from binance_mcp.hosts.install_link import install_link

        host = HOSTS[of]
        say(f"{host.title} reads {path}, where this belongs:\n")
        say(alone(host, self.name, entry))
        link = install_link(of, self.name, entry)
        if link and not self.project:
            say(f"{host.title} adds it by itself with this link:\n\n{link}\n")
        if self.url or self.environment == "sandbox":
            return
        say(f"{self._login()} keeps the API key in the system's keychain.")
        if secret := host_secret(of, self.name, entry, "BINANCE_API_KEY"):
            say(f"Instead of that: {secret.way}\n\n{secret.file}")

    def _list(self) -> int:
        fields = self.model_fields_set - {"host", "name"}
        if fields:
            wanted = f"must be followed by a host, one of {', '.join(HOSTS)}"
            raise SettingsError([Problem("setup", wanted)])
        machine = this_machine()
        say(f"{'host':<15} here  {self.name:<10}  file")
        for name, host in HOSTS.items():
            path = host.file(machine)
            here = "yes" if host.is_on(machine) else "no"
            say(f"{name:<15} {here:<4}  {self._state(host, path):<10}  {path}")
        say("\nTo add it: binance-mcp setup HOST")
        return 0

    def _state(self, host: Host, path: Path) -> str:
        """Return whether the host has this server, in a word."""
        from binance_mcp.hosts import edit, host_file

        try:
            entry = edit.entry_in(host_file.read(path).text, host, self.name)
        except HostFileError:
            return "unreadable"
        if entry is None:
            return "no"
        starts_this = {sys.executable, *ARGUMENTS} <= {*_strings(entry)}
        return "yes" if starts_this else "another"

    def _path(self, host: Host) -> Path:
        if not self.project:
            return host.file(this_machine())
        if host.project_file is None:
            raise SettingsError([Problem("--project", f"{host.title} has no file for a project")])
        return Path.cwd() / host.project_file

    def _entry(self, host: Host) -> Entry:
        if self.url is None:
            variables = {"BINANCE_ENVIRONMENT": self.environment} if self.environment else {}
            command = sys.executable, ARGUMENTS, variables
            return host.local(LocalServer(_TITLE, _DESCRIPTION, *command))
        if self.environment:
            raise SettingsError([Problem("--environment", "is the service's own, with --url")])
        if host.remote is None:
            wanted = f"{host.title} reads no URL from its file: add a connector in its settings"
            raise SettingsError([Problem("--url", wanted)])
        return host.remote(RemoteServer(_TITLE, _DESCRIPTION, self.url))

    def _login(self) -> str:
        option = f" --environment {self.environment}" if self.environment else ""
        return f"`binance-mcp login{option}`"


def _strings(value: object) -> Iterator[str]:
    """Give the strings in an entry."""
    if isinstance(value, dict):
        value = list(cast("dict[str, object]", value).values())
    if isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _strings(item)
    elif isinstance(value, str):
        yield value
