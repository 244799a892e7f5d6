"""What is generated from the schemas is up to date, and describes what is there."""

import itertools
import json
from operator import attrgetter
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
from nightsieve.serving.generate.problems import HEADERS, KINDS
from nightsieve.serving.http import application
from nightsieve.serving.http.service import Service
from nightsieve.serving.options import ServeOptions
from tests.serving.raised_problems import raised_problems
from tests.support import ROOT
from tests.support.schemas import SCHEMAS

SERVING = ROOT / "nightsieve" / "serving"
DOCUMENT = json.loads(openapi.DOCUMENT.read_text())
PROBLEMS = list(
    itertools.chain.from_iterable(
        raised_problems(path)
        for path in sorted(SERVING.rglob("*.py"))
        if path.parent.name != "generate"  # it makes the examples
    )
)


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


def test_each_kind_of_problem_is_described_once():
    names = [kind.name for kind in KINDS]
    assert len(names) == len(set(names))


def test_each_problem_is_of_a_described_kind_and_each_kind_is_raised():
    raised = {(problem.status, problem.name) for problem in PROBLEMS}
    assert raised == {(kind.status, kind.name) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_example_of_a_kind_is_what_the_code_sends(kind):
    of_kind = [problem for problem in PROBLEMS if problem.name == kind.name]
    assert any(problem.has_detail(kind.detail) for problem in of_kind), of_kind


def test_problems_are_also_found_that_a_helper_function_makes(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        """
END = "; send it again"

def refuse(count):
    if count:
        raise made("no-room", f"more than {count:,} of them{END}")
    raise made("no-table", "there is no table")

def made(name, detail):
    return Problem(503, name, detail)
"""
    )
    no_room, no_table = sorted(raised_problems(module), key=attrgetter("name"))
    assert (no_room.status, no_room.name) == (503, "no-room")
    assert no_room.has_detail("more than 1,000 of them; send it again")
    assert not no_room.has_detail("there is no table")
    assert (no_table.status, no_table.name) == (503, "no-table")


def test_headers_of_a_status_are_sent_with_each_of_its_kinds():
    unheaded = [
        (problem.name, header)
        for problem in PROBLEMS
        for header in HEADERS.get(problem.status, ())
        if header not in problem.headers
    ]
    assert unheaded == []
