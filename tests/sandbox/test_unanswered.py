import pytest
from starlette.types import Message

from binance_mcp.sandbox.unanswered import ABORT, Unanswered, break_connection, leave_unanswered

pytestmark = pytest.mark.anyio


class Peer:
    """A client that sends what it has to send, and is gone."""

    def __init__(self, *types: str) -> None:
        self._types = iter(types)

    async def receive(self) -> Message:
        return {"type": next(self._types)}


async def test_a_timeout_lasts_until_the_client_is_gone() -> None:
    peer = Peer("http.request", "http.disconnect", "never read")

    await leave_unanswered(Unanswered.TIMEOUT, {"type": "http"}, peer.receive)

    assert (await peer.receive())["type"] == "never read"


async def test_a_reset_breaks_the_connection_where_the_server_can() -> None:
    aborted: list[bool] = []
    scope = {"type": "http", "extensions": {ABORT: lambda: aborted.append(True)}}

    await leave_unanswered(Unanswered.RESET, scope, Peer("http.disconnect").receive)

    assert aborted == [True]


@pytest.mark.parametrize("scope", [{"type": "http"}, {"type": "http", "extensions": {}}])
async def test_elsewhere_a_reset_is_raised(scope: dict[str, object]) -> None:
    with pytest.raises(ConnectionResetError):
        await leave_unanswered(Unanswered.RESET, scope, Peer().receive)


def test_a_connection_is_broken_where_the_server_can() -> None:
    aborted: list[bool] = []

    break_connection({"type": "websocket", "extensions": {ABORT: lambda: aborted.append(True)}})

    assert aborted == [True]
    with pytest.raises(ConnectionResetError):
        break_connection({"type": "websocket"})
