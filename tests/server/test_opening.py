import os
from pathlib import Path
from typing import Final

import anyio
import pytest

from binance_mcp.clock import wall_clock
from binance_mcp.errors import EventsFileError, SettingsError
from binance_mcp.futures.credentials import Credentials
from binance_mcp.futures.listen_key import State
from binance_mcp.futures.signing import hmac_signer
from binance_mcp.server.app import create_server
from binance_mcp.server.opening import can_read_account, opening_account
from binance_mcp.settings_sources import load_settings
from tests.server.conftest import virtual_wall_clock
from tests.server.connections import Serve

pytestmark = pytest.mark.anyio

NOBODY: Final = Credentials()


async def test_the_sandbox_account_works_end_to_end_without_credentials() -> None:
    settings = load_settings(environment="sandbox")

    async with opening_account(settings, NOBODY, None, virtual_wall_clock) as account:
        keeper = account.keeper
        created = await keeper.create()
        await anyio.sleep(1800)
        kept = await keeper.keepalive(created.key.get_secret_value())
        assert (kept.key, kept.expires_at) == (created.key, 5400.05)
        assert await keeper.close() is True
        assert keeper.life.state is State.CLOSED


async def test_requests_to_the_in_process_sandbox_are_signed() -> None:
    async with opening_account(
        load_settings(environment="sandbox"), NOBODY, None, wall_clock
    ) as account:
        await account.keeper.create()

        assert account.keeper.rest_api.credentials.signer is not None


@pytest.mark.parametrize("rest_url", [None, "http://127.0.0.1:1"])
async def test_an_account_can_be_read_if_its_requests_are_signed(rest_url: str | None) -> None:
    signed = Credentials(signer=hmac_signer("secret"))
    settings = load_settings(environment="sandbox", rest_url=rest_url)
    for credentials in (NOBODY, signed):
        async with opening_account(settings, credentials, None, wall_clock) as account:
            can = can_read_account(settings, credentials, None)
            assert can is (account.reads is not None)
            assert can is (credentials is signed or rest_url is None)


async def test_two_in_process_sandboxes_are_independent() -> None:
    settings = load_settings(environment="sandbox")

    async with (
        opening_account(settings, NOBODY, None, wall_clock) as one,
        opening_account(settings, NOBODY, None, wall_clock) as other,
    ):
        assert (await one.keeper.create()).key != (await other.keeper.create()).key


@pytest.mark.skipif(os.name != "posix", reason="Windows has no ~user")
def test_an_audit_log_path_of_an_unknown_user_is_reported_with_its_variable(serve: Serve) -> None:
    with pytest.raises(SettingsError, match="BINANCE_MCP_AUDIT_LOG: is not the path"):
        serve(audit_log=Path("~nobody-is-called-so/audit.jsonl"))


def test_a_file_of_events_that_cannot_be_one_is_refused_before_the_start(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    path.write_text("notes", encoding="utf-8")
    with pytest.raises(EventsFileError, match="is not a file of events"):
        create_server(load_settings(environment="sandbox", events_file=path))
    assert path.read_text(encoding="utf-8") == "notes"
