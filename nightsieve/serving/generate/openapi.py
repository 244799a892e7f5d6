"""The description of the service in OpenAPI 3.1.

References
----------
OpenAPI Specification 3.1.1.
"""

import json

from nightsieve.serving.contract.messages import Json
from nightsieve.serving.contract.problems import PROBLEM_TYPE
from nightsieve.serving.generate.operations import (
    DESCRIBED,
    GROUPS,
    Content,
    DescribedOperation,
    Parameter,
)
from nightsieve.serving.generate.problems import HEADERS, Kind, kinds_of
from nightsieve.serving.generate.schemas import (
    SCHEMAS,
    read_schema,
    referred_name,
    schema_names,
)

DOCUMENT = SCHEMAS.parent.parent / "openapi.json"

#: The version of the contract; its first number is that of the paths.
_VERSION = "1.0.0"
_SECURITY = "token"
_DESCRIPTION = (
    "Labels messages with the model that Nightsieve published last, and takes "
    "corrections.\n\n"
    "Every request that is not answered as it was asked gets a problem document (RFC "
    "9457). Its `type` tells kinds of problems apart and its `detail` says what would "
    "be right; for a body that does not fit, `errors` points to the field. Bodies with "
    "unknown fields are refused. Answers may gain fields: ignore those that you do not "
    "know."
)

_HEADERS = {
    "WWW-Authenticate": "The scheme, `Bearer`, and an error of the token (RFC 6750).",
    "Accept": "The media type that the resource reads.",
    "Accept-Encoding": "The content codings that the resource reads.",
    "Retry-After": "After how many seconds another request makes sense.",
    "ETag": "Identifies these bytes; send it back as `If-None-Match`.",
    "Cache-Control": "How long the answer may be kept.",
}
_ETAG_HEADERS = ("ETag", "Cache-Control")
_IF_NONE_MATCH = Parameter(
    "If-None-Match",
    "header",
    "The ETag of the bytes that the client has: if they are still the same, the "
    "answer is 304 without a body.",
    {"type": "string"},
)


def generate_description() -> str:
    """Return the description as JSON."""
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Nightsieve",
            "version": _VERSION,
            "summary": "Labels for messages, from the model of last night.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This service."}],
        "tags": [
            {"name": name, "description": description}
            for name, description in GROUPS.items()
        ],
        "paths": _paths(),
        "components": {
            "schemas": {_title(name): _component(name) for name in schema_names()},
            "responses": _problem_responses(),
            "headers": {
                name: {"description": description, "schema": {"type": "string"}}
                for name, description in _HEADERS.items()
            },
            "securitySchemes": {_SECURITY: _security_scheme()},
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _paths() -> Json:
    paths: dict[str, dict[str, Json]] = {}
    for operation in DESCRIBED:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: DescribedOperation) -> Json:
    parameters = list(operation.parameters)
    if operation.has_etag:
        parameters.append(_IF_NONE_MATCH)
    description: dict[str, Json] = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": operation.description,
        "security": [],
    }
    if operation.scope is not None:
        description["security"] = [{_SECURITY: [operation.scope]}]
    if parameters:
        description["parameters"] = [_parameter(parameter) for parameter in parameters]
    if operation.request is not None:
        description["requestBody"] = {
            "required": True,
            "content": _contents((operation.request,)),
        }
    description["responses"] = _responses(operation)
    return description


def _responses(operation: DescribedOperation) -> Json:
    headers = _ETAG_HEADERS if operation.has_etag else ()
    answer = {
        "description": operation.answer,
        **_headers(headers),
        "content": _contents(operation.answers),
    }
    responses: dict[str, Json] = {"200": answer}
    if operation.created is not None:
        responses["201"] = {**answer, "description": operation.created}
    if operation.has_etag:
        responses["304"] = {
            "description": "The client has these bytes already.",
            **_headers(headers),
        }
    for status in sorted(operation.problems):
        name = _problem_name(status, operation.group)
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return responses


def _problem_responses() -> Json:
    return {
        _problem_name(status, operation.group): _problem(status, operation.group)
        for operation in DESCRIBED
        for status in sorted(operation.problems)
    }


def _problem(status: int, group: str) -> Json:
    kinds = kinds_of(status, group)
    examples = {kind.name: kind.example() for kind in kinds}
    content = Content(PROBLEM_TYPE, "problem", examples)
    return {
        "description": "\n".join(map(_meaning, kinds)),
        **_headers(HEADERS.get(status, ())),
        "content": _contents((content,)),
    }


def _meaning(kind: Kind) -> str:
    return f"- `{kind.name}`: {kind.when}"


def _problem_name(status: int, group: str) -> str:
    is_of_group = any(kind.only_for == group for kind in kinds_of(status, group))
    return f"Problem{status}{group if is_of_group else ''}"


def _headers(names: tuple[str, ...]) -> Json:
    if not names:
        return {}
    references = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"headers": references}


def _parameter(parameter: Parameter) -> Json:
    description: dict[str, Json] = {
        "name": parameter.name,
        "in": parameter.location,
        "description": parameter.description,
        "required": parameter.location == "path",
        "schema": parameter.schema,
    }
    if parameter.example is not None:
        description["example"] = parameter.example
    return description


def _contents(contents: tuple[Content, ...]) -> Json:
    return {content.media_type: _content(content) for content in contents}


def _content(content: Content) -> Json:
    media: dict[str, Json] = {}
    if content.schema is not None:
        media["schema"] = {"$ref": _reference(content.schema)}
    if content.examples:
        media["examples"] = {
            name: {"summary": name.replace("-", " "), "value": value}
            for name, value in content.examples.items()
        }
    return media


def _security_scheme() -> Json:
    return {
        "type": "http",
        "scheme": "bearer",
        "description": (
            "A token of `nightsieve serve token new`. Its scopes are `predict` "
            "(predictions and labels), `correct` (corrections) and `models` (published "
            "models and their files). A service without tokens needs none."
        ),
    }


def _component(name: str) -> Json:
    schema = read_schema(name)
    del schema["$schema"]
    return _with_references(schema)


def _with_references(value: Json) -> Json:
    if isinstance(value, list):
        return [_with_references(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return {"$ref": _reference(referred_name(value["$ref"]))}
    return {key: _with_references(item) for key, item in value.items()}


def _reference(name: str) -> str:
    return f"#/components/schemas/{_title(name)}"


def _title(name: str) -> str:
    title: str = read_schema(name)["title"]
    return title
