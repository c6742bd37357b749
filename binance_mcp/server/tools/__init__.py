"""The tools: one file per family, with its result models."""
