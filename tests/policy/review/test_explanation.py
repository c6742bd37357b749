import json
import re

from hypothesis import given

from binance_mcp.errors import PolicyDeniedError
from binance_mcp.policy.call import Call
from binance_mcp.policy.language.document import load
from binance_mcp.policy.review.explanation import told
from binance_mcp.policy.source import PolicySource
from tests.policy.documents import ARGUMENTS, DOCUMENTS, TOOLS, Json, evaluate

CREATE, KEEPALIVE, CLOSE = (
    f"BinanceFutures{action}ListenKey" for action in ("Create", "KeepAlive", "Close")
)

SHIPPED = """\
A tool that is not listed is denied.
All tools together may be called at most 240 times in any minute by one caller, over all sessions.

BinanceFuturesCreateListenKey: allowed
  at most 60 times in any minute in one session

BinanceFuturesKeepAliveListenKey: allowed
  at most 60 times in any minute in one session

BinanceFuturesCloseListenKey: allowed
  at most 60 times in any minute in one session

BinanceFuturesGetListenKeyStatus: allowed
  at most 60 times in any minute in one session

BinanceFuturesReadUserEvents: allowed
  at most 60 times in any minute in one session

BinanceFuturesGetAccountSnapshot: allowed
  at most 60 times in any minute in one session"""

SEED = """{
  "version": "1",
  "default": "deny",
  "tools": {
    "BinanceFuturesKeepAliveListenKey": {
      "limits": [
        {
          "counter": "binancefutureskeepalivelistenkey_rate",
          "window": "minute",
          "max": 60,
          "scope": "grant"
        }
      ]
    }
  }
}"""
SEED_EXPLAINED = """\
A tool that is not listed is denied.

BinanceFuturesCreateListenKey: denied, because it is not listed

BinanceFuturesKeepAliveListenKey: allowed
  at most 60 times in any minute by one caller, over all sessions

BinanceFuturesCloseListenKey: denied, because it is not listed"""

RICH = """{
  "version": "1",
  "default": "allow",
  "hide": ["Zebra", "BinanceFuturesReadUserEvents"],
  "tools": {
    "BinanceFuturesCreateListenKey": {
      "action": "require_approval",
      "reason": "A key lets the account's events be read.",
      "deny_if": [
        {"conditions": [
          {"path": "args.recvWindow", "op": "gt", "value": 50000},
          {"path": "args.listenKey", "op": "exists", "value": true}
        ], "on_deny": "Too long."},
        {"conditions": [{"path": "args.mode", "op": "in", "value": ["a", 2]}]}
      ],
      "require": [
        {"conditions": []},
        {"conditions": [{"path": "args.listenKey", "op": "exists", "value": false}]},
        {"conditions": [
          {"path": "args.a", "op": "regex", "value": "^x"},
          {"path": "args.b", "op": "neq", "value": null}
        ], "on_deny": "Say why."}
      ],
      "limits": [
        {"counter": "keys", "window": "hour", "max": 6, "scope": "grant"},
        {"counter": "long", "window": 0.5, "max": 1, "scope": "server"}
      ]
    },
    "BinanceFuturesKeepAliveListenKey": {
      "limits": [
        {"counter": "keys", "window": "hour", "max": 6, "scope": "grant"},
        {"counter": "keys", "window": "hour", "max": 6, "scope": "grant"}
      ],
      "rate_limit": {"max": 2, "window": 90}
    },
    "BinanceFuturesCloseListenKey": {
      "deny_if": [{"conditions": [], "on_deny": "Closing needs a human."}],
      "rate_limit": {"max": 3, "window": "day"}
    },
    "Barred": {"action": "deny", "reason": "Never."},
    "Shut": {"action": "deny"},
    "Asked": {"action": "require_approval"}
  }
}"""
RICH_EXPLAINED = """\
A tool that is not listed is allowed.
A condition that cannot be compared, because its argument is missing or of another type, counts \
against the call.

BinanceFuturesCreateListenKey: allowed if the user approves the call: "A key lets the account's \
events be read."
  at most 6 times in any hour by one caller, over all sessions, calls of \
BinanceFuturesKeepAliveListenKey included
  at most once in any 0.5 s by all callers together
  denied if args.recvWindow is above 50000 and args.listenKey is given: "Too long."
  denied if args.mode is one of ["a", 2]
  denied unless args.listenKey is not given
  denied unless args.a matches "^x" and args.b is not null: "Say why."

BinanceFuturesKeepAliveListenKey: allowed
  at most 6 times in any hour by one caller, over all sessions, calls of \
BinanceFuturesCreateListenKey included
  at most 2 times in any 90 s in one session

BinanceFuturesCloseListenKey: denied: "Closing needs a human."

BinanceFuturesGetListenKeyStatus: allowed, because it is not listed
  any number of times

Barred (no tool of this server): denied: "Never."

Shut (no tool of this server): denied

Asked (no tool of this server): allowed if the user approves the call
  any number of times

BinanceFuturesReadUserEvents (no tool of this server): hidden: it is not shown, and its calls \
are denied

Zebra (no tool of this server): hidden: it is not shown, and its calls are denied"""


def explained(text: str, *tools: str) -> str:
    return "\n".join(told(load("policy.json", text), tools))


def test_the_built_in_policy_is_explained() -> None:
    document = PolicySource().document
    assert "\n".join(told(document, list(document.tools))) == SHIPPED


def test_the_policy_that_the_catalogue_recommends_is_explained() -> None:
    assert explained(SEED, CREATE, KEEPALIVE, CLOSE) == SEED_EXPLAINED


def test_a_policy_with_every_feature_is_explained() -> None:
    tools = CREATE, KEEPALIVE, CLOSE, "BinanceFuturesGetListenKeyStatus"
    assert explained(RICH, *tools) == RICH_EXPLAINED


def test_a_limit_that_a_tool_shares_with_all_tools_counts_all_their_calls() -> None:
    limits = '{"limits": [{"counter": "c", "window": "minute", "max": 9}]}'
    text = (
        f'{{"version": "1", "default": "deny", "all_tools": {limits}, "tools": {{"A": {limits}}}}}'
    )
    assert "  at most 9 times in any minute in one session, calls of all other tools included" in (
        explained(text, "A").splitlines()
    )


def test_a_policy_that_hides_every_tool_is_explained() -> None:
    text = '{"version": "1", "default": "allow", "hide": ["*"]}'
    assert explained(text, "A").splitlines()[-1] == (
        "A: hidden: it is not shown, and its calls are denied"
    )


@given(DOCUMENTS, TOOLS, ARGUMENTS)
def test_an_explanation_agrees_with_the_decisions_of_the_policy(
    said: Json, tool: str, arguments: Json
) -> None:
    document = load("policy.json", json.dumps(said))
    lines = list(told(document, [tool]))
    verdict = next(line for line in lines if line.startswith(f"{tool}: ")).removeprefix(f"{tool}: ")
    has_conditions = any(re.match("  denied (if|unless) ", line) for line in lines)
    try:
        admission = evaluate(document, Call(tool, arguments))
    except PolicyDeniedError:
        assert re.match("hidden|denied", verdict) or has_conditions
    else:
        assert verdict.startswith("allowed")
        assert ("if the user approves" in verdict) is (admission.approval is not None)
