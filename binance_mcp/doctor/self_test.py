"""The server, started as a host starts it, in its own sandbox: whether it speaks MCP.

It gets the user's settings but for credentials, addresses and files that it would write.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Final, TextIO

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from binance_mcp.doctor.finding import Certainty, Finding, ok, problem, warning
from binance_mcp.env_file import SECRETS
from binance_mcp.masking import mask_tokens
from binance_mcp.settings import Settings

_CHECK: Final = "protocol"
_SECONDS: Final = 30.0
_WITHHELD: Final = SECRETS | {
    "BINANCE_PRIVATE_KEY_FILE",
    "BINANCE_REST_URL",
    "BINANCE_STREAM_URL",
    "BINANCE_MCP_ENV_FILE",
    "BINANCE_MCP_EVENTS_FILE",
    "BINANCE_MCP_AUDIT_LOG",
}
_LONGEST_REASON: Final = 300
_MOST_READ: Final = 64 * 1024


@dataclass(frozen=True)
class Conversation:
    """What a client was told by the server."""

    tools: int
    seconds: float
    """From the start of the process to the list of tools."""


async def converse(settings: Settings) -> Conversation | str:
    """Start the server and list its tools; return why that failed, if it did."""
    with TemporaryDirectory() as folder, TemporaryFile("w+", errors="replace") as errors:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-P", "-m", "binance_mcp"],
            env={**os.environ, **variables(settings)},
            cwd=folder,  # where there is no .env
        )
        started = anyio.current_time()
        try:
            with anyio.fail_after(_SECONDS):
                async with Client(stdio_client(parameters, errlog=errors)) as client:
                    tools = await client.list_tools()
        except Exception as error:  # noqa: BLE001  # whatever a server does wrong is the finding
            return _last_line(errors) or type(error).__name__
        return Conversation(len(tools.tools), anyio.current_time() - started)


def variables(settings: Settings) -> Mapping[str, str]:
    """Return the environment of the server: each setting is set, or set to nothing."""
    values = dict.fromkeys(
        (str(field.validation_alias) for field in type(settings).model_fields.values()), ""
    )
    for name in settings.model_fields_set:
        variable = str(type(settings).model_fields[name].validation_alias)
        if variable not in _WITHHELD:
            value = getattr(settings, name)
            values[variable] = str(value.absolute() if isinstance(value, Path) else value)
    return {**values, "BINANCE_ENVIRONMENT": "sandbox", "BINANCE_MCP_LOG_LEVEL": "ERROR"}


def judge_conversation(conversation: Conversation | str) -> Sequence[Finding]:
    """Judge what the server said."""
    if isinstance(conversation, str):
        return [
            problem(
                _CHECK,
                f"the server, started as a host starts it, does not answer: {conversation}",
                f"Run {sys.executable} -P -m binance_mcp in a terminal, and see what it prints.",
                Certainty.LIKELY,
            )
        ]
    if not conversation.tools:
        return [
            warning(_CHECK, "the policy hides every tool", "Look at `hide` and `default` in it.")
        ]
    seconds = f"{conversation.seconds:.1f} s"
    return [
        ok(
            _CHECK,
            f"the server starts over stdio, and lists {conversation.tools} tools ({seconds})",
        )
    ]


def _last_line(errors: TextIO) -> str:
    errors.seek(0)
    lines = errors.read(_MOST_READ).strip().splitlines()
    return mask_tokens(lines[-1])[:_LONGEST_REASON] if lines else ""
