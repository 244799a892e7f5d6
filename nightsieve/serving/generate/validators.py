"""Python code that validates the bodies of requests."""

import json
from pathlib import Path

import fastjsonschema

from nightsieve.serving.contract.messages import Json

SCHEMAS = Path(__file__).parent.parent / "contract" / "schemas"
MODULE = SCHEMAS.parent / "validators.py"

_HEADER = '''"""Generated from ``schemas/``: python -m nightsieve.serving.generate."""

import re
from decimal import Decimal

from nightsieve.serving.contract.validation import JsonSchemaValueException

NoneType = type(None)
'''
# What the library writes before the first function imports the library itself.
_PREAMBLE_END = "NoneType = type(None)\n"
#: Keywords that check nothing. Each error would carry their text along.
_ANNOTATIONS = {"$schema", "title", "description", "default", "examples"}


def generate_validators() -> str:
    """Return a module with a function ``validate_<schema>`` for each request."""
    parts = [_HEADER]
    for path in sorted(SCHEMAS.glob("*-request.json")):
        schema = _without_annotations(json.loads(path.read_text()))
        code = fastjsonschema.compile_to_code(schema, use_default=False)
        _, _, functions = code.partition(_PREAMBLE_END)
        name = path.stem.replace("-", "_")
        parts.append(functions.replace("def validate(", f"def validate_{name}("))
    return "\n".join(parts)


def _without_annotations(schema: Json, names_are_fields: bool = False) -> Json:
    if isinstance(schema, list):
        return list(map(_without_annotations, schema))
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for name, value in schema.items():
        # Below "properties", names are those of fields, whatever they are.
        if names_are_fields or name not in _ANNOTATIONS:
            below_fields = name == "properties" and not names_are_fields
            kept[name] = _without_annotations(value, names_are_fields=below_fields)
    return kept
