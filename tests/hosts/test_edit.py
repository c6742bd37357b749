import pytest

from binance_mcp.errors import HostFileError
from binance_mcp.hosts.edit import alone, entry_in, may_be_unread, with_entry, without_entry
from binance_mcp.hosts.host import HOSTS, Host
from tests.hosts.texts import ENTRY, OTHER_ENTRY

NAMES = sorted(HOSTS)
UNEDITABLE = [
    ("cursor", '{"mcpServers": {}, "mcpServers": {}}'),
    ("cursor", '{"mcpServers": null}'),
    ("codex", "mcp_servers = { a = { b = 1 } }\n"),
    ("goose", "extensions: { a: 1 }\n"),
    ("goose", '"extensions":\n  a: 1\n'),
    ("goose", "a: 1\n...\n"),
]


def host(name: str) -> Host:
    return {str(key): value for key, value in HOSTS.items()}[name]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_added_replaced_and_removed_in_the_language_of_every_host(name: str) -> None:
    added = with_entry(alone(host(name), "other", OTHER_ENTRY), host(name), "binance", ENTRY)
    replaced = with_entry(added, host(name), "binance", OTHER_ENTRY)
    removed = without_entry(replaced, host(name), "binance")
    texts = (added, replaced, removed)
    assert [entry_in(text, host(name), "binance") for text in texts] == [ENTRY, OTHER_ENTRY, None]
    assert [entry_in(text, host(name), "other") for text in texts] == [OTHER_ENTRY] * 3


@pytest.mark.parametrize("name", NAMES)
def test_the_only_entry_can_be_removed(name: str) -> None:
    text = without_entry(alone(host(name), "binance", ENTRY), host(name), "binance")
    assert entry_in(text, host(name), "binance") is None


@pytest.mark.parametrize(("name", "text"), UNEDITABLE)
def test_a_form_that_cannot_be_edited_exactly_is_refused(name: str, text: str) -> None:
    with pytest.raises(HostFileError, match="cannot be edited without losing something"):
        with_entry(text, host(name), "binance", ENTRY)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codex", "mcp_servers = { binance = { b = 1 }, a = { b = 1 } }\n"),
        ("goose", "extensions: { binance: 1, a: 1 }\n"),
    ],
)
def test_an_entry_in_a_form_that_cannot_be_cut_exactly_is_not_removed(name: str, text: str) -> None:
    with pytest.raises(HostFileError, match="cannot be edited without losing something"):
        without_entry(text, host(name), "binance")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("cursor", "{", "it is not JSON at line 1, column 2"),
        ("cursor", "[]", "it has something else than an object at its root"),
        ("cursor", '{"mcpServers": []}', 'it has something else than an object as "mcpServers"'),
        ("cursor", "[" * 100_000, "it is nested too deeply"),
        ("codex", "a", "it is not TOML at end of document"),
        ("goose", "- a\n", "it has something else than an object at its root"),
        ("goose", "a: [\n", "it is not YAML at line 2"),
    ],
)
def test_a_malformed_file_is_refused_with_the_problem(name: str, text: str, problem: str) -> None:
    for act in (entry_in, without_entry):
        with pytest.raises(HostFileError) as refused:
            act(text, host(name), "binance")
        assert str(refused.value) == problem


def test_comments_are_told_of_where_the_host_is_not_known_to_read_them() -> None:
    commented = "{} // mine"
    told = [name for name in NAMES if may_be_unread(commented, host(name))]
    assert told == ["claude-code", "claude-desktop", "cursor", "lm-studio", "windsurf"]
    assert not any(may_be_unread("{}", host(name)) for name in NAMES)
