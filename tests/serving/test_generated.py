"""What is generated from the schemas is up to date, and describes what is there."""

import ast
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from nightsieve.serving.contract.api import respond
from nightsieve.serving.contract.messages import Request
from nightsieve.serving.contract.preparation import prepare_model
from nightsieve.serving.generate import openapi, validators
from nightsieve.serving.generate.examples import (
    LABELS,
    PREDICTION_REQUESTS,
    PREDICTIONS,
    SERIAL,
)
from nightsieve.serving.generate.problems import KINDS
from nightsieve.serving.http import application
from nightsieve.serving.http.service import Service
from nightsieve.serving.options import ServeOptions
from tests.support import ROOT
from tests.support.schemas import SCHEMAS

SERVING = ROOT / "nightsieve" / "serving"
DOCUMENT = json.loads(openapi.DOCUMENT.read_text())


def test_the_validators_are_those_of_the_schemas():
    assert validators.MODULE.read_text() == validators.generate_validators()


def test_the_description_is_that_of_the_schemas_and_operations():
    assert openapi.DOCUMENT.read_text() == openapi.generate_description()


def test_the_description_is_valid_openapi():
    Draft202012Validator(OPENAPI_31).validate(DOCUMENT)
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_every_endpoint_is_described_with_its_scope(model_file):
    options = ServeOptions(model=model_file, tokens=Path("tokens.json"))
    service = Service(options)
    endpoints = {
        (endpoint.method, endpoint.path): endpoint.scope
        for resource in application._RESOURCES
        for endpoint in resource.endpoints(service)
    }
    routes = {route.path for route in application.create_application(options).routes}
    assert routes == {path for _, path in endpoints}
    described = {
        (method.upper(), path): scope_of(operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    }
    assert endpoints == described


def scope_of(operation) -> str | None:
    scopes = [scope for entry in operation["security"] for scope in entry["token"]]
    return scopes[0] if scopes else None


def contents():
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            if "requestBody" in operation:
                yield from operation["requestBody"]["content"].values()
            for response in operation["responses"].values():
                yield from response.get("content", {}).values()
    for response in DOCUMENT["components"]["responses"].values():
        yield from response["content"].values()


def test_every_body_of_ours_has_examples_that_fit_its_schema():
    bodies = [content for content in contents() if "schema" in content]
    assert len(bodies) > 10
    for body in bodies:
        schema = {**body["schema"], "components": DOCUMENT["components"]}
        assert body["examples"]
        for example in body["examples"].values():
            Draft202012Validator(schema).validate(example["value"])


def test_examples_of_predictions_are_what_the_example_model_answers():
    page = (ROOT / "docs" / "format.md").read_text()
    content = page.split("```json\n")[1].split("```")[0].encode()
    model = prepare_model(content, SERIAL)
    headers = {"content-type": "application/json"}
    for name, asked in PREDICTION_REQUESTS.items():
        body = json.dumps(asked).encode()
        answer = respond(model, Request("POST", "/v1/predictions", headers, body))
        assert json.loads(answer.body) == PREDICTIONS[name]
    answer = respond(model, Request("GET", "/v1/labels", {}, b""))
    assert json.loads(answer.body) == LABELS["two-labels"]


def problems_of(path: Path) -> set[tuple[int, str]]:
    """Return the status and name of each problem that a module makes."""
    problems = set()
    for call in ast.walk(ast.parse(path.read_text())):
        match call:
            case ast.Call(
                func=ast.Name("Problem"),
                args=[ast.Constant(int(status)), ast.Constant(str(name)), *_],
            ):
                problems.add((status, name))
    return problems


@pytest.mark.parametrize("path", sorted(SERVING.rglob("*.py")), ids=lambda p: p.stem)
def test_every_problem_is_of_a_described_kind(path):
    described = {(kind.status, kind.name) for kind in KINDS}
    assert problems_of(path) <= described
