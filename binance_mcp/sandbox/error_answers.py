"""Binance's error answers, with Binance's texts.

https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

from typing import Final

from binance_mcp.sandbox.http_messages import Answer

WEIGHT_LIMIT: Final = 2400
"""Request weight that an IP address may use in a minute."""


def answer(status: int, code: int, message: str) -> Answer:
    """Return an error answer in Binance's format."""
    return Answer(status, {"code": code, "msg": message})


INVALID_LISTEN_KEY: Final = answer(400, -1125, "This listenKey does not exist.")
BAD_API_KEY_FORMAT: Final = answer(401, -2014, "API-key format invalid.")
REJECTED_API_KEY: Final = answer(401, -2015, "Invalid API-key, IP, or permissions for action.")
INVALID_SIGNATURE: Final = answer(400, -1022, "Signature for this request is not valid.")
OLD_TIMESTAMP: Final = answer(
    400, -1021, "Timestamp for this request is outside of the recvWindow."
)
EARLY_TIMESTAMP: Final = answer(
    400, -1021, "Timestamp for this request was 1000ms ahead of the server's time."
)
TOO_MANY_REQUESTS: Final = answer(
    429,
    -1003,
    f"Too many requests; current limit is {WEIGHT_LIMIT} requests per minute. "
    "Please use the websocket for live updates to avoid polling the API.",
)
UNSUPPORTED_OPERATION: Final = answer(400, -1020, "This operation is not supported.")
INVALID_JSON: Final = answer(400, -1135, "Invalid JSON Request")


def banned(until: float) -> Answer:
    """Return the answer to an IP address that is banned until `until`, in seconds."""
    return answer(
        418,
        -1003,
        f"Way too many requests; IP banned until {int(until * 1000)}. "
        "Please use the websocket for live updates to avoid bans.",
    )


def malformed(parameter: str) -> Answer:
    """Return the answer to a mandatory parameter that cannot be read."""
    return answer(
        400,
        -1102,
        f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed.",
    )


def illegal_characters(parameter: str, legal: str) -> Answer:
    """Return the answer to a parameter that does not match the regular expression `legal`."""
    return answer(
        400,
        -1100,
        f"Illegal characters found in parameter '{parameter}'; legal range is '{legal}'.",
    )
