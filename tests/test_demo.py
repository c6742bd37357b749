import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from binance_mcp.masking import mask_tokens

STEPS: Final = """\
A stand-in for Binance USD-M Futures runs at http://127.0.0.1:<port>.
The MCP server is started as a host would start it: python -m binance_mcp

1. tools/list, over MCP <revision>:
   BinanceFuturesCreateListenKey(recvWindow)
   BinanceFuturesKeepAliveListenKey(listenKey, recvWindow)
   BinanceFuturesCloseListenKey(listenKey, recvWindow)
   BinanceFuturesGetListenKeyStatus()

2. BinanceFuturesCreateListenKey
   <sentence>

3. BinanceFuturesKeepAliveListenKey
   <sentence>

4. The same again and again, as fast as it goes, until the policy says no:
   59 more calls were admitted; the next one: [POLICY DENIED] <denial>

5. BinanceFuturesCloseListenKey, which has a limit of its own:
   <sentence>

6. What reached the exchange, secrets masked:
    1 x POST /fapi/v1/listenKey?<query> -> 200
   60 x PUT /fapi/v1/listenKey?<query> -> 200
    1 x DELETE /fapi/v1/listenKey?<query> -> 200
   with the headers <headers>

7. Keys that live 3 seconds, kept alive by the server every second:
   binance://futures/listen-key has changed 6 times. BinanceFuturesGetListenKeyStatus says:
   <sentence> It is kept alive automatically at <clock> UTC.
    1 x POST /fapi/v1/listenKey?<query> -> 200
    <count> x PUT /fapi/v1/listenKey?<query> -> 200
"""
HOLES: Final = {
    "<port>": r"\d+",
    "<revision>": r"\d{4}-\d\d-\d\d",
    "<clock>": r"\d\d:\d\d:\d\d",
    "<count>": r"[56]",
    "<sentence>": r"The account's listen key [^\n]+",
    "<denial>": r"[^\n]+; the next is possible in \d+ s\.",
    "<query>": r"timestamp=\d+&recvWindow=5000&signature=[0-9a-f]{4}…",
    "<headers>": r"[a-z, -]*\bx-mbx-apikey\b[a-z, -]*",
}


def test_the_demo_shows_every_step_whatever_is_set() -> None:
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
