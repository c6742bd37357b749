import anyio
import pytest

from binance_mcp.futures.keeper import ListenKeyKeeper
from binance_mcp.futures.user_stream.status import StreamState, StreamStatus
from binance_mcp.futures.user_stream.stream import UserStream
from tests.futures.user_stream.conftest import Push
from tests.futures.user_stream.documented_events import fill
from tests.futures.user_stream.pinging import Network
from tests.simulation.storm.machine import START_OF_A_MINUTE

pytestmark = pytest.mark.anyio


async def test_the_status_of_a_stream_without_a_key(stream: UserStream) -> None:
    await anyio.sleep(1)
    status = StreamStatus.of(stream)
    assert status.state is StreamState.NO_KEY
    assert (status.connected_since, status.last_event_at, status.covered_since) == (None,) * 3
    assert not status.is_confirmed


async def test_nothing_counts_as_covered_before_an_event_has_arrived(
    stream: UserStream, keeper_at_work: ListenKeyKeeper, push: Push
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(200)
    quiet = StreamStatus.of(stream)
    assert quiet.state is StreamState.CONNECTED
    assert (quiet.delivers, quiet.covered_since, quiet.is_confirmed) == (False, None, True)
    assert quiet.last_ping_at == pytest.approx(START_OF_A_MINUTE + 180, abs=1)
    push(fill(1))
    await anyio.sleep(1)
    status = StreamStatus.of(stream)
    assert status.delivers
    assert status.covered_since == status.connected_since == pytest.approx(START_OF_A_MINUTE, abs=1)
    assert status.last_event_at == pytest.approx(START_OF_A_MINUTE + 200, abs=1)
    assert (status.events_held, status.gap_count, status.gap) == (1, 1, None)


async def test_a_stream_that_connects_again_says_why(
    stream: UserStream, keeper_at_work: ListenKeyKeeper, network: Network
) -> None:
    await keeper_at_work.create()
    await anyio.sleep(60)
    network.break_all()
    await anyio.sleep(0.2)
    status = StreamStatus.of(stream)
    assert status.state is StreamState.CONNECTING
    assert status.problem == "the connection broke"
    assert status.gap is not None
    assert status.covered_since is None
    await anyio.sleep(5)
    assert StreamStatus.of(stream).reconnects == 1
