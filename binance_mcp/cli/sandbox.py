"""The command that serves the sandbox."""

import json

import anyio
from pydantic import Field

from binance_mcp.cli.command import Command, settings_in_force
from binance_mcp.cli.output import say


class Sandbox(Command):
    """Serve the sandbox on this machine, and print its addresses and keys as a line of JSON."""

    port: int = Field(0, ge=0, le=65_535, description="Port; 0 picks a free one.")
    listen_key_seconds: float = Field(
        3600.0, gt=0, allow_inf_nan=False, description="Seconds that a listen key is valid."
    )
    answer_seconds: float = Field(
        0.05, ge=0, allow_inf_nan=False, description="Seconds that an answer takes."
    )

    def run(self) -> int:
        """Serve until a signal comes."""
        settings_in_force()
        return anyio.run(self._serve)

    async def _serve(self) -> int:
        from binance_mcp.sandbox import app, tcp
        from binance_mcp.signals import stop_signal

        sandbox = app.Sandbox(
            listen_key_seconds=self.listen_key_seconds, answer_seconds=self.answer_seconds
        )
        async with tcp.serving_sandbox(sandbox, port=self.port) as at:
            line = {
                "restUrl": at.rest_url,
                "streamUrl": at.stream_url,
                "apiKey": at.account.api_key,
                "apiSecret": at.account.api_secret,
            }
            say(json.dumps(line))
            return await stop_signal()
