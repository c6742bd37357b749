"""Clients that no SDK makes: what they declare, and what they answer to a question."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from binance_mcp.server.app import ListenKeyServer
from tests.server.connections import CLOSE, Serve

pytestmark = pytest.mark.anyio

Say = Callable[[dict[str, Any]], Awaitable[None]]
Hear = Callable[[], Awaitable[dict[str, Any]]]

CAN_ASK: Final[list[dict[str, Any]]] = [{"elicitation": {}}, {"elicitation": {"form": {}}}]
CAN_NOT: Final[list[dict[str, Any]]] = [{}, {"elicitation": {"url": {}}}]


@pytest.fixture
def server(serve: Serve, tmp_path: Path) -> ListenKeyServer:
    policy = tmp_path / "policy.json"
    policy.write_text(
        f'{{"version": "1", "default": "allow", "tools": '
        f'{{"{CLOSE}": {{"action": "require_approval", "reason": "Think twice."}}}}}}'
    )
    return serve(policy=policy)


@asynccontextmanager
async def wire(server: ListenKeyServer) -> AsyncGenerator[tuple[Say, Hear]]:
    options = server.lowlevel.create_initialization_options()
    async with (
        create_client_server_memory_streams() as ((answers, questions), served),
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(server.lowlevel.run, *served, options)

        async def say(message: dict[str, Any]) -> None:
            whole = {"jsonrpc": "2.0", **message}
            await questions.send(SessionMessage(jsonrpc_message_adapter.validate_python(whole)))

        async def hear() -> dict[str, Any]:
            answer = await answers.receive()
            assert isinstance(answer, SessionMessage)
            return answer.message.model_dump(by_alias=True, exclude_none=True)

        yield say, hear
        tasks.cancel_scope.cancel()


def call(**meta: object) -> dict[str, Any]:
    params = {"name": CLOSE, "arguments": {}, **({"_meta": meta} if meta else {})}
    return {"id": 2, "method": "tools/call", "params": params}


async def handshake(say: Say, hear: Hear, capabilities: dict[str, Any]) -> None:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "clientInfo": {"name": "test", "version": "1"},
    }
    await say({"id": 1, "method": "initialize", "params": params})
    await hear()
    await say({"method": "notifications/initialized"})


def denial_in(answer: dict[str, Any]) -> str:
    return answer["result"]["_meta"]["binance-mcp/denial"]["code"]


def modern(capabilities: dict[str, Any]) -> dict[str, Any]:
    return call(
        **{
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        }
    )


@pytest.mark.parametrize("capabilities", CAN_NOT)
async def test_a_client_without_forms_is_sent_no_question(
    server: ListenKeyServer, capabilities: dict[str, Any]
) -> None:
    async with wire(server) as (say, hear):
        await handshake(say, hear, capabilities)
        await say(call())
        assert denial_in(await hear()) == "approval_unavailable"


@pytest.mark.parametrize("capabilities", CAN_NOT)
async def test_from_2026_on_it_is_not_asked_either(
    server: ListenKeyServer, capabilities: dict[str, Any]
) -> None:
    async with wire(server) as (say, hear):
        await say(modern(capabilities))
        assert denial_in(await hear()) == "approval_unavailable"


@pytest.mark.parametrize("capabilities", CAN_ASK)
async def test_a_client_with_forms_is_asked(
    server: ListenKeyServer, capabilities: dict[str, Any]
) -> None:
    async with wire(server) as (say, hear):
        await handshake(say, hear, capabilities)
        await say(call())
        assert (await hear())["method"] == "elicitation/create"


@pytest.mark.parametrize("capabilities", CAN_ASK)
async def test_from_2026_on_it_is_asked_too(
    server: ListenKeyServer, capabilities: dict[str, Any]
) -> None:
    async with wire(server) as (say, hear):
        await say(modern(capabilities))
        assert "inputRequests" in (await hear())["result"]


@pytest.mark.parametrize("answer", [{}, {"x": 1}, {"action": "maybe"}, {"action": 1}])
async def test_an_answer_that_is_none_denies_the_call(
    server: ListenKeyServer, answer: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with wire(server) as (say, hear):
        await handshake(say, hear, {"elicitation": {}})
        await say(call())
        question = await hear()
        await say({"id": question["id"], "result": answer})
        assert denial_in(await hear()) == "approval_unanswered"
    assert "Traceback" not in caplog.text


async def test_a_question_is_withdrawn_when_the_server_stops(server: ListenKeyServer) -> None:
    async with wire(server) as (say, hear):
        await handshake(say, hear, {"elicitation": {}})
        await say(call())
        await hear()
        server.end_waiting()
        answers = [await hear() for _ in range(2)]  # that it is withdrawn, and the denial
        assert denial_in(answers[-1]) == "approval_stopped"
