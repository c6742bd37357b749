"""`python -m binance_mcp` is the command `binance-mcp`."""

import sys

from binance_mcp.cli.main import main

sys.exit(main())
