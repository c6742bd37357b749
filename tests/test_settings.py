from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from binance_mcp.settings import Settings
from binance_mcp.settings_sources import load_settings
from tests.environment import SECRETS, VARIABLES, settings_of

# What is accepted


def test_all_settings_have_defaults() -> None:
    assert load_settings().model_dump() == {
        "api_key": None,
        "api_secret": None,
        "private_key": None,
        "private_key_file": None,
        "private_key_passphrase": None,
        "environment": "mainnet",
        "rest_url": None,
        "stream_url": None,
        "recv_window": 5000,
        "timeout_seconds": 5.0,
        "env_file": None,
        "policy": None,
        "policy_shadow": None,
        "auto_keepalive": True,
        "keepalive_seconds": 1800.0,
        "keepalive_jitter_seconds": 300.0,
        "reveal_listen_key": "create",
        "user_events": True,
        "events_held": 10_000,
        "events_bytes": 8_388_608,
        "events_file": None,
        "repair_gaps": True,
        "compare_seconds": 3600.0,
        "audit_log": None,
        "audit_key": None,
        "host": "127.0.0.1",
        "port": 8000,
        "log_level": "INFO",
        "log_format": "plain",
    }


@pytest.mark.parametrize(
    ("variable", "value", "setting"),
    [
        ("BINANCE_API_KEY", "key", SecretStr("key")),
        ("BINANCE_API_KEY", " key\n", SecretStr("key")),
        ("BINANCE_API_SECRET", "secret", SecretStr("secret")),
        ("BINANCE_PRIVATE_KEY", "-----BEGIN\nEND-----\n", SecretStr("-----BEGIN\nEND-----")),
        ("BINANCE_PRIVATE_KEY_FILE", "key.pem", Path("key.pem")),
        ("BINANCE_PRIVATE_KEY_PASSPHRASE", "two words", SecretStr("two words")),
        ("BINANCE_ENVIRONMENT", "mainnet", "mainnet"),
        ("BINANCE_ENVIRONMENT", "demo", "demo"),
        ("BINANCE_ENVIRONMENT", "sandbox", "sandbox"),
        (
            "BINANCE_REST_URL",
            "https://proxy.example:8443/binance/",
            "https://proxy.example:8443/binance",
        ),
        ("BINANCE_REST_URL", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("BINANCE_REST_URL", "http://[::1]:8080", "http://[::1]:8080"),
        ("BINANCE_REST_URL", "http://localhost", "http://localhost"),
        ("BINANCE_STREAM_URL", "wss://proxy.example", "wss://proxy.example"),
        ("BINANCE_STREAM_URL", "ws://localhost:8080", "ws://localhost:8080"),
        ("BINANCE_RECV_WINDOW", "1", 1),
        ("BINANCE_RECV_WINDOW", "60000", 60_000),
        ("BINANCE_TIMEOUT_SECONDS", "0.001", 0.001),
        ("BINANCE_TIMEOUT_SECONDS", "60", 60.0),
        ("BINANCE_MCP_POLICY", "/etc/policy.json", Path("/etc/policy.json")),
        ("BINANCE_MCP_AUTO_KEEPALIVE", "false", False),
        ("BINANCE_MCP_KEEPALIVE_SECONDS", "1", 1.0),
        ("BINANCE_MCP_KEEPALIVE_SECONDS", "3000", 3000.0),
        ("BINANCE_MCP_KEEPALIVE_JITTER_SECONDS", "0", 0.0),
        ("BINANCE_MCP_KEEPALIVE_JITTER_SECONDS", "600", 600.0),
        ("BINANCE_MCP_REVEAL_LISTEN_KEY", "always", "always"),
        ("BINANCE_MCP_REVEAL_LISTEN_KEY", "TRUE", "always"),
        ("BINANCE_MCP_REVEAL_LISTEN_KEY", "0", "never"),
        ("BINANCE_MCP_USER_EVENTS", "false", False),
        ("BINANCE_MCP_EVENTS_HELD", "5", 5),
        ("BINANCE_MCP_EVENTS_BYTES", "2048", 2048),
        ("BINANCE_MCP_EVENTS_FILE", "events.db", Path("events.db")),
        ("BINANCE_MCP_AUDIT_LOG", "audit.jsonl", Path("audit.jsonl")),
        ("BINANCE_MCP_AUDIT_KEY", "a key", SecretStr("a key")),
        ("BINANCE_MCP_HOST", "::1", "::1"),
        ("BINANCE_MCP_PORT", "0", 0),
        ("BINANCE_MCP_PORT", "65535", 65_535),
        ("BINANCE_MCP_LOG_LEVEL", "debug", "DEBUG"),
        ("BINANCE_MCP_LOG_LEVEL", "INFO", "INFO"),
        ("BINANCE_MCP_LOG_LEVEL", "WARNING", "WARNING"),
        ("BINANCE_MCP_LOG_LEVEL", "ERROR", "ERROR"),
        ("BINANCE_MCP_LOG_FORMAT", "plain", "plain"),
        ("BINANCE_MCP_LOG_FORMAT", "json", "json"),
    ],
)
def test_a_variable_sets_the_setting_of_its_name(
    variable: str, value: str, setting: object
) -> None:
    name = variable.removeprefix("BINANCE_").removeprefix("MCP_").lower()
    assert getattr(settings_of({variable: value}), name) == setting


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("value", ["", " \t", "${user_config.field}"])
def test_a_blank_or_placeholder_variable_is_unset(variable: str, value: str) -> None:
    assert settings_of({variable: value}) == load_settings()


# Names that others use for settings of their own


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
@pytest.mark.parametrize("spell", [str.lower, str.upper], ids=["lower", "upper"])
def test_a_variable_without_the_prefix_is_ignored(
    monkeypatch: pytest.MonkeyPatch, name: str, spell: Callable[[str], str]
) -> None:
    defaults = load_settings()
    monkeypatch.setenv(spell(name), "of another program")
    assert load_settings() == defaults
    Path("named").write_text(f"{spell(name)}=of another program\n", "utf-8")
    assert load_settings(env_file=Path("named")).model_dump(exclude={"env_file"}) == (
        defaults.model_dump(exclude={"env_file"})
    )


# What it is like


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(load_settings(), "port", 1)  # noqa: B010  # a checker would refuse it written out


def test_secrets_are_not_in_the_repr_of_settings() -> None:
    for variable in SECRETS:
        settings = settings_of({variable: "the-secret-itself"})
        assert "the-secret-itself" not in f"{settings!r} {settings} {settings.model_dump_json()}"
