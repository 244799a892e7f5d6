"""The JSON Schemas of the contract, as the generators read them."""

import json
from pathlib import Path

from nightsieve.serving.contract.messages import Json

SCHEMAS = Path(__file__).parent.parent / "contract" / "schemas"
_SUFFIX = ".json"


def schema_names() -> list[str]:
    """Return the names of all schemas, such as ``prediction-request``."""
    return sorted(path.stem for path in SCHEMAS.glob(f"*{_SUFFIX}"))


def read_schema(name: str) -> Json:
    """Return a schema as its file has it; it refers to others by their files."""
    return json.loads((SCHEMAS / f"{name}{_SUFFIX}").read_text())


def referred_name(reference: str) -> str:
    """Return the name of the schema that a ``$ref`` refers to."""
    return reference.removesuffix(_SUFFIX)


def whole_schema(name: str) -> Json:
    """Return a schema with those that it refers to in their places."""
    return _inlined(read_schema(name))


def _inlined(value: Json) -> Json:
    if isinstance(value, list):
        return [_inlined(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return whole_schema(referred_name(value["$ref"]))
    return {key: _inlined(item) for key, item in value.items()}
