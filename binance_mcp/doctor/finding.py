"""A finding: what was checked, what is the matter, how sure that is, and what to do next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad a finding is. The worst comes first."""

    PROBLEM = "problem"
    """Something does not work."""
    WARNING = "warning"
    """It works, but it may fail later, or is less safe than it could be."""
    UNKNOWN = "unknown"
    """It could not be checked."""
    OK = "ok"


class Certainty(StrEnum):
    """How sure it is that the cause is the right one."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True)
class Finding:
    """What a check found. No text has a secret."""

    check: str
    """What was checked, in a word or two."""
    verdict: Verdict
    cause: str
    """What is the matter; or what is in order. A sentence without a full stop."""
    next_step: str = ""
    """What to do about it, as a sentence; empty if there is nothing to do."""
    certainty: Certainty = Certainty.CERTAIN


def ok(check: str, cause: str) -> Finding:
    """Return a finding of something that is in order."""
    return Finding(check, Verdict.OK, cause)


def unknown(check: str, cause: str) -> Finding:
    """Return a finding of something that could not be checked."""
    return Finding(check, Verdict.UNKNOWN, cause)


def problem(
    check: str, cause: str, next_step: str, certainty: Certainty = Certainty.CERTAIN
) -> Finding:
    """Return a finding of something that does not work."""
    return Finding(check, Verdict.PROBLEM, cause, next_step, certainty)


def warning(
    check: str, cause: str, next_step: str, certainty: Certainty = Certainty.CERTAIN
) -> Finding:
    """Return a finding of something that works, but not as it should."""
    return Finding(check, Verdict.WARNING, cause, next_step, certainty)


def worst_first(findings: Iterable[Finding]) -> Sequence[Finding]:
    """Return the findings by verdict; those of one verdict stay in their order."""
    order = list(Verdict)
    return sorted(findings, key=lambda finding: order.index(finding.verdict))
