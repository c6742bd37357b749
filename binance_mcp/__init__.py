"""MCP server for the Binance USD-M Futures listen key. Importing it does nothing."""
