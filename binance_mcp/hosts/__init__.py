"""The hosts that start MCP servers: where each keeps its servers, in what form, and edits of that.

Knows neither MCP nor Binance.
"""
