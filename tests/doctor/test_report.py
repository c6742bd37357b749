import json
from pathlib import Path

from binance_mcp.doctor.finding import Certainty, ok, problem, unknown, warning
from binance_mcp.doctor.report import as_json, bug_report, is_healthy, lines

SECRET = "s" * 64
BROKEN = problem("API key", f"rejected {SECRET}", "Make another.", Certainty.LIKELY)
FOUND = [BROKEN, warning("clock", "late", "Set it."), ok("policy", "can be used")]


def test_each_finding_is_a_line_and_its_next_step_another() -> None:
    assert list(lines(FOUND)) == [
        "problem  API key: rejected ssss… (likely)",
        "         Make another.",
        "warning  clock: late",
        "         Set it.",
        "ok       policy: can be used",
    ]


def test_only_a_problem_is_not_healthy() -> None:
    assert is_healthy([*FOUND[1:], unknown("stream", "not tried")])
    assert not is_healthy(FOUND)


def test_the_json_has_findings_versions_and_origins_and_no_secret() -> None:
    found = as_json(FOUND, {"BINANCE_API_KEY": f"{Path.home()}/file"})
    assert found["findings"][0] == {
        "check": "API key",
        "verdict": "problem",
        "cause": "rejected ssss…",
        "next_step": "Make another.",
        "certainty": "likely",
    }
    assert found["healthy"] is False
    assert found["versions"].keys() >= {"binance-listen-key-mcp", "python", "platform"}
    assert found["settings"] == {"BINANCE_API_KEY": "~/file"}
    assert SECRET not in json.dumps(found)


def test_the_block_for_a_bug_report_has_all_of_it_and_no_secret() -> None:
    block = list(bug_report(FOUND, {"BINANCE_API_KEY": "the system's keychain"}))
    assert (block[0], block[-1]) == ("```text", "```")
    assert "BINANCE_API_KEY: from the system's keychain" in block
    assert any(line.startswith("binance-listen-key-mcp: ") for line in block)
    assert block[-6:-1] == list(lines(FOUND))
    assert not any(SECRET in line for line in block)
