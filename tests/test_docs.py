"""The pages in docs/ and the README say what the code does."""

import html
import re
from importlib import import_module
from pathlib import Path
from typing import Final, get_args

import httpx2 as httpx
import pytest

from binance_mcp.cli.completion import Shell
from binance_mcp.hosts.host import HOSTS
from binance_mcp.policy.language.document import load
from binance_mcp.policy.review.cases import failures, load_cases
from binance_mcp.policy.review.explanation import told
from binance_mcp.policy.source import load_file
from binance_mcp.sandbox.app import Sandbox
from binance_mcp.sandbox.stream_faults import STREAM_FAULTS, Form
from binance_mcp.server.prompts.menu import argument_names, shown_prompts
from binance_mcp.server.tools.catalogue import tool_arguments
from binance_mcp.settings import Settings
from tests.test_demo import STEPS

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("[dp]*/*.md"))]


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def test_the_settings_table_has_every_setting_its_default_and_its_meaning() -> None:
    expected = [
        f"| `{field.validation_alias}` | {_default(field.default)} | {field.description} |"
        for field in Settings.model_fields.values()
    ]
    rows = [line for line in page("settings").splitlines() if line.startswith("| `")]
    assert rows == expected, "\n".join(expected)


def _default(value: object) -> str:
    if value is None:
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`".replace("True", "true")


def test_the_architecture_page_names_every_module() -> None:
    names = set(re.findall(r"\w+(?=\.py)|(?<=command: )[a-z ]+", page("architecture")))
    named = {word for name in names for word in name.split()}
    modules = {
        path.stem for path in (ROOT / "binance_mcp").rglob("*.py") if not path.name.startswith("__")
    }
    assert sorted(modules - named) == []
    assert sorted(named - modules - {"test_architecture"}) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_relative_link_has_a_target(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_pages_do_not_install_a_package_of_another_project(path: Path) -> None:
    install = r"(uvx|pipx|pip install|uv tool install)( \S+)* binance-mcp"
    assert not re.search(install, path.read_text(encoding="utf-8"))


def test_the_prompts_page_has_every_prompt_with_its_arguments() -> None:
    rows = [line.split("|")[1:3] for line in page("prompts").splitlines() if line.startswith("| `")]
    named = [(name.strip(" `"), re.findall(r"\w+", arguments)) for name, arguments in rows]
    prompts = shown_prompts(tool_arguments())
    assert named == [(prompt.name, argument_names(prompt)) for prompt in prompts]


def test_the_command_line_page_has_a_line_for_every_shell() -> None:
    for shell in get_args(Shell):
        assert f"binance-mcp completion {shell}" in page("command-line")


def test_every_policy_in_the_docs_is_valid() -> None:
    *policies, cases = re.findall(r"```json\n(.*?)```", page("policy"), re.DOTALL)
    assert len(policies) == 4
    *_, last = (load("docs/policy.md", policy) for policy in policies)
    assert list(failures(last, load_cases("docs/policy.md", cases))) == []


def test_the_policy_page_shows_the_output_of_policy_explain() -> None:
    shown = page("policy").split("```")[1].strip()
    assert "\n".join(told(load_file(None), tool_arguments())).startswith(shown)


def test_the_service_limits_in_the_docs_are_those_of_the_code() -> None:
    limits = {
        "binance_mcp.connection_limits": {
            "HEAD_BYTES": 16 * 1024,
            "_SECONDS_TO_SEND": 15,
            "_SECONDS_TO_READ": 15,
        },
        "binance_mcp.asgi_server": {"_MOST_HEADERS": 100},
        "binance_mcp.server.http": {"_BODY_BYTES": 1024 * 1024},
        "binance_mcp.server.http_sessions": {
            "MOST": 1000,
            "UNUSED_SECONDS": 2 * 60,
            "_USED_SECONDS": 30 * 60,
        },
    }
    for module, values in limits.items():
        assert {name: getattr(import_module(module), name) for name in values} == values


def test_the_page_of_hosts_has_the_command_and_the_files_of_each() -> None:
    folders = {"home": "~", "config": "~/.config", "data": "DATA", "claude": "~"}
    folders["codex"] = "~/.codex"
    rows: list[str] = []
    for name, host in HOSTS.items():
        files = " or ".join(f"`{file.format_map(folders)}`" for file in host.files)
        for file in host.windows_files:
            files += f"; on Windows `{file.format_map(folders)}`"
        project = f" `{host.project_file}` " if host.project_file else " "
        rows.append(f"| {host.title} | `binance-mcp setup {name}` | {files} |{project}|")
    listed = [line for line in page("hosts").splitlines() if "| `binance-mcp setup " in line]
    assert listed == rows, "\n".join(rows)


@pytest.mark.anyio
async def test_the_sandbox_page_lists_its_control_routes() -> None:
    rows = re.findall(r"^\| (`[^|]*) (/sandbox/\w+)`", page("sandbox"), re.MULTILINE)
    listed = {(method, path) for methods, path in rows for method in re.findall("[A-Z]+", methods)}
    transport = httpx.ASGITransport(Sandbox())
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        statuses = {
            (method, path): (await client.request(method, path)).status_code
            for _, path in rows
            for method in ("GET", "POST", "PUT", "DELETE")
        }
    assert {route for route, status in statuses.items() if status not in (404, 405)} == listed


def test_the_page_of_the_sandbox_has_every_fault_of_streams_and_every_form() -> None:
    text = page("sandbox")
    assert re.findall(r"^\| `(stream_\w+)`", text, re.MULTILINE) == list(STREAM_FAULTS)
    assert [form for form in get_args(Form) if f"`{form}`" not in text] == []


def test_the_picture_of_the_demo_is_up_to_date() -> None:
    svg = (ROOT / ".github" / "images" / "demo.svg").read_text(encoding="utf-8")
    shown = html.unescape(re.sub(r"<[^>]+>", "", svg)).replace("\xa0", " ")
    lines = STEPS.split("\nNext:")[0].splitlines()
    assert [line for line in lines if "<" not in line and line not in shown] == [], (
        "draw it again: python -m tests.pictures"
    )
