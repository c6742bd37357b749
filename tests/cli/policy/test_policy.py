import pytest

from tests.cli.policy.policies import FAULTY, FAULTY_TOLD, Printed, Run, write

FAULTY_COMPLAINED = "".join(
    f"binance-mcp: policy.json: {line.partition(' ')[2]}\n" for line in FAULTY_TOLD.splitlines()
)
UNREADABLE_TOLD = "binance-mcp: policy.json: /: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("command", ["check", "explain", "show", 'test --call {"name":"A"}'])
def test_an_unreadable_policy_is_reported_in_one_line(
    run: Run, capsys: Printed, command: str
) -> None:
    assert run("policy", *command.split(), "policy.json") == 2
    assert capsys.readouterr() == ("", UNREADABLE_TOLD)


@pytest.mark.parametrize("command", ["explain", "show", 'test --call {"name":"A"}'])
def test_an_invalid_policy_is_reported_one_line_per_problem(
    run: Run, capsys: Printed, command: str
) -> None:
    write(FAULTY)
    assert run("policy", *command.split(), "policy.json") == 2
    out, err = capsys.readouterr()
    assert sorted(err.splitlines()) == sorted(FAULTY_COMPLAINED.splitlines())
    assert out == ""
