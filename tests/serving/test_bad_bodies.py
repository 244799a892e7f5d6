"""What is not a body of the contract is refused with the right status and name."""

import json

import pytest

from nightsieve.serving.contract.api import respond
from nightsieve.serving.contract.messages import Request
from tests.support.schemas import validator

JSON_TYPE = "application/json"
MESSAGES = b'{"messages":[{"text":"a"}]}'
NESTED = b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def ask(model, body: bytes, content_type: str = JSON_TYPE, method="POST"):
    headers = {"content-type": content_type}
    return respond(model, Request(method, "/v1/predictions", headers, body))


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 400, "is empty"),
        (b"  ", 400, "is not JSON at character 2"),
        (b"{'messages': []}", 400, "is not JSON at character 1"),
        (MESSAGES + b"{}", 400, "is not JSON at character 27"),
        (b'{"messages":[{"text":"\xff"}]}', 400, "is not UTF-8 at byte 22"),
        (b'{"messages":[{"text":"\xed\xa0\x80"}]}', 400, "is not UTF-8 at byte 22"),
        (MESSAGES.decode().encode("utf-16"), 400, "is not UTF-8 at byte 0"),
        (MESSAGES.decode().encode("utf-16-le"), 400, "is not JSON at character 1"),
        (b"\xef\xbb\xbf" + MESSAGES, 400, "begins with a byte order mark"),
        (b'{"explain":1,"explain":2}', 400, "has a field twice"),
        (b'{"explain":NaN}', 400, "has the number NaN, which JSON does not have"),
        (b'{"explain":-Infinity}', 400, "has the number -Infinity, which JSON"),
        (b'{"explain":1' + b"0" * 5000 + b"}", 400, "more than 1,000 digits"),
        (NESTED, 400, "is nested too deep"),
        (MESSAGES[:-1] + b',"explain":1' + b"0" * 900 + b"}", 422, "100 or less"),
        (MESSAGES[:-1] + b',"explain":1e999}', 422, "must be an integer"),
        (MESSAGES[:-1] + b',"explain":5.5}', 422, "must be an integer"),
        (MESSAGES[:-1] + b',"thresholds":"yes"}', 422, "must be true or false"),
        (b"[]", 422, "must be an object"),
        (b"null", 422, "must be an object"),
        (b'{"messages":[]}', 422, "must have at least 1 item"),
        (b"{}", 422, ": /messages is missing; add it"),
        (b'{"messages":[{"id":"a"}]}', 422, ": /messages/0/text is missing; add it"),
        (
            b'{"messages":[{"text":"a","colour":1}]}',
            422,
            ": /messages/0 has an unknown field; use id, text",
        ),
        (b'{"messages":[],"colour":1}', 422, "must have at least 1 item"),
        (b'{"messages":[{"text":"a"}],"a":1}', 422, ": it has an unknown field; use"),
    ],
)
def test_a_bad_body_is_a_problem_that_says_what_would_be_right(
    model, body, status, detail
):
    answer = ask(model, body)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = json.loads(answer.body)
    validator("problem").validate(document)
    assert detail in document["detail"]
    assert "colour" not in document["detail"]
    assert document["title"] == ("Not JSON" if status == 400 else "Invalid body")
    assert ("errors" in document) == (status == 422)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/jsonx", "application/json; charset=utf-16"],
)
def test_a_body_that_is_not_declared_as_json_is_refused(model, content_type):
    answer = ask(model, MESSAGES, content_type)
    assert (answer.status, answer.headers["Accept"]) == (415, JSON_TYPE)


@pytest.mark.parametrize(
    "content_type",
    ["Application/JSON", 'application/json; charset="UTF-8"', "application/json;q=1"],
)
def test_json_may_be_declared_in_every_way_that_means_json(model, content_type):
    assert ask(model, MESSAGES, content_type).status == 200


def test_another_method_and_another_path_are_problems(model):
    answer = ask(model, b"", method="DELETE")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert respond(model, Request("GET", "/v1/message", {}, b"")).status == 404


def test_an_integer_may_be_written_as_a_float(model):
    answer = ask(model, MESSAGES[:-1] + b',"explain":5.0}')
    assert answer.status == 200
    assert answer.body == ask(model, MESSAGES[:-1] + b',"explain":5}').body
