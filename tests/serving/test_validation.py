"""Bodies are accepted and refused as the JSON Schemas say, with the right pointer."""

import json
from contextlib import nullcontext

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from nightsieve.serving.contract import validators
from nightsieve.serving.contract.corrections import prepare_corrections
from nightsieve.serving.contract.messages import Request
from nightsieve.serving.contract.problems import FieldError, Problem
from nightsieve.serving.contract.validation import Misfit
from tests.support.schemas import JUNK, SCHEMAS, near, validator, wrong_pointers

# A body of 1,001 items is small enough to read, and takes minutes to shrink.
SETTINGS = settings(
    max_examples=150, deadline=None, phases=(Phase.explicit, Phase.generate)
)
VALIDATORS = {
    "correction": validators.validate_correction,
    "corrections": validators.validate_corrections,
    "prediction-request": validators.validate_prediction_request,
}


@pytest.mark.parametrize("name", VALIDATORS)
def test_generated_code_refuses_what_jsonschema_refuses_and_points_to_it(name):
    @SETTINGS
    @given(near(SCHEMAS[f"{name}.json"]))
    def agree(body):
        wrong = wrong_pointers(name, body)
        error = refusal(VALIDATORS[name], body)
        assert (error.pointer in wrong) if error else not wrong

    agree()


def refusal(validate, body) -> FieldError | None:
    """Return what is wrong with a body; None if nothing is."""
    try:
        validate(body)
    except Misfit as misfit:
        return misfit.error
    return None


def is_stored(body) -> bool:
    text = json.dumps(body, ensure_ascii=False)
    return not any("\ud800" <= character <= "\udfff" for character in text) and (
        r"\u0000" not in text
    )


@SETTINGS
@given(near(SCHEMAS["correction.json"]) | near(SCHEMAS["corrections.json"]) | JUNK)
def test_one_correction_or_a_list_is_what_the_schema_of_both_allows(body):
    content = json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    is_valid = validator("correction-request").is_valid(body) and is_stored(body)
    request = Request("POST", "/v1/corrections", headers, content)
    with nullcontext() if is_valid else pytest.raises(Problem, match="schema"):
        prepare_corrections(request)


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ([], "", "must be an object"),
        ({}, "/messages", "is missing; add it"),
        ({"messages": []}, "/messages", "must have at least 1 item"),
        ({"messages": [0] * 1001}, "/messages", "must have at most 1,000 items"),
        ({"messages": [{"text": 1}]}, "/messages/0/text", "must be a string"),
        (
            {"messages": [{"text": "a"}, {"text": "x" * 100_001}]},
            "/messages/1/text",
            "must have at most 100,000 characters",
        ),
        (
            {"messages": [{"text": "a", "to": "b"}]},
            "/messages/0/to",
            "is an unknown field; use id, text",
        ),
        (
            {"messages": [{"text": "a"}], "explain": 101},
            "/explain",
            "must be 100 or less",
        ),
        (
            {"messages": [{"text": "a"}], "explain": True},
            "/explain",
            "must be an integer",
        ),
        (
            {"messages": [{"text": "a"}], "thresholds": 1},
            "/thresholds",
            "must be true or false",
        ),
    ],
)
def test_the_detail_says_what_would_be_right(body, pointer, detail):
    validate = validators.validate_prediction_request
    assert refusal(validate, body) == (pointer, detail)


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("", ""),
        (".", "."),
        ("a.b", "a.b"),
        ("x[0]", "x[0]"),
        ("a/b~c", "a~1b~0c"),
        ("\ud800", "\ud800"),
        ("{data}", "{data}"),
        ("%(x)s", "%(x)s"),
    ],
)
def test_an_unknown_field_of_any_name_is_pointed_to(name, token):
    body = {"messages": [{"text": "a"}, {"text": "b", name: 1}]}
    validate = validators.validate_prediction_request
    assert refusal(validate, body).pointer == f"/messages/1/{token}"


def test_a_detail_has_nothing_that_the_client_sent():
    secret = "my secret"
    body = {"messages": [{"text": [secret], secret: secret}], secret: secret}
    error = refusal(validators.validate_prediction_request, body)
    assert secret not in error.detail


@given(st.integers(0, 100))
def test_an_integer_may_be_written_as_a_float(number):
    body = {"messages": [{"text": "a"}], "explain": float(number)}
    validators.validate_prediction_request(body)
