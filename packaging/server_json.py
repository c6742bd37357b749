"""`python packaging/server_json.py OWNER/NAME BUNDLE.mcpb`: print server.json for the MCP Registry.

It names what a release publishes: the distribution, the bundle, the container image.
https://github.com/modelcontextprotocol/registry/blob/main/docs/reference/server-json/generic-server-json.md
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Final

from project import Option, Project, options, read_project

_SCHEMA: Final = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"


def server_name(repository: str) -> str:
    """Return the registry's name of the server, which only the repository's owner may publish."""
    return f"io.github.{repository}"


def server_json(project: Project, repository: str, bundle: Path) -> dict[str, object]:
    """Return the registry's entry.

    The bundle is where the release of the version has it, with the checksum of `bundle`. A
    container has no files of the user's.
    """
    url = f"https://github.com/{repository}"
    stdio = {"type": "stdio"}
    return {
        "$schema": _SCHEMA,
        "name": server_name(repository),
        "title": project.title,
        "description": project.description,
        "repository": {"url": url, "source": "github"},
        "version": project.version,
        "packages": [
            {
                "registryType": "pypi",
                "identifier": project.name,
                "version": project.version,
                "runtimeHint": "uvx",
                "transport": stdio,
                "environmentVariables": [_variable(option) for option in options()],
            },
            {
                "registryType": "mcpb",
                "identifier": f"{url}/releases/download/v{project.version}/{bundle.name}",
                "fileSha256": hashlib.sha256(bundle.read_bytes()).hexdigest(),
                "transport": stdio,
            },
            {
                "registryType": "oci",
                "identifier": f"ghcr.io/{repository.lower()}:{project.version}",
                "runtimeHint": "docker",
                "transport": stdio,
                "environmentVariables": [_variable(o) for o in options() if not o.is_file],
            },
        ],
    }


def _variable(option: Option) -> dict[str, object]:
    variable: dict[str, object] = {"name": option.variable, "description": option.description}
    if option.is_secret:
        variable["isSecret"] = True
    if option.is_file:
        variable["format"] = "filepath"
    if option.choices:
        variable |= {"choices": option.choices, "default": option.default}
    return variable


if __name__ == "__main__":
    entry = server_json(read_project(), sys.argv[1], Path(sys.argv[2]))
    print(json.dumps(entry, indent=2))
