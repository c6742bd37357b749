"""The entry point of a bundle, which a host starts by path."""

import sys

from binance_mcp.cli.main import main

sys.exit(main())
