"""What an answer is worth, judged by what really happened. Pure.

Everything that is asked about has happened. So an answer is right if it says so. It is honest if it
leaves open whether it happened; otherwise it is wrong, and an agent would be sure of it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

Rows: TypeAlias = Sequence[Mapping[str, Any]]


class Verdict(StrEnum):
    YES = "yes"
    """What happened is told, or what there is."""
    READ_LATER = "read later"
    """The stream did not bring it, but it was read from Binance."""
    CHANGES = "changes"
    """Only the change is told, and not what there is."""
    UNKNOWN = "unknown"
    """The answer leaves open whether anything happened."""
    NO_TOOL = "no tool"
    """No tool answers it."""
    WRONG = "wrong"
    """The answer denies what happened, or says something that is not so."""


_OPEN: Final = (
    "whether something happened is not known",
    "does not prove that nothing happened",
    "The stream is not connected",
    "Nothing is received",
    "Whether it withheld events has not been checked",
)
"""Each of these leaves open what has happened."""
_COMPARED: Final = re.compile(r"agree with Binance's lists up to ([-0-9]+ [:0-9]+) UTC")
_REST: Final = "the rest cannot be checked"
_NOT_READ_LATER: Final = "balance changes and margin calls cannot be read later"


@dataclass(frozen=True)
class Answer:
    """A result of reading the events."""

    text: str
    data: Mapping[str, Any]


def judge_events(
    answer: Answer,
    is_told: Callable[[Sequence[Mapping[str, Any]]], bool],
    at: float,
    *,
    listed: bool,
) -> Verdict:
    """Judge what an answer says about something that happened `at` seconds since the Unix epoch.

    `is_told` is given Binance's objects. `listed` says whether Binance lists it, so that it can be
    read later.
    """
    events: Sequence[Mapping[str, Any]] = answer.data["events"]
    received = [each["data"] for each in events if "repaired" not in each]
    if is_told(received):
        return Verdict.YES
    if is_told([each["data"] for each in events]):
        return Verdict.READ_LATER
    return Verdict.UNKNOWN if _is_open(answer, at, listed=listed) else Verdict.WRONG


def _is_open(answer: Answer, at: float, *, listed: bool) -> bool:
    """Return whether the text of an answer leaves open what happened at a time."""
    gaps = [gap for gap in answer.data["gaps"] if _is_in(gap, at)]
    if gaps:
        is_told = answer.text.count("may be missing") >= len(answer.data["gaps"])
        is_lost = not listed and _NOT_READ_LATER in answer.text
        return is_told and (is_lost or any(map(_is_unread, gaps)))
    if any(words in answer.text for words in _OPEN):
        return True
    compared = _COMPARED.search(answer.text)
    if compared is None:
        return False
    return _seconds(f"{compared[1]}+00:00") < at or (not listed and _REST in answer.text)


def _is_unread(gap: Mapping[str, Any]) -> bool:
    repair = gap.get("repair")
    return repair is None or "problem" in repair


def _is_in(gap: Mapping[str, Any], at: float) -> bool:
    since = _seconds(gap["since"]) if "since" in gap else 0.0
    return since <= at and ("until" not in gap or at <= _seconds(gap["until"]))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
