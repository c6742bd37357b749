"""The audit trail: a record of every decision about a tool call. Knows nothing of the others."""
