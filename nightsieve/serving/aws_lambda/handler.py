"""Answer the events of AWS Lambda by the contract.

The zip file of `package` has a module at its top that makes one `Handler` while AWS
initialises the function. Nothing is logged for an event: AWS writes its own line.
"""

import hashlib
import json
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable

from nightsieve.serving.aws_lambda.events import http_request, http_response, is_http
from nightsieve.serving.contract.api import (
    OPERATIONS,
    defect,
    method_not_allowed,
    methods_answer,
    respond,
)
from nightsieve.serving.contract.messages import (
    JSON_TYPE,
    Answer,
    Json,
    Request,
    json_answer,
)
from nightsieve.serving.contract.preparation import ServedModel, prepare_model
from nightsieve.serving.contract.problems import FieldError, Problem
from nightsieve.serving.contract.validation import invalid_body

MODEL_FILE = "model.json"
#: Says which model the package has: its serial, which the file lacks, and its sha256.
REFERENCE_FILE = "model-reference.json"
#: What a custom domain of API Gateway puts before each path.
BASE_PATH_VARIABLE = "NIGHTSIEVE_BASE_PATH"

#: AWS refuses a longer response: 6 MB, with what the runtime writes around it.
MAX_RESPONSE_BYTES = 6 * 1024 * 1024
_LIVE = "/health/live"
_PREDICTIONS = "/v1/predictions"


def _methods_by_path() -> dict[str, list[str]]:
    """Return the methods of each resource."""
    methods = {_LIVE: ["GET"]}
    for operation in OPERATIONS:
        methods.setdefault(operation.path, []).append(operation.method)
    return methods


_METHODS = _methods_by_path()


class PackageError(Exception):
    """The function cannot start; its zip file must be made again."""


class Handler:
    """What AWS calls with each event.

    Parameters
    ----------
    base_path
        What a custom domain puts before each path, such as ``/nightsieve``.
    """

    def __init__(self, model: ServedModel, base_path: str = "") -> None:
        self._model = model
        self._base_path = base_path.rstrip("/")

    @classmethod
    def of_package(cls, module: str) -> "Handler":
        """Return the handler of a package, extracted or not.

        Parameters
        ----------
        module
            The name of a module beside the model.

        Raises
        ------
        PackageError
            A file of the model is missing or is not what was packaged.
        """
        return cls(read_model(module), os.environ.get(BASE_PATH_VARIABLE, ""))

    def __call__(self, event: Json, context: object = None) -> Json:
        """Return the response to an event.

        A request over HTTP gets a response with a status. A direct invocation gets the
        JSON of the answer, or of the problem, which has a field ``status``.
        """
        if not is_http(event):
            return self._invoke(event)
        answer = _without_defect(self._respond, event)
        response = http_response(event, answer)
        if _is_too_long(answer, response):
            response = http_response(event, _too_long().answer())
        return response

    def _respond(self, event: Json) -> Answer:
        request = http_request(event, _METHODS, self._base_path)
        if request.method == "HEAD":
            return self._answer(request._replace(method="GET"))._replace(body=b"")
        if request.method == "OPTIONS" and request.path in _METHODS:
            return methods_answer(_METHODS[request.path])
        return self._answer(request)

    def _answer(self, request: Request) -> Answer:
        if request.path != _LIVE:
            return respond(self._model, request)
        if request.method != "GET":
            return method_not_allowed(["GET"]).answer()
        return json_answer({"status": "live"})

    def _invoke(self, event: Json) -> Json:
        """Return the answer to a direct invocation, whose event is a body."""
        answer = _without_defect(self._predict, event)
        result = json.loads(answer.body)
        if _is_too_long(answer, result):
            result = json.loads(_too_long().answer().body)
        return result

    def _predict(self, event: Json) -> Answer:
        headers = {"content-type": JSON_TYPE}
        body = json.dumps(event).encode()
        request = Request("POST", _PREDICTIONS, headers, body)
        answer = respond(self._model, request)
        if b"\\ud" in answer.body:
            _check_characters(answer)
        return answer


def read_model(module: str) -> ServedModel:
    """Return the model of a package, which is beside one of its modules.

    Raises
    ------
    PackageError
        A file is missing or is not what was packaged.
    """
    try:
        content = pkgutil.get_data(module, MODEL_FILE) or b""
        reference = json.loads(pkgutil.get_data(module, REFERENCE_FILE) or b"")
        if hashlib.sha256(content).hexdigest() != reference["sha256"]:
            raise ValueError("its sha256 is not the one that was packaged")
        return prepare_model(content, reference["serial"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"{MODEL_FILE}: cannot be used: {error}; make the zip file again with "
            "nightsieve package lambda"
        ) from None


def _without_defect(respond_to: Callable[[Json], Answer], event: Json) -> Answer:
    """Return the answer; a problem of the event, or a defect, is one too."""
    try:
        return respond_to(event)
    except Problem as problem:
        return problem.answer()
    except Exception as error:
        _log_defect(error)
        return defect().answer()


def _log_defect(error: Exception) -> None:
    """Write where the error arose, without its message, which may quote a text."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in frames:
        frame_line = f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        print(frame_line, file=sys.stderr)
    print(f"defect: {type(error).__name__}", file=sys.stderr)


def _check_characters(answer: Answer) -> None:
    """Check that AWS' runtime can write the answer, which it does in UTF-8.

    Raises
    ------
    Problem
        A lone surrogate, which only an id can have.
    """
    result = json.loads(answer.body)
    for index, prediction in enumerate(result.get("predictions", ())):
        try:
            prediction.get("id", "").encode()
        except UnicodeEncodeError:
            detail = "has a lone surrogate, which a direct invocation cannot return"
            error = FieldError(f"/messages/{index}/id", detail)
            raise invalid_body([error]) from None


def _is_too_long(answer: Answer, response: Json) -> bool:
    """Return whether AWS would refuse the response."""
    # Escaping can double a body, so one below a third of the limit always fits.
    if len(answer.body) < MAX_RESPONSE_BYTES // 3:
        return False
    return len(json.dumps(response)) > MAX_RESPONSE_BYTES


def _too_long() -> Problem:
    detail = (
        f"the answer is longer than {MAX_RESPONSE_BYTES:,} bytes, which AWS refuses; "
        "ask about fewer messages, or for fewer terms"
    )
    return Problem(422, "answer-too-long", detail)
