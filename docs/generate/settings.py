"""Every setting, from config/pipeline.yaml and the classes of its sections.

The file gives names, defaults and meanings; the classes give types and bounds.
"""

import re
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from pipeline.config.defaults import DEFAULTS
from pipeline.config.settings import Settings
from pipeline.config.settings.labelling import Rule

# A JSON Schema as pydantic writes it.
JsonSchema = dict[str, Any]
JsonSchemas = dict[str, JsonSchema]

WIDTH = 100
# What the file says in another way than the classes: a folder that is read into rules.
_TYPES = {"labelling.rules": "path of a folder"}
_LABEL_PATTERN = Settings.model_json_schema()["$defs"]["Rule"]["properties"]["label"][
    "pattern"
]
_COMMENT = re.compile(r"(?:^|\s)# ?(?P<text>.*)$")
_PLURALS = {
    "integer": "integers",
    "label": "labels",
    "number": "numbers",
    "pair": "pairs",
    "text": "texts",
}
_NAMES = {
    "boolean": "true or false",
    "integer": "integer",
    "null": "null",
    "number": "number",
}


class Setting(NamedTuple):
    """A setting of config/pipeline.yaml.

    Attributes
    ----------
    path
        As ``--patch`` takes it.
    default
        As YAML; None for a section, which has settings below it.
    meaning
        The comment of the file; empty where there is none.
    """

    path: str
    type: str
    default: str | None
    meaning: str


def settings_page() -> str:
    """Return the list of all settings as Markdown, a heading for each section."""
    lines = []
    for setting in read_settings():
        if "." not in setting.path and setting.default is None:
            lines += [f"## {setting.path}", ""]
            if setting.meaning:
                lines += [*_wrapped(setting.meaning), ""]
            continue
        lines += _entry(setting)
    return "\n".join(lines).rstrip() + "\n"


def rule_fields() -> str:
    """Return the fields of a rule as a table in Markdown."""
    schema = Rule.model_json_schema()
    rows = ["| field | type | default |", "| --- | --- | --- |"]
    for name, field in schema["properties"].items():
        if name == "label":  # the folder or the file says it
            continue
        default = f"`{field['default']}`" if "default" in field else "required"
        rows.append(f"| `{name}` | {describe_type(field, {})} | {default} |")
    return "\n".join(rows) + "\n"


def read_settings() -> list[Setting]:
    """Return every setting and section, in the order of the file."""
    text = DEFAULTS.read_text(encoding="utf-8")
    lines = text.splitlines()
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    schema = Settings.model_json_schema()
    return list(_walk(root, schema, schema["$defs"], lines, ""))


def describe_type(schema: JsonSchema, definitions: JsonSchemas) -> str:
    """Return the type and the bounds of a JSON Schema in words."""
    schema = _resolved(schema, definitions)
    if "anyOf" in schema:
        parts = [describe_type(part, definitions) for part in schema["anyOf"]]
        return " or ".join(parts)
    kind = schema["type"]
    if kind == "array":
        return _describe_list(schema, definitions)
    if kind == "object":
        return _describe_mapping(schema, definitions)
    if kind == "string":
        return _describe_text(schema)
    return f"{_NAMES[kind]}{_bounds(schema)}"


def _walk(
    node: yaml.MappingNode,
    schema: JsonSchema,
    definitions: JsonSchemas,
    lines: list[str],
    prefix: str,
) -> Iterator[Setting]:
    schema = _resolved(schema, definitions)
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        field = schema["properties"][key.value]
        meaning = comment_of(lines, key.start_mark.line)
        section = _section_of(field, definitions)
        if isinstance(value, yaml.MappingNode) and section and not value.flow_style:
            yield Setting(path, "", None, meaning)
            yield from _walk(value, section, definitions, lines, f"{path}.")
            continue
        kind = _TYPES.get(path) or describe_type(field, definitions)
        if path == "training.search.grids":
            yield Setting(path, "list of grids", None, meaning)
            yield from _grid(value, field, definitions, lines, path)
            continue
        yield Setting(path, kind, _source(value, lines), meaning)


def _grid(
    grids: yaml.SequenceNode,
    field: JsonSchema,
    definitions: JsonSchemas,
    lines: list[str],
    path: str,
) -> Iterator[Setting]:
    """Yield the settings of a grid, each where the file has it first."""
    properties = _resolved(field["items"], definitions)["properties"]
    meanings: dict[str, str] = {}
    for grid in grids.value:
        for key, _ in grid.value:
            comment = comment_of(lines, key.start_mark.line)
            meanings.setdefault(key.value, comment)
    for name, meaning in meanings.items():
        # ``C`` or ``alpha``: a grid has one of them and leaves the other out.
        schema = properties[name].get("anyOf", [properties[name]])[0]
        kind = describe_type(schema, definitions)
        yield Setting(f"{path}[].{name}", kind, "", meaning)


def comment_of(lines: list[str], line: int) -> str:
    """Return the comment of a key: above it, at its indentation, or behind it."""
    behind = _COMMENT.search(lines[line])
    if behind:
        return behind["text"].strip()
    indent = _indent(lines[line])
    above: list[str] = []
    index = line - 1
    while index >= 0 and _is_comment(lines[index], indent):
        above.insert(0, lines[index].strip().removeprefix("#").strip())
        index -= 1
    return " ".join(above)


def _is_comment(line: str, indent: int) -> bool:
    return line.lstrip().startswith("#") and _indent(line) == indent


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _section_of(field: JsonSchema, definitions: JsonSchemas) -> JsonSchema | None:
    """Return the schema of a section, which may be null instead; else None."""
    for candidate in field.get("anyOf", [field]):
        resolved = _resolved(candidate, definitions)
        if "properties" in resolved:
            return resolved
    return None


def _resolved(schema: JsonSchema, definitions: JsonSchemas) -> JsonSchema:
    if "$ref" not in schema:
        return schema
    return definitions[schema["$ref"].rsplit("/", 1)[1]]


def _describe_list(schema: JsonSchema, definitions: JsonSchemas) -> str:
    if "prefixItems" in schema:
        return "pair of integers"
    words = describe_type(schema["items"], definitions).split(" ")
    if "or" in words:
        return f"list, each item {' '.join(words)}"
    noun = _PLURALS.get(words[0], words[0])
    return " ".join(["list of", noun, *words[1:]])


def _describe_text(schema: JsonSchema) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return _one_of(schema["enum"])
    if schema.get("format") == "date":
        return "date"
    return "label" if schema.get("pattern") == _LABEL_PATTERN else "text"


def _describe_mapping(schema: JsonSchema, definitions: JsonSchemas) -> str:
    values = list(schema.get("patternProperties", {}).values())
    if isinstance(schema.get("additionalProperties"), dict):
        values.append(schema["additionalProperties"])
    if values:
        (value,) = values
        value_type = describe_type(value, definitions)
        article = "a " if value_type.startswith("list") else ""
        return f"mapping of a label to {article}{value_type}"
    fields = [
        f"`{name}`: {describe_type(field, definitions)}"
        for name, field in schema["properties"].items()
    ]
    return f"{{{', '.join(fields)}}}"


def _one_of(values: list[str]) -> str:
    quoted = [f"`{value}`" for value in values]
    return (
        quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    )


def _bounds(schema: JsonSchema) -> str:
    """Return the bounds of a number, as in `` from 1 to 64``."""
    low = schema.get("minimum")
    above = schema.get("exclusiveMinimum")
    high = schema.get("maximum")
    below = schema.get("exclusiveMaximum")
    if schema["type"] == "integer" and below is not None:
        high = below - 1
        below = None
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    bounds = {"at least": low, "above": above, "at most": high, "below": below}
    phrases = [
        f"{words} {bound:,}" for words, bound in bounds.items() if bound is not None
    ]
    return f" {' and '.join(phrases)}" if phrases else ""


def _source(node: yaml.Node, lines: list[str]) -> str:
    """Return a value as the file has it, on one line."""
    line = lines[node.start_mark.line]
    return line[node.start_mark.column : node.end_mark.column].strip()


def _entry(setting: Setting) -> list[str]:
    if setting.default is None and not setting.type:
        if not setting.meaning:
            return []
        return [*_wrapped(f"`{setting.path}`: {setting.meaning}"), ""]
    parts = [f"- **`{setting.path}`**", setting.type]
    if setting.default:
        parts.append(f"default `{setting.default}`")
    first = _wrapped(", ".join(parts) + "\\", "", "  ")
    return [*first, *_wrapped(setting.meaning, "  ", "  "), ""]


def _wrapped(text: str, first_indent: str = "", indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first_indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
