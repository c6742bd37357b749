"""Running the server over standard input and output, until the host closes them or a signal comes.

The SDK's `stdio_server` is not used, because it drops calls under way when the input ends and lines
that are not messages, lets the probe `server/discover` fix the protocol revision, waits for threads
that cannot be interrupted, and does not close the lifespan on SIGTERM.
https://modelcontextprotocol.io/specification/2026-07-28/basic/transports#stdio
"""

import logging
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import anyio
from anyio import create_memory_object_stream
from anyio.streams.memory import MemoryObjectSendStream
from anyio.to_thread import run_sync
from mcp.server.lowlevel import Server
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage
from mcp.types import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
)

from binance_mcp.futures.account import Account
from binance_mcp.server.app import ListenKeyServer
from binance_mcp.server.lines import (
    Lines,
    RefusedLineError,
    UnwritableMessageError,
    line_of,
    message_of,
)
from binance_mcp.signals import stop_signals

logger = logging.getLogger(__name__)

_CHUNK_BYTES: Final = 64 * 1024
_SECONDS_AFTER_INPUT: Final = 5.0
"""How long calls under way may take after the end of the input."""
_SECONDS_AFTER_SIGNAL: Final = 1.0
_SECONDS_TO_WRITE: Final = 1.0
_SECONDS_BETWEEN_LOOKS: Final = 0.02
_UNUSABLE: Final = 2

_Send: TypeAlias = MemoryObjectSendStream[SessionMessage]


async def run_stdio(server: ListenKeyServer) -> None:
    """Serve one host until it closes standard input or a signal comes; then end the process.

    Requests are answered up to 5 seconds after the end of the input, or one second after a signal.
    A host that no longer reads is not waited for.
    """
    code = 1
    host = _Host(server, sys.stdin.fileno(), _output_of_its_own())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(host.obey_signals)
        try:
            async with server.lowlevel.lifespan(server.lowlevel) as account:
                code = await host.serve(account)
        except Exception:
            logger.exception("the server failed")
        logging.shutdown()
        # The interpreter would wait for the threads in read() and write(), which end only when the
        # host closes the pipes: https://docs.python.org/3/library/threading.html#thread-objects
        os._exit(code)


def _output_of_its_own() -> int:
    """Return a new descriptor of standard output, and redirect what is printed to standard error.

    So nothing that is printed by mistake gets between the messages. The SDK does the same.
    """
    output = os.dup(sys.stdout.fileno())
    with Path(os.devnull).open("w") as nowhere:
        os.dup2((sys.stderr or nowhere).fileno(), sys.stdout.fileno())
    return output


class _Host:
    """The host at the other end of the pipes, and its unanswered requests."""

    def __init__(self, server: ListenKeyServer, standard_input: int, output: int) -> None:
        self._server = server.lowlevel
        self._end_waiting = server.end_waiting
        self._input = standard_input
        self._output = output
        self._code = 0
        self._has_begun = False
        self._unanswered = set[RequestId]()
        self._reading = anyio.CancelScope()
        self._finishing = anyio.CancelScope()
        self._serving = anyio.CancelScope()
        self._written = anyio.Event()
        self._heard, self._messages = create_memory_object_stream[SessionMessage | Exception]()
        self._said, self._outgoing = create_memory_object_stream[SessionMessage]()

    async def obey_signals(self) -> None:
        """End within a second after the first signal, even if more signals follow."""
        codes = stop_signals()
        while True:
            self._code = await anext(codes)
            self._end_within(_SECONDS_AFTER_SIGNAL)

    async def serve(self, account: Account) -> int:
        """Serve until the end, and return the exit code."""
        options = self._server.create_initialization_options()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, account, self._said.clone())
            tasks.start_soon(self._write)
            with self._serving:
                await serve_dual_era_loop(
                    self._server,
                    self._messages,
                    self._said,
                    lifespan_state=account,
                    init_options=options,
                )
            with anyio.move_on_after(_SECONDS_TO_WRITE):
                await self._written.wait()
            tasks.cancel_scope.cancel()
        return self._code

    async def _read(self, account: Account, answers: _Send) -> None:
        """Pass on the host's messages; end the input when all requests are answered."""
        async with self._heard, answers:
            with self._reading, suppress(anyio.BrokenResourceError):
                async for line in self._lines():
                    await self._hear(line, account, answers)
            self._end_within(_SECONDS_AFTER_INPUT)
            with self._finishing:
                while self._unanswered:
                    self._end_waiting()
                    await anyio.sleep(_SECONDS_BETWEEN_LOOKS)
        if self._finishing.cancelled_caught:
            self._serving.cancel()

    async def _lines(self) -> AsyncGenerator[bytes]:
        lines = Lines()
        chunk = b"\n"
        while chunk:
            try:
                chunk = await run_sync(os.read, self._input, _CHUNK_BYTES, abandon_on_cancel=True)
            except OSError as error:
                chunk = b""
                self._code = _UNUSABLE
                logger.warning("standard input cannot be read: %s", error.strerror)
            for line in lines.feed(chunk):
                yield line

    async def _hear(self, line: bytes, account: Account, answers: _Send) -> None:
        try:
            message = message_of(line)
        except RefusedLineError as refused:
            logger.warning("a line of standard input is refused: %s", refused)
            if refused.answer:
                await answers.send(SessionMessage(refused.answer))
            return
        match message:
            case None:
                return
            case JSONRPCRequest(
                method="server/discover",
                params={"_meta": {"io.modelcontextprotocol/protocolVersion": _}},
            ) if not self._has_begun:
                await _answer_probe(self._server, message, account, answers)
                return
            case JSONRPCRequest():
                self._has_begun = True
                self._unanswered.add(message.id)
            case JSONRPCNotification(
                method="notifications/cancelled", params={"requestId": int() | str() as cancelled}
            ):
                self._unanswered.discard(cancelled)  # it gets no answer
            case _:
                pass
        await self._heard.send(SessionMessage(message))

    async def _write(self) -> None:
        async with self._outgoing:
            async for each in self._outgoing:
                message = each.message
                try:
                    await run_sync(_write_all, self._output, _line(message), abandon_on_cancel=True)
                except OSError as error:
                    self._code = 0 if isinstance(error, BrokenPipeError) else _UNUSABLE
                    logger.warning("standard output cannot be written: %s", error.strerror)
                    self._serving.cancel()
                    break
                if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
                    self._unanswered.discard(message.id)
        self._written.set()

    def _end_within(self, seconds: float) -> None:
        self._finishing.deadline = min(self._finishing.deadline, anyio.current_time() + seconds)
        self._reading.cancel()


async def _answer_probe(
    server: Server[Account], probe: JSONRPCRequest, account: Account, answers: _Send
) -> None:
    """Answer a `server/discover` on a separate connection.

    In the SDK the first request fixes the protocol revision of a connection, but some hosts probe
    and then send `initialize` on the same pipe.
    """
    asked, questions = create_memory_object_stream[SessionMessage | Exception]()
    said, answered = create_memory_object_stream[SessionMessage]()
    serve = partial(serve_dual_era_loop, server, questions, said, lifespan_state=account)
    async with asked, answered, anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        await asked.send(SessionMessage(probe))
        await answers.send(await answered.receive())
        tasks.cancel_scope.cancel()


def _line(message: JSONRPCMessage) -> bytes:
    try:
        return line_of(message)
    except UnwritableMessageError as error:
        logger.warning("a message to the host cannot be written: %s", error)
        return line_of(error.instead) if error.instead else b""


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
