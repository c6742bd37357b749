import re

from binance_mcp.settings import Settings
from tests.packaging.scripts import REPOSITORY, ROOT, run_script


def test_what_a_host_asks_is_described_in_the_words_of_the_settings() -> None:
    described = {
        str(field.validation_alias): (field.description or "").replace("`", "")
        for field in Settings.model_fields.values()
    }
    entry = run_script("server_json.py", REPOSITORY, ROOT / "LICENSE")
    asked = re.findall(r'"name": "(BINANCE_\w+)",\s+"description": "(.*)"', entry)
    assert {name for name, _ in asked} >= {"BINANCE_API_KEY", "BINANCE_ENVIRONMENT"}
    assert [(name, text) for name, text in asked if described[name] != text] == []


def test_the_documents_and_the_release_name_scripts_that_exist() -> None:
    files = [*ROOT.glob("packaging/*"), *ROOT.glob(".github/workflows/*")]
    text = "".join(file.read_text("utf-8") for file in files if file.is_file())
    named = set(re.findall(r"packaging/(\w+\.py)", text))
    assert named == {"bundles.py", "docker_catalogue.py", "pypi_readme.py"} | {
        "release_notes.py",
        "server_json.py",
    }
    assert [name for name in named if not (ROOT / "packaging" / name).exists()] == []
