"""The JSON Schemas of the contract as jsonschema reads them, and bodies near them."""

import json
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from nightsieve.serving.contract.problems import json_pointer
from tests.support import ROOT

Json = Any
SCHEMAS = {
    path.name: json.loads(path.read_text())
    for path in (ROOT / "nightsieve/serving/contract/schemas").glob("*.json")
}
_REGISTRY: Registry[Json] = Registry().with_resources(
    (name, DRAFT202012.create_resource(schema)) for name, schema in SCHEMAS.items()
)
_CHARACTERS = st.characters(codec=None)  # lone surrogates too
_NAMES = st.sampled_from(["", ".", "a.b", "x[0]", "a/b", "~1", "\ud800", "{x}", "id"])
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_CHARACTERS, max_size=5),
    lambda values: (
        st.lists(values, max_size=2) | st.dictionaries(_NAMES, values, max_size=2)
    ),
    max_leaves=4,
)


def validator(name: str) -> Draft202012Validator:
    """Return jsonschema's validator for a schema of the contract."""
    return Draft202012Validator({"$ref": f"{name}.json"}, registry=_REGISTRY)


def wrong_pointers(name: str, value: Json) -> set[str]:
    """Return the pointers of all that is wrong with a value, by jsonschema."""
    pointers: set[str] = set()
    for error in validator(name).iter_errors(value):
        pointers |= {json_pointer(keys) for keys in _wrong_keys(error)}
    return pointers


def _wrong_keys(error: Any) -> list[list[str | int]]:
    path = list(error.absolute_path)
    match error.validator:
        case "required":
            fields = [
                name for name in error.validator_value if name not in error.instance
            ]
        case "additionalProperties":
            fields = [n for n in error.instance if n not in error.schema["properties"]]
        case _:
            return [path]
    return [[*path, field] for field in fields]


@st.composite
def near(draw: st.DrawFn, schema: Json) -> Json:
    """Draw a value that fits a schema, or fails in few places."""
    if draw(st.integers(0, 19)) == 0:
        return draw(JUNK)
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"]]
    match schema["type"]:
        case "object":
            return _near_object(draw, schema)
        case "array":
            return _near_array(draw, schema)
        case "string":
            return draw(_strings(schema))
        case "boolean":
            return draw(st.booleans())
        case "integer":
            return draw(_integers(schema))
    raise NotImplementedError(schema["type"])


def _near_object(draw: st.DrawFn, schema: Json) -> dict[str, Json]:
    value = {}
    for name, field in schema["properties"].items():
        chance = 19 if name in schema["required"] else 1
        if draw(st.integers(0, chance)) > 0:
            value[name] = draw(near(field))
    if draw(st.integers(0, 9)) == 0:
        value[draw(_NAMES)] = draw(JUNK)
    return value


def _near_array(draw: st.DrawFn, schema: Json) -> list[Json]:
    items = draw(st.lists(near(schema["items"]), max_size=4))
    if items and draw(st.integers(0, 19)) == 0:
        length = schema["maxItems"] + draw(st.integers(0, 1))
        items = (items * length)[:length]
    return items


def _strings(schema: Json) -> st.SearchStrategy[str]:
    at_bounds = [schema.get("minLength", 0), schema["maxLength"]]
    lengths = st.sampled_from([*at_bounds, schema["maxLength"] + 1])
    return st.text(_CHARACTERS, max_size=5) | lengths.map("\U0001f600".__mul__)


def _integers(schema: Json) -> st.SearchStrategy[float]:
    integers = st.integers(schema["minimum"] - 1, schema["maximum"] + 1)
    return integers | integers.map(float)
