"""Binance USD-M Futures: requests, the listen key, and a stand-in for the exchange.

Knows neither MCP nor policy.
"""
