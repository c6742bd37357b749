"""The findings as text, as JSON, and as a block to paste into a bug report. No secret is in any."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Final

from binance_mcp.doctor.configuration import shown_origins
from binance_mcp.doctor.finding import Certainty, Finding, Verdict
from binance_mcp.masking import mask_tokens

_PACKAGES: Final = ("binance-listen-key-mcp", "mcp", "httpx2", "pydantic", "anyio")


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings as lines of text."""
    for finding in findings:
        yield mask_tokens(_line(finding))
        if finding.next_step:
            yield mask_tokens(f"         {finding.next_step}")


def as_json(findings: Sequence[Finding], origins: Mapping[str, str]) -> dict[str, Any]:
    """Return the findings, versions and the origins of settings as a JSON object."""
    return {
        "healthy": is_healthy(findings),
        "findings": [
            {name: mask_tokens(str(value)) for name, value in asdict(finding).items()}
            for finding in findings
        ],
        "versions": versions(),
        "settings": dict(shown_origins(origins)),
    }


def bug_report(findings: Sequence[Finding], origins: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a block in Markdown."""
    yield "```text"
    yield from (f"{name}: {text}" for name, text in versions().items())
    yield from (f"{name}: from {where}" for name, where in shown_origins(origins).items())
    yield from lines(findings)
    yield "```"


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Return whether there is no problem; warnings are none."""
    return all(finding.verdict is not Verdict.PROBLEM for finding in findings)


def versions() -> dict[str, str]:
    """Return the versions of this package and of what it runs on."""
    return {
        **{package: version(package) for package in _PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _line(finding: Finding) -> str:
    unsure = "" if finding.certainty is Certainty.CERTAIN else f" ({finding.certainty})"
    return f"{finding.verdict:<8} {finding.check}: {finding.cause}{unsure}"
