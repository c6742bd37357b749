"""The sandbox on a port, for more calls than an IP address may make in a minute.

Every request seems to come from the next of many addresses, so the sandbox counts, limits and
answers as always, and never has a reason to refuse. It answers at once: what is measured is the
server's time, not the exchange's.
"""

import json
from itertools import cycle

import anyio
from starlette.types import Receive, Scope, Send

from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.tcp import serving_sandbox


class CrowdedSandbox(Sandbox):
    _addresses = cycle(f"198.51.100.{number}" for number in range(256))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["client"] = (next(self._addresses), 0)
        await super().__call__(scope, receive, send)


async def serve() -> None:
    async with serving_sandbox(CrowdedSandbox(answer_seconds=0)) as at:
        line = {"BINANCE_REST_URL": at.rest_url, "BINANCE_API_KEY": at.account.api_key}
        print(json.dumps(line), flush=True)  # noqa: T201  # read by who started this
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(serve)
