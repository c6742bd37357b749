"""`python packaging/pypi_readme.py OWNER/NAME`: turn README.md into what a release shows on PyPI.

Its links lead to the files of the release, and it has the line by which the MCP Registry sees that
the distribution and the repository have one owner.
https://github.com/modelcontextprotocol/registry/blob/main/docs/modelcontextprotocol-io/package-types.mdx
"""

import re
import sys

from project import ROOT, read_project
from server_json import server_name


def pypi_readme(text: str, repository: str, version: str) -> str:
    """Return the text with absolute links, and the name of the server in the registry."""
    pages = f"https://github.com/{repository}/blob/v{version}/"
    pictures = f"https://raw.githubusercontent.com/{repository}/v{version}/"
    text = re.sub(r"(!\[[^]]*\]\()(?!https?://)", rf"\g<1>{pictures}", text)
    text = re.sub(r"((?<!!)\[[^]]*\]\()(?!https?://|#)", rf"\g<1>{pages}", text)
    return f"{text}\n<!-- mcp-name: {server_name(repository)} -->\n"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    changed = pypi_readme(readme.read_text("utf-8"), sys.argv[1], read_project().version)
    readme.write_text(changed, "utf-8")
