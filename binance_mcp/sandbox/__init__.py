"""A stand-in for Binance USD-M Futures: an ASGI app with its accounts, listen keys and faults.

Everything is decided without I/O, with the time passed in; only `app` and `connection` wait.
"""
