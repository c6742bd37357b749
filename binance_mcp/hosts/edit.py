"""An entry in a host's file: read, added and removed, as text.

Every edit is verified: what the new text says must be what the old one said, and the entry.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol, cast

from binance_mcp.errors import HostFileError
from binance_mcp.hosts import json_text, toml_text, yaml_text
from binance_mcp.hosts.host import Host, LanguageName
from binance_mcp.hosts.server_entry import Entry


class _Language(Protocol):
    def parse(self, text: str) -> object: ...

    def with_entry(self, text: str, section: str, name: str, entry: Entry) -> str: ...

    def without_entry(self, text: str, section: str, name: str) -> str: ...


_LANGUAGES: Final[Mapping[LanguageName, _Language]] = {
    "json": json_text,
    "toml": toml_text,
    "yaml": yaml_text,
}


def entry_in(text: str, host: Host, name: str) -> object:
    """Return the entry of a name, or None if there is none.

    Raises:
        HostFileError: The text is malformed, or has something else in place of the section.

    """
    return _servers(_data(text, host), host).get(name)


def with_entry(text: str, host: Host, name: str, entry: Entry) -> str:
    """Return the text with an entry, added or replaced.

    Raises:
        HostFileError: That cannot be done without losing something.

    """
    wanted = {**_servers(_data(text, host), host), name: entry}
    edited = partial(_LANGUAGES[host.language].with_entry, text, host.section, name, entry)
    return _verified(text, host, wanted, edited)


def without_entry(text: str, host: Host, name: str) -> str:
    """Return the text without an entry.

    Raises:
        HostFileError: That cannot be done without losing something.

    """
    servers = _servers(_data(text, host), host)
    wanted = {key: value for key, value in servers.items() if key != name}
    edited = partial(_LANGUAGES[host.language].without_entry, text, host.section, name)
    return _verified(text, host, wanted, edited)


def alone(host: Host, name: str, entry: Entry) -> str:
    """Return the text of a file that has only an entry."""
    return _LANGUAGES[host.language].with_entry("", host.section, name, entry)


def may_be_unread(text: str, host: Host) -> bool:
    """Return whether it is JSON with comments, of which the host's documentation does not speak."""
    is_json = host.language == "json" and not host.documents_comments
    return is_json and not json_text.is_strict(text)


def _data(text: str, host: Host) -> dict[str, object]:
    try:
        data = _LANGUAGES[host.language].parse(text)
    except ValueError as error:
        raise HostFileError(str(error)) from None
    except RecursionError:
        raise HostFileError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise HostFileError("it has something else than an object at its root")
    return cast("dict[str, object]", data)


def _servers(data: Mapping[str, object], host: Host) -> dict[str, object]:
    servers = data.get(host.section)
    if servers is None:
        return {}
    if not isinstance(servers, dict):
        raise HostFileError(f'it has something else than an object as "{host.section}"')
    return cast("dict[str, object]", servers)


def _verified(text: str, host: Host, wanted: Entry, edited: Callable[[], str]) -> str:
    """Return the edited text if it says the same as the old one, with the wanted servers."""
    try:
        new = edited()
        data = _data(new, host)
        is_same = _rest(data, host) == _rest(_data(text, host), host)
        if is_same and _servers(data, host) == wanted:
            return new
    except (ValueError, HostFileError):
        pass
    raise HostFileError("it has a form that cannot be edited without losing something")


def _rest(data: Mapping[str, object], host: Host) -> Mapping[str, object]:
    return {key: value for key, value in data.items() if key != host.section}
