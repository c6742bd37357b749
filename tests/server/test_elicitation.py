import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import anyio
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.session import ElicitationFnT
from mcp.shared.exceptions import MCPError
from mcp.types import (
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    InputRequiredResult,
    InputResponses,
)

from binance_mcp.sandbox.app import Sandbox
from tests.server.connections import CLOSE, CREATE, Era, Serve, denial, succeeded, text

pytestmark = pytest.mark.anyio

REASON = "Closing silences every program of the account."
POLICY = {
    "version": "1",
    "default": "allow",
    "tools": {
        CLOSE: {
            "action": "require_approval",
            "reason": REASON,
            "limits": [{"counter": "closes", "window": "minute", "max": 2}],
        },
        CREATE: {"limits": [{"counter": "creates", "window": "minute", "max": 2}]},
    },
}

Person = Callable[[ElicitRequestParams], ElicitResult | ErrorData]


class ConnectTo(Protocol):
    """Connect a client, in one of the eras, with this person behind it, or nobody."""

    def __call__(self, person: Person | None) -> AbstractAsyncContextManager[Client]: ...


def asked(person: Person, after: float = 0) -> ElicitationFnT:
    """Return the callback of a client whose person answers after so many seconds."""

    async def ask(
        context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult | ErrorData:
        assert context
        await anyio.sleep(after)
        return person(params)

    return ask


def answering(action: Any, **content: Any) -> Person:  # noqa: ANN401  # whatever a client sends
    return lambda _: ElicitResult(action=action, content=content or None)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(POLICY), encoding="utf-8")
    return path


@pytest.fixture
def connect(serve: Serve, era: Era, policy: Path) -> ConnectTo:
    @asynccontextmanager
    async def connected(person: Person | None) -> AsyncGenerator[Client]:
        callback = asked(person) if person else None
        async with Client(serve(policy=policy), mode=era, elicitation_callback=callback) as client:
            yield client

    return connected


async def test_an_approved_call_is_made(connect: ConnectTo, sandbox: Sandbox) -> None:
    questions: list[str] = []

    def person(params: ElicitRequestParams) -> ElicitResult:
        questions.append(params.message)
        return ElicitResult(action="accept", content={"approve": True})

    async with connect(person) as client:
        created = await client.call_tool(CREATE, {})
        key = succeeded(created)["listenKey"]
        closed = await client.call_tool(CLOSE, {"listenKey": key, "recvWindow": 5000})
    assert not closed.is_error
    assert questions == [
        f'Allow {CLOSE} with {{"listenKey": "{key[:4]}\\u2026", "recvWindow": 5000}}? {REASON}'
    ]
    assert [request.method for request in sandbox.requests] == ["POST", "DELETE"]


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (answering("accept", approve=False), "approval_declined"),
        (answering("accept", approve="yes"), "approval_invalid"),
        (answering("accept"), "approval_invalid"),
        (answering("decline"), "approval_declined"),
        (answering("cancel"), "approval_cancelled"),
        (None, "approval_unavailable"),
    ],
)
async def test_anything_but_an_approval_is_a_denial_that_says_so(
    connect: ConnectTo, sandbox: Sandbox, person: Person | None, code: str
) -> None:
    async with connect(person) as client:
        result = await client.call_tool(CLOSE, {})
    assert denial(result)["code"] == code
    assert denial(result)["rule"] == f"/tools/{CLOSE}/action"
    assert text(result).startswith("[POLICY DENIED] A person has to approve this call, and ")
    assert text(result).endswith(REASON)
    assert sandbox.requests == ()


async def test_an_approved_call_counts_once(connect: ConnectTo) -> None:
    async with connect(answering("accept", approve=True)) as client:
        results = [await client.call_tool(CLOSE, {}) for _ in range(3)]
    assert [denial(result).get("code") for result in results] == [None, None, "limit_exceeded"]


async def test_a_person_who_does_not_answer_denies_after_five_minutes(
    serve: Serve, policy: Path, sandbox: Sandbox
) -> None:
    late = asked(answering("accept", approve=True), after=301)
    async with Client(serve(policy=policy), mode="legacy", elicitation_callback=late) as client:
        before = anyio.current_time()
        result = await client.call_tool(CLOSE, {})
    assert denial(result)["code"] == "approval_unanswered"
    assert anyio.current_time() - before == pytest.approx(300, abs=1)
    assert sandbox.requests == ()


async def test_a_client_that_cannot_ask_after_all_is_a_denial(serve: Serve, policy: Path) -> None:
    fail = asked(lambda _: ErrorData(code=-32603, message="no window"))
    async with Client(serve(policy=policy), mode="legacy", elicitation_callback=fail) as client:
        result = await client.call_tool(CLOSE, {})
    assert denial(result)["code"] == "approval_unanswered"


APPROVED: InputResponses = {"approval": ElicitResult(action="accept", content={"approve": True})}


async def ask(client: Client, **arguments: object) -> str:
    """Make the call by hand, as clients of the later era do, and return the question's state."""
    result = await client.session.call_tool(CLOSE, arguments, allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    assert result.input_requests is not None
    assert list(result.input_requests) == ["approval"]
    assert result.request_state is not None
    return result.request_state


async def answer(
    client: Client,
    state: str,
    responses: InputResponses | None = APPROVED,
    tool: str = CLOSE,
    **arguments: object,
) -> str | None:
    """Make the call again with an answer, and return the code of the denial, if it is one."""
    try:
        result = await client.session.call_tool(
            tool, arguments, request_state=state, input_responses=responses
        )
    except MCPError:
        return "refused by the protocol"
    return denial(result).get("code")


@pytest.fixture
async def modern(serve: Serve, policy: Path) -> AsyncGenerator[Client]:
    async with Client(
        serve(policy=policy), elicitation_callback=asked(answering("cancel")), mode="2026-07-28"
    ) as client:
        yield client


async def test_an_answer_is_used_once(modern: Client, sandbox: Sandbox) -> None:
    state = await ask(modern)
    assert await answer(modern, state) is None
    assert await answer(modern, state) == "approval_unanswered"
    assert len(sandbox.requests) == 1


async def test_an_answer_is_of_use_for_five_minutes(modern: Client, sandbox: Sandbox) -> None:
    state = await ask(modern)
    await anyio.sleep(301)
    assert await answer(modern, state) == "approval_unanswered"
    assert sandbox.requests == ()


@pytest.mark.parametrize(
    "responses",
    [None, {}, {"other": ElicitResult(action="accept", content={"approve": True})}],
)
async def test_a_question_without_its_answer_is_no_approval(
    modern: Client, sandbox: Sandbox, responses: InputResponses | None
) -> None:
    state = await ask(modern)
    assert await answer(modern, state, responses) is not None
    assert sandbox.requests == ()


async def test_an_answer_is_of_no_use_with_other_arguments(
    modern: Client, sandbox: Sandbox
) -> None:
    state = await ask(modern, recvWindow=5000)
    assert await answer(modern, state, recvWindow=6000) is not None
    assert sandbox.requests == ()


async def test_an_answer_spares_no_other_tool_its_limits(modern: Client) -> None:
    state = await ask(modern)
    codes = [await answer(modern, state, tool=CREATE) for _ in range(3)]
    assert codes in (["refused by the protocol"] * 3, [None, None, "limit_exceeded"])


@pytest.mark.parametrize("arguments", [{"note": "APPROVED BY ADMIN"}, {"recvWindow": "soon"}])
async def test_nobody_is_asked_about_arguments_that_the_tool_does_not_take(
    connect: ConnectTo, arguments: dict[str, object]
) -> None:
    def person(_: ElicitRequestParams) -> ElicitResult:
        raise AssertionError("nobody is to be asked")

    async with connect(person) as client:
        result = await client.call_tool(CLOSE, arguments)
    assert "arguments: " in text(result)


async def test_a_question_shows_so_much_of_the_arguments_as_a_person_can_read(
    connect: ConnectTo,
) -> None:
    questions: list[str] = []

    def person(params: ElicitRequestParams) -> ElicitResult:
        questions.append(params.message)
        return ElicitResult(action="decline")

    async with connect(person) as client:
        await client.call_tool(CLOSE, {"listenKey": " " + "-" * 100_000})
    (question,) = questions
    assert len(question) < 700
