"""An account on Binance USD-M Futures: requests, and the life of its listen key.

Knows neither MCP nor policy.
"""
