"""The MCP face: where the account, the policy and the audit trail meet."""
