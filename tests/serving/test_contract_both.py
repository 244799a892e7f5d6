"""One contract: the service and the Lambda function answer with the same bytes."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightsieve.serving.aws_lambda import handler as handler_module
from nightsieve.serving.aws_lambda.handler import Handler
from nightsieve.serving.contract.api import OPERATIONS
from nightsieve.serving.contract.messages import JSON_TYPE
from nightsieve.serving.contract.preparation import prepare_model
from tests.support.exported_models import SENTENCES
from tests.support.lambda_events import alb_event, v1_event, v2_event
from tests.support.services import serving

JSON_HEADERS = {"Content-Type": JSON_TYPE}
PREDICTIONS = "/v1/predictions"
#: Headers that are part of an answer, whatever carries it.
ANSWER_HEADERS = (
    "content-type",
    "allow",
    "accept",
    "accept-encoding",
    "retry-after",
    "cache-control",
    "x-content-type-options",
)


class Asked(NamedTuple):
    """A request, and the status that it must get."""

    status: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Received(NamedTuple):
    """What a client gets."""

    status: int
    headers: dict[str, str]
    body: bytes


def post(status: int, body: bytes | Any, content_type: str = JSON_TYPE) -> Asked:
    headers = {"Content-Type": content_type}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Asked(status, "POST", PREDICTIONS, headers, content)


def encoded(status: int, body: Any, coding: str) -> Asked:
    asked = post(status, body)
    return asked._replace(headers={**asked.headers, "Content-Encoding": coding})


def messages(*texts: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"text": text} for text in texts], **more}


REQUESTS = {
    "one message": post(200, messages("free prize")),
    "texts in many scripts": post(200, messages(*SENTENCES.values())),
    "UTF-8 that is not escaped": post(200, '{"messages":[{"text":"ñ😀"}]}'.encode()),
    "a lone surrogate and NUL": post(200, messages("a\ud800 prize\0 code \udc00")),
    "no text": post(200, messages("")),
    "thresholds and terms": post(
        200, messages(*SENTENCES.values(), thresholds=True, explain=5)
    ),
    "ids come back": post(
        200, {"messages": [{"id": "1", "text": "a"}, {"id": "1\ud83d", "text": "b"}]}
    ),
    "1,000 messages": post(200, messages(*["free prize"] * 1000)),
    "a charset": post(
        200, messages("free"), content_type="Application/JSON; charset=utf-8"
    ),
    "labels": Asked(200, "GET", "/v1/labels", {}, b""),
    "an escaped path": Asked(200, "GET", "/v1/label%73", {}, b""),
    "alive": Asked(200, "GET", "/health/live", {}, b""),
    "1,001 messages": post(422, messages(*["free prize"] * 1001)),
    "an empty list": post(422, messages()),
    "a long text": post(422, messages("x" * 100_001)),
    "not a text": post(422, {"messages": [{"text": "a"}, {"text": 1}]}),
    "an unknown field": post(422, messages("a", lang="en")),
    "a missing field": post(422, {"messages": [{"id": "1"}]}),
    "too many terms": post(422, messages("a", explain=101)),
    "a boolean for a number": post(422, messages("a", explain=True)),
    "a list": post(422, [1]),
    "null": post(422, b"null"),
    "no body": post(400, b""),
    "half a body": post(400, b'{"messages":'),
    "not a number": post(400, b'{"messages":[],"explain":NaN}'),
    "not UTF-8": post(400, b'{"messages":[{"text":"\xff"}]}'),
    "not declared as JSON": post(415, messages("a"), content_type="text/plain"),
    "only the head": Asked(200, "HEAD", "/v1/labels", {}, b""),
    "only the head of nothing": Asked(404, "HEAD", "/v1/nothing", {}, b""),
    "the methods of predictions": Asked(204, "OPTIONS", PREDICTIONS, {}, b""),
    "the methods of labels": Asked(204, "OPTIONS", "/v1/labels", {}, b""),
    "the methods of nothing": Asked(404, "OPTIONS", "/v1/nothing", {}, b""),
    "a field twice": post(400, b'{"messages":[],"messages":[]}'),
    "another charset": post(
        415, messages("a"), content_type="application/json; charset=latin-1"
    ),
    "a compressed body": encoded(415, messages("a"), "gzip"),
    "a body that is not compressed": encoded(200, messages("a"), "Identity"),
    "no resource": Asked(404, "GET", "/v2/predictions", {}, b""),
    "the root": Asked(404, "GET", "/", {}, b""),
    "a slash too many": Asked(404, "GET", "/v1/labels/", {}, b""),
    "another method": Asked(405, "DELETE", PREDICTIONS, {}, b""),
    "another method of labels": Asked(405, "PUT", "/v1/labels", {}, b""),
    "another method of health": Asked(405, "POST", "/health/live", {}, b""),
}

KEYS = st.sampled_from(
    [
        "requestContext",
        "http",
        "httpMethod",
        "method",
        "path",
        "rawPath",
        "headers",
        "multiValueHeaders",
        "body",
        "isBase64Encoded",
        "stage",
        "messages",
        "text",
    ]
)
#: Events of any shape, with the names that mean something.
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("/v1"),
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=5)
    ),
    max_leaves=12,
)

#: What a direct invocation may be given as its event.
BODIES = {
    "one message": messages("free prize"),
    "terms": messages(*SENTENCES.values(), thresholds=True, explain=5),
    "an id": {"messages": [{"id": "1😀", "text": "a\ud800"}]},
    "an empty list": messages(),
    "an unknown field": messages("a", lang="en"),
    "an object without fields": {},
    "a list": [1],
    "nothing": None,
    "NaN": messages("a", explain=float("nan")),
}

Client = Callable[[Asked], Received]


@pytest.fixture(scope="module")
def service(
    model_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """Return what asks the service."""
    log = tmp_path_factory.mktemp("service") / "log"
    with (
        serving("--model", str(model_file), environment={}, log=log) as (address, _),
        httpx.Client(base_url=address) as http,
    ):

        def ask(asked: Asked) -> Received:
            answer = http.request(
                asked.method, asked.path, headers=asked.headers, content=asked.body
            )
            return Received(answer.status_code, dict(answer.headers), answer.content)

        yield ask


@pytest.fixture(scope="module")
def handler(model_content: bytes) -> Handler:
    """Return the handler; a model file that is served has no serial either."""
    return Handler(prepare_model(model_content))


def through(handler: Handler, event: dict[str, Any]) -> Received:
    """Return what the client of the function gets for an event that went over JSON."""
    response = handler(json.loads(json.dumps(event)))
    headers = {name.lower(): value for name, value in response["headers"].items()}
    assert response["isBase64Encoded"] is False
    return Received(response["statusCode"], headers, response["body"].encode())


@pytest.fixture(
    params=[
        pytest.param(v1_event, id="REST API"),
        pytest.param(v2_event, id="HTTP API"),
        pytest.param(alb_event, id="load balancer"),
    ]
)
def function(request, handler: Handler) -> Client:
    """Return what asks the function, by each event that carries a request."""

    def ask(asked: Asked) -> Received:
        _, *of_the_request = asked
        return through(handler, request.param(*of_the_request))

    return ask


@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS)
def test_the_service_and_the_function_give_the_same_answer(asked, service, function):
    by_service = service(asked)
    by_function = function(asked)
    assert by_service.status == asked.status
    assert by_function.status == asked.status
    assert by_function.body == by_service.body
    for name in ANSWER_HEADERS:
        assert by_function.headers.get(name) == by_service.headers.get(name), name


def test_the_methods_of_a_refusal_are_those_of_options(service):
    refused = service(REQUESTS["another method of labels"])
    assert refused.headers["allow"] == "GET, HEAD"
    assert service(REQUESTS["the methods of labels"]).headers["allow"] == (
        "GET, HEAD, OPTIONS"
    )


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_direct_invocation_has_the_json_of_the_same_answer(body, service, handler):
    by_service = service(post(0, body))
    assert handler(body) == json.loads(by_service.body)


def test_a_direct_invocation_refuses_an_id_that_aws_cannot_return(handler):
    problem = handler({"messages": [{"text": "a"}, {"id": "\ud83d", "text": "a"}]})
    assert problem["status"] == 422
    assert problem["errors"][0]["pointer"] == "/messages/1/id"


@pytest.mark.parametrize("prefix", ["", "/prod", "/nightsieve", "/prod/nightsieve"])
def test_a_stage_and_a_base_path_are_no_part_of_the_path(prefix, model_content):
    handler = Handler(prepare_model(model_content), base_path="/nightsieve/")
    event = v2_event("GET", f"{prefix}/v1/labels", {}, b"")
    event["requestContext"]["stage"] = "prod"
    assert through(handler, event).status == 200


def test_a_stage_may_have_the_name_of_a_version(handler):
    for path in ("/v1/labels", "/v1/v1/labels"):
        event = v2_event("GET", path, {}, b"")
        event["requestContext"]["stage"] = "v1"
        assert through(handler, event).status == 200


def test_a_body_in_base64_is_the_body(handler):
    asked = REQUESTS["texts in many scripts"]
    event = v2_event(asked.method, asked.path, asked.headers, asked.body)
    encoded = base64.b64encode(asked.body).decode()
    in_base64 = event | {"body": encoded, "isBase64Encoded": True}
    assert through(handler, in_base64) == through(handler, event)


def test_a_load_balancer_with_lists_of_headers_gets_lists_back(handler):
    event = alb_event("DELETE", PREDICTIONS, {}, b"")
    event["multiValueHeaders"] = {"accept": ["*/*"]}
    del event["headers"]
    response = handler(event)
    assert response["multiValueHeaders"]["Allow"] == ["POST"]


WRONG_EVENTS = {
    "no method": {"requestContext": {"http": {}}, "rawPath": "/v1/labels"},
    "no path": {"httpMethod": "GET"},
    "context is a text": {"requestContext": "a", "rawPath": "/"},
    "headers are a list": {"httpMethod": "GET", "path": "/", "headers": [1]},
    "body is an object": {"httpMethod": "GET", "path": "/", "body": {}},
    "not Base64": {
        "httpMethod": "POST",
        "path": PREDICTIONS,
        "body": "canary",
        "isBase64Encoded": True,
    },
    "a web socket": {"requestContext": {"routeKey": "$connect", "stage": "prod"}},
}


@pytest.mark.parametrize("event", WRONG_EVENTS.values(), ids=WRONG_EVENTS)
def test_an_event_of_another_kind_is_a_problem(event, handler):
    received = through(handler, event)
    assert received.status == 400
    assert json.loads(received.body)["type"].endswith(":not-an-event")


def test_an_answer_that_aws_would_refuse_is_a_problem(model):
    scorer = model.scorer
    text = " ".join(scorer.terms)
    many = messages(*[text] * 1000, explain=100)
    event = v2_event("POST", PREDICTIONS, JSON_HEADERS, json.dumps(many).encode())
    received = through(Handler(model), event)
    assert received.status == 422
    assert json.loads(received.body)["type"].endswith(":answer-too-long")
    assert Handler(model)(many)["status"] == 422


def test_a_defect_is_a_problem_and_its_log_has_no_text(handler, monkeypatch, capsys):
    def fail(*_: object) -> None:
        raise ValueError("canary in a message")

    monkeypatch.setattr("nightsieve.serving.aws_lambda.handler.respond", fail)
    received = through(handler, v2_event("GET", "/v1/labels", {}, b""))
    assert received.status == 500
    assert handler(messages("canary"))["status"] == 500
    log = capsys.readouterr().err
    assert "handler.py" in log
    assert "ValueError" in log
    assert "canary" not in log + received.body.decode()


def test_a_path_with_two_operations_has_both_methods(monkeypatch):
    second = OPERATIONS[0]._replace(method="GET")
    monkeypatch.setattr(handler_module, "OPERATIONS", (*OPERATIONS, second))
    assert handler_module._methods_by_path()[PREDICTIONS] == ["POST", "GET"]


@given(event=JSON_VALUES)
def test_no_event_is_a_defect(event, handler):
    response = handler(event)
    assert response.get("status", response.get("statusCode")) in (400, 404, 405, 422)
