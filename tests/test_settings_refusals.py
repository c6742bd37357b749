import inspect
from itertools import combinations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from binance_mcp import settings as settings_module
from binance_mcp import validation as validation_module
from binance_mcp.env_file import VARIABLE
from binance_mcp.errors import SettingsError
from binance_mcp.settings import Settings
from tests.environment import SECRETS, VARIABLES, problems_of, settings_of

CREDENTIALS: Final = ["BINANCE_API_SECRET", "BINANCE_PRIVATE_KEY", "BINANCE_PRIVATE_KEY_FILE"]
WORDS_OF_OURS: Final = inspect.getsource(settings_module) + inspect.getsource(validation_module)
WORDS_OF_A_VALIDATOR: Final = ["input", "pydantic", "value error", "string", "class", "valid"]
NOT_UTF_8: Final = "caf\udce9"  # how Python gives the bytes of another encoding
PLAIN_HTTPS: Final = "must be a plain URL such as https://host"
HTTPS_ONLY: Final = "must start with https:// (http:// only for this machine)"
ENVIRONMENT_VALUES: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def test_a_keepalive_interval_longer_than_55_minutes_is_refused() -> None:
    variables = {
        "BINANCE_MCP_KEEPALIVE_SECONDS": "2800",
        "BINANCE_MCP_KEEPALIVE_JITTER_SECONDS": "501",
    }
    (problem,) = problems_of(variables)
    assert problem == (
        "BINANCE_MCP_KEEPALIVE_SECONDS: with BINANCE_MCP_KEEPALIVE_JITTER_SECONDS it must be at "
        "most 3300 (55 minutes), because a listen key lives 60"
    )


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("BINANCE_MCP_AUTO_KEEPALIVE", "perhaps", "must be true or false"),
        ("BINANCE_MCP_KEEPALIVE_SECONDS", "0.5", "must be at least 1"),
        ("BINANCE_MCP_KEEPALIVE_SECONDS", "3001", "must be at most 3000"),
        ("BINANCE_MCP_KEEPALIVE_JITTER_SECONDS", "-1", "must be at least 0"),
        (
            "BINANCE_API_KEY",
            "two words",
            "must be the key itself: printable ASCII characters without spaces",
        ),
        (
            "BINANCE_API_KEY",
            "“key”",
            "must be the key itself: printable ASCII characters without spaces",
        ),
        ("BINANCE_API_KEY", NOT_UTF_8, "must be UTF-8 text"),
        ("BINANCE_API_SECRET", NOT_UTF_8, "must be UTF-8 text"),
        ("BINANCE_PRIVATE_KEY_FILE", NOT_UTF_8, "must be UTF-8 text"),
        ("BINANCE_MCP_HOST", NOT_UTF_8, "must be UTF-8 text"),
        ("BINANCE_ENVIRONMENT", "Mainnet", "must be 'mainnet', 'demo' or 'sandbox'"),
        ("BINANCE_REST_URL", "fapi.binance.com", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://[::1", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://host:65536", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://[v1.x]", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://ho*st", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://user@host", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://:password@host", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://host?", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://host#", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://two words", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://ho\tst", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "https://host\\path", PLAIN_HTTPS),
        ("BINANCE_REST_URL", "http://fapi.binance.com", HTTPS_ONLY),
        ("BINANCE_REST_URL", "http://127.0.0.1.example", HTTPS_ONLY),
        ("BINANCE_REST_URL", "http://0.0.0.0", HTTPS_ONLY),
        ("BINANCE_REST_URL", "wss://host", HTTPS_ONLY),
        ("BINANCE_STREAM_URL", "host", "must be a plain URL such as wss://host"),
        ("BINANCE_STREAM_URL", "ws://host", "must start with wss:// (ws:// only for this machine)"),
        (
            "BINANCE_STREAM_URL",
            "https://host",
            "must start with wss:// (ws:// only for this machine)",
        ),
        ("BINANCE_RECV_WINDOW", "0", "must be at least 1"),
        ("BINANCE_RECV_WINDOW", "60001", "must be at most 60000"),
        ("BINANCE_RECV_WINDOW", "0.5", "must be a whole number"),
        ("BINANCE_RECV_WINDOW", "soon", "must be a whole number"),
        ("BINANCE_RECV_WINDOW", "9" * 5000, "has too many digits"),
        ("BINANCE_TIMEOUT_SECONDS", "0", "must be above 0"),
        ("BINANCE_TIMEOUT_SECONDS", "60.5", "must be at most 60"),
        ("BINANCE_TIMEOUT_SECONDS", "nan", "must be a finite number"),
        ("BINANCE_TIMEOUT_SECONDS", "1e999", "must be a finite number"),
        ("BINANCE_TIMEOUT_SECONDS", "soon", "must be a number"),
        ("BINANCE_MCP_PORT", "-1", "must be at least 0"),
        ("BINANCE_MCP_PORT", "65536", "must be at most 65535"),
        ("BINANCE_MCP_PORT", "http", "must be a whole number"),
        ("BINANCE_MCP_LOG_LEVEL", "TRACE", "must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("BINANCE_MCP_LOG_FORMAT", "xml", "must be 'plain' or 'json'"),
    ],
)
def test_an_invalid_value_is_reported_in_one_line_with_what_is_expected(
    variable: str, value: str, message: str
) -> None:
    assert problems_of({variable: value}) == [f"{variable}: {message}"]


def test_every_invalid_variable_has_its_own_line() -> None:
    assert problems_of({"BINANCE_MCP_PORT": "http", "BINANCE_ENVIRONMENT": "moon"}) == [
        "BINANCE_ENVIRONMENT: must be 'mainnet', 'demo' or 'sandbox'",
        "BINANCE_MCP_PORT: must be a whole number",
    ]


@pytest.mark.parametrize("variables", list(combinations(CREDENTIALS, 2)))
def test_only_one_signing_credential_may_be_set(variables: tuple[str, str]) -> None:
    [problem] = problems_of(dict.fromkeys(variables, "credential"))
    assert problem == (
        "BINANCE_PRIVATE_KEY: set at most one of BINANCE_API_SECRET, BINANCE_PRIVATE_KEY and "
        "BINANCE_PRIVATE_KEY_FILE"
    )


@given(st.sampled_from(VARIABLES), ENVIRONMENT_VALUES)
def test_a_settings_error_is_one_plain_line_without_the_value(variable: str, value: str) -> None:
    try:
        settings_of({variable: value})
    except SettingsError as error:
        name, _, message = str(error).partition(": ")
        assert name == variable
        assert message.isprintable()
        # Of a file that is named, the path is told: a host may start the server anywhere.
        assert variable == VARIABLE or value in WORDS_OF_OURS or value not in message
        assert not any(word in message.lower() for word in WORDS_OF_A_VALIDATOR)


@pytest.mark.parametrize("variable", SECRETS)
def test_the_underlying_validation_error_does_not_contain_the_value(variable: str) -> None:
    with pytest.raises(ValidationError) as failed:
        Settings.model_validate({variable: ["the-value-itself"]})
    assert "the-value-itself" not in str(failed.value)
