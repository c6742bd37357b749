"""Who may call what, and how often. Knows neither MCP nor Binance."""
