"""The MCP face: where the exchange and the policy meet."""
