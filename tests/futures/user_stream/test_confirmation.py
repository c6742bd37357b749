import anyio
import pytest

from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.listen_key import ListenKey
from binance_mcp.futures.rest_api import RestApi
from binance_mcp.futures.user_stream.confirmation import Confirmation
from binance_mcp.futures.user_stream.line import Line
from binance_mcp.futures.user_stream.url_form import URL_FORMS
from binance_mcp.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
async def line(keeper_at_work: ListenKeyKeeper) -> Line:
    """Return a line that is opened as soon as there is a key."""
    await keeper_at_work.create()
    found = Line(ListenKey("key"), URL_FORMS[0], keeper_at_work.clock.now, 0.0)
    found.open()
    return found


async def test_a_key_that_was_created_just_before_a_line_opened_is_confirmed(
    keeper_at_work: ListenKeyKeeper, line: Line
) -> None:
    confirmation = Confirmation(keeper_at_work)
    assert confirmation.covers(line)
    await anyio.sleep(10)
    line.open()
    assert not confirmation.covers(line)


async def test_a_key_may_have_ended_since_a_line_was_lost(
    keeper_at_work: ListenKeyKeeper, line: Line
) -> None:
    confirmation = Confirmation(keeper_at_work)
    confirmation.needed_since = keeper_at_work.clock.now()
    assert not confirmation.covers(line)


async def test_without_automatic_keepalives_an_open_line_is_all_that_is_known(
    rest_api: RestApi,
) -> None:
    manual_keeper = ListenKeyKeeper(rest_api)
    await manual_keeper.create()
    line = Line(ListenKey("key"), URL_FORMS[0], manual_keeper.clock.now, 0.0)
    assert not Confirmation(manual_keeper).covers(line)
    line.open()
    await anyio.sleep(100)
    assert Confirmation(manual_keeper).covers(line)


async def test_binance_is_asked_until_it_confirms_the_key(
    keeper_at_work: ListenKeyKeeper, line: Line, sandbox: Sandbox
) -> None:
    await anyio.sleep(10)
    line.open()
    sandbox.arm("http_503_plain", times=10)
    failures: list[str] = []
    confirmation = Confirmation(keeper_at_work)
    await confirmation.ask(line, lambda: True, lambda error: failures.append(str(error)))
    assert confirmation.covers(line)
    assert len(failures) == 2  # of five attempts each
    assert "answered 503" in failures[0]


async def test_binance_is_not_asked_any_more_when_the_line_is_given_up(
    keeper_at_work: ListenKeyKeeper, line: Line, sandbox: Sandbox
) -> None:
    await anyio.sleep(10)
    line.open()
    await Confirmation(keeper_at_work).ask(line, lambda: False, lambda _: None)
    assert [each.method for each in sandbox.requests] == ["POST"]
