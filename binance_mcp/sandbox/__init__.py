"""An emulator of Binance USD-M Futures: an ASGI app with accounts, listen keys and faults.

It shares no code with the client that is tested on it. Decisions are pure, with the time passed in;
only `app`, `streams`, `ws_api` and `websocket` wait.
"""
