import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from binance_mcp.masking import mask_tokens

STEPS: Final = """\
The sandbox, which stands in for Binance USD-M Futures, runs at http://127.0.0.1:<port>.
The MCP server is started as a host starts it: python -P -m binance_mcp
(-P: without modules from the current folder).
It sends a keepalive every second here; outside of this demo, every 30 to 35 minutes.

1. An agent calls BinanceFuturesCreateListenKey once. From then on the server keeps the key alive:
   Listen key on sandbox: <key>, active until <date>. This server <rest>
   3 keepalives later, BinanceFuturesGetListenKeyStatus:
   <active>, as Binance last confirmed at <date>; <rest>

2. An order is filled on the exchange. BinanceFuturesReadUserEvents waits for it:
   Events before <date> may be missing: this server was not connected before.
   3. <time> BUY 0.01 BTCUSDT filled at 64,089.2, order 1, <rest>
   The stream is connected since <date>, quiet for <second>. Whether it <rest>
   nextCursor: <cursor>-0-3-1

3. Another program of the account closes the key. The server creates a new one by
   itself, and tells each agent once, with the next result:
   The listen key was replaced: <key> is no longer valid; the account's key is now <key>. <rest>
   <active><rest>
   Another order was filled meanwhile. No event told of it, so it was read from Binance:
   Events between <date> and <date> may be missing: <lost>. Repaired: 1 fill was read <rest>
   5. <time> BUY 0.01 BTCUSDT filled at 64,050, order 2, <rest> (<missed>)
   The stream is connected since <date>, quiet for <second>. Whether it <rest>
   nextCursor: <cursor>-0-5-2

4. BinanceFuturesGetAccountSnapshot, because the server has an API secret:
   The account on sandbox (at 127.0.0.1:<port>) at <date>, by Binance's clock:
   Long 0.02 BTCUSDT: entry 64,069.6, mark 64,100, unrealized profit 0.608, last changed <time>.
   Margin in USDT: available 9,936.2517216 of 10,000.3517216, maintenance 5.128, ratio <rest>
   Balances: 9,999.7437216 USDT.
   No open order, no stop.
   No event arrived while it was read: <rest>
   cursor: <cursor>-0-5-2

5. BinanceFuturesKeepAliveListenKey again and again, until the policy says no:
   60 calls were admitted; the next one: [POLICY DENIED] <denial>

6. What the sandbox received, secrets masked:
     2 x POST /fapi/v1/listenKey -> 200
     2 x GET /private/ws -> 101
     1 x GET /fapi/v1/time -> 200
     3 x GET /fapi/v1/openOrders -> 200
     3 x GET /fapi/v1/openAlgoOrders -> 200
    <count> x PUT /fapi/v1/listenKey -> 200
     1 x DELETE /fapi/v1/listenKey -> 200
     1 x GET /fapi/v1/allOrders -> 200
     2 x GET /fapi/v1/order -> 200
     1 x GET /fapi/v1/userTrades -> 200
     1 x GET /fapi/v3/account -> 200
     1 x GET /fapi/v3/positionRisk -> 200
   The first was signed: POST /fapi/v1/listenKey?<query>

Next: add the server to a host. For Claude Desktop, in claude_desktop_config.json:

<entry>
Without an account: "BINANCE_ENVIRONMENT": "sandbox" instead of the API key.
"""
HOLES: Final = {
    "<port>": r"\d+",
    "<active>": r"The account's listen key on sandbox [^\n]*is active until <date>",
    "<date>": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
    "<count>": r"6[3-6]",
    "<lost>": "the listen key was lost and replaced",
    "<missed>": "missed by the stream, read from Binance later",
    "<second>": r"[01] s",
    "<key>": r"[A-Za-z0-9]{4}…",
    "<rest>": r"[^\n]+",
    "<time>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "<cursor>": r"[0-9a-f]{8}",
    "<denial>": r"[^\n]+; retry in \d+ s\.",
    "<query>": r"timestamp=\d+&recvWindow=5000&signature=[0-9a-f]{4}…",
    "<entry>": r'\{\n  "mcpServers": \{[^<]+\}\n\}\n',
}


def test_the_demo_shows_every_step_whatever_settings_are_present() -> None:
    Path(".env").write_text("BINANCE_PRIVATE_KEY=none\nBINANCE_MCP_PORT=none\n", "utf-8")
    settings = {"BINANCE_ENVIRONMENT": "moon", "BINANCE_MCP_POLICY": "missing.json"}
    ended = subprocess.run(
        [sys.executable, "-m", "binance_mcp", "demo"],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=os.environ | settings | {"PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )
    assert re.fullmatch(_pattern(), ended.stdout), ended.stdout
    assert mask_tokens(ended.stdout) == ended.stdout
    assert (ended.returncode, ended.stderr) == (0, "")


def _pattern() -> str:
    pattern = re.escape(STEPS)
    for hole, filling in HOLES.items():
        pattern = pattern.replace(hole, filling)
    return pattern
