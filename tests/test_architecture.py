"""The rules of the house, proven on the syntax trees: floors, homes, twins, sizes, imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parent
PACKAGE: Final = TESTS.parent / "binance_mcp"
PACKAGING: Final = TESTS.parent / "packaging"

WINGS: Final = ("audit", "futures", "hosts", "policy", "sandbox")
"""They know nothing of one another, and meet in the server."""

FLOORS: Final = (
    ("clock", "connection", "errors", "files", "masking", "urls", "validation"),
    ("connection_limits",),
    ("asgi_server", "env_file", "keychain", "logs", "signals"),
    ("settings",),
    ("settings_sources",),
    WINGS,
    ("server",),
    ("demo", "doctor"),
    ("cli",),
    ("__main__",),
)
"""A member of the package knows the floors below its own, and none of its neighbours."""

STANDARD_LIBRARY_ONLY: Final = ("errors", "files", "masking", "urls")

HOMES: Final = {
    "cryptography": ("futures.signing", "sandbox.signatures"),
    "dotenv": ("env_file",),
    "h11": ("connection_limits",),
    "httpx2": (
        "futures.http_client",
        "futures.in_process",
        "futures.transport",
        "futures.user_stream.web_socket",
    ),
    "keyring": ("keychain",),
    "mcp": ("demo", "doctor.self_test", "server"),
    "pydantic_settings": ("cli", "settings"),
    "ruamel": ("hosts.yaml_text",),
    "shtab": ("cli.completion",),
    "socksio": ("futures.http_client",),
    "starlette": (
        "asgi_server",
        "futures.account",
        "futures.http_client",
        "futures.in_process",
        "sandbox",
        "server",
    ),
    "uvicorn": ("asgi_server", "connection_limits", "sandbox.tcp"),
    "wsproto": ("futures.user_stream.web_socket",),
}
"""The modules and wings that may import a package; the others have it from them, or not at all."""

AT_HOME_EVERYWHERE: Final = {"anyio", "pydantic", "pydantic_core"}

PRINTS: Final = ("cli",)
RUNS_WHEN_IMPORTED: Final = ("__main__",)
LONGEST_FILE: Final = 300
LONGEST_BODY: Final = 40


def name_of(file: Path) -> str:
    """Return the module's name within the package; the package's own is empty."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES: Final = {name_of(file): file for file in sorted(PACKAGE.rglob("*.py"))}
TREES: Final = {
    file: ast.parse(file.read_text("utf-8"))
    for folder in (PACKAGE, PACKAGING, TESTS)
    for file in folder.rglob("*.py")
}


def imported_by(module: str) -> set[str]:
    """Return what a module imports, wherever in it; modules of ours begin with a dot."""
    names: set[str] = set()
    for node in ast.walk(TREES[MODULES[module]]):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {_module_in(name) for name in names}


def _module_in(name: str) -> str:
    """Return the module of a name that may be one, or may be something in one."""
    package, _, inner = name.partition(".")
    if package != PACKAGE.name:
        return package
    return f".{inner if inner in MODULES else inner.rpartition('.')[0]}"


def ours_imported_by(module: str) -> set[str]:
    return {name[1:] for name in imported_by(module) if name.startswith(".")} - {""}


def member_of(module: str) -> str:
    """Return the module or wing directly in the package."""
    return module.partition(".")[0]


def is_in(module: str, members: tuple[str, ...]) -> bool:
    return any(f"{module}.".startswith(f"{member}.") for member in members)


def test_every_member_of_the_package_has_a_layer() -> None:
    members = {member_of(module) for module in MODULES if module}
    assert sorted(members) == sorted(member for floor in FLOORS for member in floor)


def test_imports_go_to_lower_layers_only() -> None:
    floor_of = {member: number for number, floor in enumerate(FLOORS) for member in floor}
    assert [
        f"{module} imports {other}"
        for module in MODULES
        for other in ours_imported_by(module)
        if member_of(module) != member_of(other)
        and floor_of[member_of(module)] <= floor_of[member_of(other)]
    ] == []


def test_there_are_no_import_cycles() -> None:
    TopologicalSorter({module: ours_imported_by(module) for module in MODULES}).prepare()


def test_the_lowest_modules_import_the_standard_library_only() -> None:
    assert {
        module: others
        for module in STANDARD_LIBRARY_ONLY
        if (others := imported_by(module) - sys.stdlib_module_names)
    } == {}


@pytest.mark.parametrize("package", HOMES)
def test_a_third_party_package_is_imported_in_its_assigned_modules_only(package: str) -> None:
    importers = [module for module in MODULES if package in imported_by(module)]
    assert importers
    assert [module for module in importers if not is_in(module, HOMES[package])] == []


def test_every_third_party_package_has_assigned_modules() -> None:
    imported = {name for module in MODULES for name in imported_by(module) if "." not in name}
    foreign = imported - sys.stdlib_module_names - {""}
    assert sorted(foreign) == sorted(HOMES.keys() | AT_HOME_EVERYWHERE)


@pytest.mark.parametrize("wing", WINGS)
def test_subpackages_do_not_import_each_other(wing: str) -> None:
    others = tuple(other for other in WINGS if other != wing)
    assert [
        f"{module} imports {imported}"
        for module in MODULES
        if is_in(module, (wing,))
        for imported in ours_imported_by(module)
        if is_in(imported, (*others, "server", "demo", "cli"))
    ] == []


def test_private_members_of_the_sdk_are_used_in_one_module_only() -> None:
    touching = [m for m, file in MODULES.items() if "reportPrivateUsage" in file.read_text("utf-8")]
    assert touching == ["server.sdk"]


def test_only_the_command_line_prints() -> None:
    assert [
        module
        for module, file in MODULES.items()
        if not is_in(module, PRINTS)
        and any(isinstance(node, ast.Name) and node.id == "print" for node in ast.walk(TREES[file]))
    ] == []


def test_every_module_has_a_test_module() -> None:
    twins = {
        TESTS / file.relative_to(PACKAGE).with_name(f"test_{file.stem.strip('_')}.py")
        for file in MODULES.values()
        if file.stem != "__init__"
    }
    assert [str(twin.relative_to(TESTS)) for twin in sorted(twins) if not twin.exists()] == []


def test_no_file_is_longer_than_the_limit() -> None:
    lengths = {file: len(file.read_text("utf-8").splitlines()) for file in TREES}
    assert [f"{file}: {n}" for file, n in lengths.items() if n > LONGEST_FILE] == []


def test_no_function_is_longer_than_the_limit() -> None:
    assert [
        f"{file}: {function.name}: {lines}"
        for file, tree in TREES.items()
        for function, lines in _bodies(tree)
        if lines > LONGEST_BODY
    ] == []


def _bodies(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Give every function with the number of its lines after signature and docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            start = first.lineno - 1 if ast.get_docstring(node) is None else first.end_lineno
            yield node, (node.body[-1].end_lineno or 0) - (start or 0)


IMPORT_ALL: Final = """
import importlib, pathlib, sys

ours = pathlib.Path.cwd(), pathlib.Path(sys.argv[1])
touched = []

def note(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        file = pathlib.Path(arguments[0]).absolute()
        if file.suffix not in (".py", ".pyc") and any(file.is_relative_to(p) for p in ours):
            touched.append(f"open {file}")
    elif event in ("socket.__new__", "subprocess.Popen"):
        touched.append(event)

sys.addaudithook(note)
for module in sys.argv[2:]:
    importlib.import_module(module)
sys.exit(", ".join(touched) or None)
"""


def test_importing_the_package_has_no_side_effects() -> None:
    Path(".env").write_text("BINANCE_MCP_PORT=none", "utf-8")
    modules = [f"{PACKAGE.name}.{m}" for m in MODULES if m and m not in RUNS_WHEN_IMPORTED]
    ended = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_ALL, str(PACKAGE), *modules],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (ended.stderr, ended.stdout, ended.returncode) == ("", "", 0)
