"""What the prompts say: a task, and the steps that lead the model through the tools. Pure.

No step names a tool that is not there or that the policy hides, and nothing in them is of the
account.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from mcp.types import Prompt

from binance_mcp.errors import InvalidArgumentsError
from binance_mcp.futures.user_stream.cursor import Cursor
from binance_mcp.server.prompts.menu import MISSED, REFUSED, WATCH, argument_names
from binance_mcp.server.tools.account_snapshot import SNAPSHOT_TOOL, checked_symbol
from binance_mcp.server.tools.listen_key import CREATE_TOOL
from binance_mcp.server.tools.status import STATUS_TOOL
from binance_mcp.server.tools.user_events import USER_EVENTS_TOOL

_LONGEST: Final = 200
_MOST: Final = 10
_GAPS: Final = (
    "If a result has gaps, tell me the times in which events may be missing, why, and what was "
    "repaired. No events without coveredSince does not mean that nothing happened."
)


def prompt_text(prompt: Prompt, arguments: Mapping[str, str], tools: Collection[str]) -> str:
    """Return what a prompt says, with its arguments filled in. An empty one counts as absent.

    Raises:
        InvalidArgumentsError: An argument is unknown, or has an unusable value.

    """
    known = argument_names(prompt)
    if unknown := sorted(arguments.keys() - known):
        told = ", ".join(name[:_LONGEST] for name in unknown[:_MOST])
        raise InvalidArgumentsError(
            f"Unknown arguments: {told}. {prompt.name} takes: {', '.join(known)}."
        )
    given = {name: " ".join(arguments.get(name, "").split()) for name in known}
    for name, value in given.items():
        if len(value) > _LONGEST:
            raise InvalidArgumentsError(f"{name} must have at most {_LONGEST} characters.")
    return _TEXTS[prompt.name](given, tools)


def _watch(given: Mapping[str, str], tools: Collection[str]) -> str:
    symbol = checked_symbol(given["symbol"]) if given["symbol"] else ""
    about = f", {symbol} only" if symbol else ""
    wanted = f", and tell me about: {given['watchFor']}" if given["watchFor"] else ""
    named = f" and symbol {symbol}" if symbol else ""
    has_snapshot = SNAPSHOT_TOOL in tools
    first = "the cursor of the account" if has_snapshot else "no cursor"
    return _steps(
        f"Watch my Binance USD-M Futures account{about}{wanted}. Only report: do nothing on the "
        "account unless I ask for it.",
        f"Call {SNAPSHOT_TOOL}{f' with symbol {symbol}' if symbol else ''} once, and tell me in "
        "short how the account is."
        if has_snapshot
        else "",
        f"Call {USER_EVENTS_TOOL} with waitSeconds 50{named}, again and again: first with {first}, "
        "then with nextCursor of the result before as cursor. Stop when I say so, or when what I "
        "wait for has happened.",
        ""
        if has_snapshot
        else "The first result may be about earlier times: sum that up in one sentence.",
        "After each result, tell me what happened, with amounts and prices as they are written. "
        "If nothing did, call again without a word.",
        _GAPS,
        f"If there is no active listen key, call {CREATE_TOOL}: events are received from then on."
        if CREATE_TOOL in tools
        else "If there is no active listen key, tell me and stop: without one nothing is received.",
        "If a call is denied and the denial says how long to wait, wait so long and go on; "
        "otherwise tell me and stop.",
    )


def _refused(given: Mapping[str, str], tools: Collection[str]) -> str:
    tool = given["tool"]
    if tool and tool not in tools:
        raise InvalidArgumentsError(f"Unknown tool: {tool}")
    which = tool or "one of the Binance USD-M Futures tools"
    return _steps(
        f"Tell me in plain words why a call of {which} was refused, and what I can do.",
        "Find the last such result in this conversation; if there is none, tell me. If it begins "
        "with [POLICY DENIED], this server's policy refused the call, and the text names the "
        "reason. Otherwise the text says what failed, and what to do next.",
        f"Call {STATUS_TOOL} with detail true. remainingQuota says how many calls each limit of "
        "the policy still allows, policyProblem why a changed policy is not in force, "
        "noRequestsUntil until when nothing is sent to Binance, and lastError what went wrong "
        "with the listen key.",
        "Tell me the reason, how long to wait if waiting helps, and otherwise who must change "
        "what: I the policy or the settings of this server, or the API key at Binance.",
        "Do not repeat the call, and do not look for a way around the refusal.",
    )


def _missed(given: Mapping[str, str], tools: Collection[str]) -> str:
    since, cursor = given["since"], given["cursor"]
    if cursor and cursor != "oldest" and Cursor.parsed(cursor) is None:
        raise InvalidArgumentsError(
            'cursor must be nextCursor of an earlier result, or "oldest"; or leave it out.'
        )
    start = f'cursor "{cursor or "oldest"}"' if cursor or since else "no cursor"
    age = ", and as maxAgeSeconds the seconds that have passed since then" if since else ""
    earlier = " Leave out gaps that ended before then." if since else ""
    return _steps(
        "Tell me what happened on my Binance USD-M Futures account since "
        f"{f'(a time, or how long ago): {since}' if since else 'I last asked'}.",
        f"Call {USER_EVENTS_TOOL} with {start}{age}. While hasMore is true, call "
        "again with nextCursor as cursor and the rest unchanged.",
        "Tell me in the order of eventTime what happened, summed up by symbol: fills, orders, "
        "positions, balances, margin calls. Events with `repaired` were read from Binance later.",
        _GAPS + earlier,
        "If truncated is true, older events are no longer held: tell me from when on they are.",
        f"Call {SNAPSHOT_TOOL}, and tell me how the account is now, whatever was missed."
        if SNAPSHOT_TOOL in tools
        else "",
    )


_TEXTS: Final[Mapping[str, Callable[[Mapping[str, str], Collection[str]], str]]] = {
    WATCH.name: _watch,
    REFUSED.name: _refused,
    MISSED.name: _missed,
}


def _steps(task: str, *steps: str) -> str:
    """Return a task and its numbered steps; empty ones are left out."""
    present = [step for step in steps if step]
    return "\n".join([task, *(f"{number}. {step}" for number, step in enumerate(present, 1))])
