"""Repairing the journal: what the stream did not bring is read from Binance."""
