"""The JSON Schema of the policy document, for editors. It checks the shape, not every rule."""

import json

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from binance_mcp.policy.language.document import Document


class _Generator(GenerateJsonSchema):
    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Omit empty defaults."""
        said = super().default_schema(schema)
        if said.get("default") not in ("allow", "session"):
            said.pop("default", None)
        return said


def schema() -> str:
    """Return the schema as the text of `schema.json`: https://json-schema.org/draft/2020-12."""
    said = Document.model_json_schema(schema_generator=_Generator)
    return json.dumps({"$schema": _Generator.schema_dialect, **said}, indent=2) + "\n"
