"""`python packaging/docker_catalogue.py OWNER/NAME COMMIT`: print an entry for Docker's catalogue.

It is proposed as servers/binance-listen-key/server.yaml in https://github.com/docker/mcp-registry,
where Docker builds the image from that commit. Files are left out: a container has none of the
user's.
"""

import json
import sys
from typing import Final

from project import Option, Project, options, read_project

NAME: Final = "binance-listen-key"


def server_yaml(project: Project, repository: str, commit: str) -> str:
    """Return the entry, in YAML as the catalogue's checks want it."""
    asked = [option for option in options() if not option.is_file]
    secrets = "".join(_secret(option) for option in asked if option.is_secret)
    plain = [option for option in asked if not option.is_secret]
    return f"""\
name: {NAME}
image: mcp/{NAME}
type: server
meta:
  category: finance
  tags:
    - finance
    - binance
    - futures
about:
  title: {project.title}
  description: {json.dumps(project.description)}
source:
  project: https://github.com/{repository}
  commit: {commit}
  dockerfile: packaging/Dockerfile
config:
  description: Credentials of the account. The sandbox needs none.
  secrets:
{secrets}  env:
{"".join(_environment(option) for option in plain)}  parameters:
    type: object
    properties:
{"".join(_parameter(option) for option in plain)}"""


def _secret(option: Option) -> str:
    return f"""\
    - name: {NAME}.{option.key}
      env: {option.variable}
      example: <{option.variable}>
"""


def _environment(option: Option) -> str:
    return f"""\
    - name: {option.variable}
      example: {option.default}
      value: "{{{{{NAME}.{option.key}}}}}"
"""


def _parameter(option: Option) -> str:
    choices = "".join(f"          - {choice}\n" for choice in option.choices)
    return f"""\
      {option.key}:
        type: string
        default: {option.default}
        enum:
{choices}"""


if __name__ == "__main__":
    print(server_yaml(read_project(), sys.argv[1], sys.argv[2]), end="")
