"""Measurements of this server next to a bare one: `python -m tests.benchmarks`. No tests."""
