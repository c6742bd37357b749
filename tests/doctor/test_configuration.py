import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from binance_mcp.doctor.configuration import (
    check_settings,
    is_in_process,
    refused_settings,
    shown_origins,
)
from binance_mcp.doctor.finding import Finding, Verdict
from binance_mcp.env_file import Notice
from binance_mcp.errors import Problem, SettingsError
from binance_mcp.settings_sources import FoundSettings
from tests.environment import settings_of

KEY = {"BINANCE_API_KEY": "k" * 64}


def found_in(variables: dict[str, str], *notices: Notice) -> Sequence[Finding]:
    origins = dict.fromkeys(variables, "the environment")
    return check_settings(FoundSettings(settings_of(variables), origins, notices))


def test_every_refused_variable_is_a_problem() -> None:
    problems = [Problem("BINANCE_MCP_PORT", "must be a whole number"), Problem("B", "is wrong")]
    found = refused_settings(SettingsError(problems))
    assert [each.cause for each in found] == [
        "BINANCE_MCP_PORT: must be a whole number",
        "B: is wrong",
    ]
    assert {each.verdict for each in found} == {Verdict.PROBLEM}


def test_settings_in_order_are_told_with_their_origins_and_without_values() -> None:
    (found,) = found_in(KEY | {"BINANCE_ENVIRONMENT": "demo"})
    assert (found.verdict, found.cause) == (
        Verdict.OK,
        "the environment is demo; BINANCE_API_KEY, BINANCE_ENVIRONMENT from the environment",
    )


def test_defaults_are_told_as_such() -> None:
    found = FoundSettings(settings_of({"BINANCE_ENVIRONMENT": "sandbox"}), {})
    (only,) = check_settings(found)
    assert only.cause == "the environment is sandbox; every setting is the default"


def test_an_origin_does_not_have_the_name_of_the_user() -> None:
    shown = shown_origins({"B": f"{Path.home()}/settings", "A": "the environment"})
    assert shown == {"A": "the environment", "B": "~/settings"}
    assert list(shown) == ["A", "B"]


@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        ({}, "no API key is set"),
        ({"BINANCE_ENVIRONMENT": "sandbox", "BINANCE_REST_URL": "http://127.0.0.1:1"}, "no API"),
        (KEY | {"BINANCE_API_SECRET": "k" * 64}, "BINANCE_API_SECRET has the same value"),
        (
            KEY | {"BINANCE_REST_URL": "https://testnet.binancefuture.com"},
            "BINANCE_REST_URL is set and BINANCE_STREAM_URL is not",
        ),
        (
            KEY | {"BINANCE_STREAM_URL": "wss://demo-fstream.binance.com"},
            "BINANCE_STREAM_URL is that of demo, and BINANCE_ENVIRONMENT is mainnet",
        ),
    ],
)
def test_what_does_not_fit_together_is_a_problem(variables: dict[str, str], cause: str) -> None:
    first, *_ = found_in(variables)
    assert first.verdict is Verdict.PROBLEM
    assert cause in first.cause


def test_the_environments_own_address_may_be_set() -> None:
    (found,) = found_in(KEY | {"BINANCE_REST_URL": "https://fapi.binance.com"})
    assert found.verdict is Verdict.OK


def test_warnings_about_the_file_are_told_and_other_messages_not() -> None:
    (found,) = found_in(
        KEY,
        Notice(logging.INFO, "settings are read from /file"),
        Notice(logging.WARNING, "/file is ignored"),
    )
    assert (found.verdict, found.cause) == (Verdict.WARNING, "/file is ignored")


def test_what_was_told_of_the_file_is_the_reason_of_a_missing_key() -> None:
    (found,) = found_in({}, Notice(logging.WARNING, "/file is ignored"))
    assert found.verdict is Verdict.PROBLEM
    assert found.cause == "no API key is set, so that every call fails; /file is ignored"


def test_only_a_sandbox_without_an_address_is_in_the_process() -> None:
    sandbox = {"BINANCE_ENVIRONMENT": "sandbox"}
    assert is_in_process(settings_of(sandbox))
    assert not is_in_process(settings_of(sandbox | {"BINANCE_REST_URL": "http://127.0.0.1:1"}))
    assert not is_in_process(settings_of({}))
