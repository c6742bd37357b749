import json

from tests.cli.policy.policies import FINE, KEEPALIVE, Printed, Run, write

LESS = FINE.replace('"max": 2', '"max": 1')


def test_policy_diff_of_policies_that_allow_the_same_succeeds(run: Run, capsys: Printed) -> None:
    write(FINE, "a.json")
    write(FINE.replace('"default"', '"$schema": "s", "default"'), "b.json")
    assert run("policy", "diff", "a.json", "b.json") == 0
    assert capsys.readouterr() == ("a.json and b.json allow the same.\n", "")


def test_policy_diff_says_what_is_different_and_fails(run: Run, capsys: Printed) -> None:
    write(FINE, "a.json")
    write(LESS, "b.json")
    assert run("policy", "diff", "a.json", "b.json") == 1
    told = (
        f"{KEEPALIVE}: b.json allows less\n"
        "  only a.json: at most 2 times in any hour in one session\n"
        "  only b.json: at most once in any hour in one session\n"
    )
    assert capsys.readouterr() == (told, "")


def test_policy_diff_prints_json(run: Run, capsys: Printed) -> None:
    write(FINE, "a.json")
    write(LESS, "b.json")
    assert run("policy", "diff", "--json", "a.json", "b.json") == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "subject": KEEPALIVE,
            "change": "allows less",
            "first": ["at most 2 times in any hour in one session"],
            "second": ["at most once in any hour in one session"],
        }
    ]


def test_policy_diff_reports_a_policy_that_cannot_be_used(run: Run, capsys: Printed) -> None:
    write(FINE, "a.json")
    assert run("policy", "diff", "a.json", "missing.json") == 2
    told = "binance-mcp: missing.json: /: cannot be read: No such file or directory\n"
    assert capsys.readouterr() == ("", told)
