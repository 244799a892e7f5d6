"""The operations that need a model and nothing else: in the service and in a Lambda."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from nightsieve.serving.contract.answers import labels_answer, predictions_answer
from nightsieve.serving.contract.messages import Answer, Request
from nightsieve.serving.contract.prediction import Prediction, predict
from nightsieve.serving.contract.preparation import ServedModel, prepare_prediction
from nightsieve.serving.contract.preprocessing import PreprocessedText, preprocess
from nightsieve.serving.contract.problems import Problem

#: Measures predictions; it receives the model, the texts and their predictions.
Observe = Callable[[ServedModel, list[PreprocessedText], list[Prediction]], None]


class Operation(NamedTuple):
    """An operation on a resource.

    Attributes
    ----------
    scope
        What a token must allow.
    """

    method: str
    path: str
    scope: str
    respond: Callable[[ServedModel, Request, Observe], Answer]


def observe_nothing(
    model: ServedModel, texts: list[PreprocessedText], predictions: list[Prediction]
) -> None:
    """Measure nothing."""


def respond_predictions(
    model: ServedModel, request: Request, observe: Observe
) -> Answer:
    """Label the messages of a request."""
    asked = prepare_prediction(request)
    texts = preprocess(model, asked.messages)
    predictions = predict(model, texts, asked.thresholds, asked.explain)
    observe(model, texts, predictions)
    return predictions_answer(model, asked.messages, predictions)


def respond_labels(model: ServedModel, request: Request, observe: Observe) -> Answer:
    """List the labels of the model."""
    return labels_answer(model)


OPERATIONS = (
    Operation("POST", "/v1/predictions", "predict", respond_predictions),
    Operation("GET", "/v1/labels", "predict", respond_labels),
)


def respond(
    model: ServedModel, request: Request, observe: Observe = observe_nothing
) -> Answer:
    """Answer a request, also one for which there is no operation."""
    try:
        return _operation(request).respond(model, request, observe)
    except Problem as problem:
        return problem.answer()


def _operation(request: Request) -> Operation:
    methods = []
    for operation in OPERATIONS:
        if operation.path == request.path:
            if operation.method == request.method:
                return operation
            methods.append(operation.method)
    if methods:
        raise method_not_allowed(methods)
    raise not_found()


def methods_answer(methods: Iterable[str]) -> Answer:
    """Return the answer to OPTIONS."""
    allowed = allowed_methods([*methods, "OPTIONS"])
    return Answer(204, {"Allow": ", ".join(allowed)}, b"")


def defect() -> Problem:
    """Return the problem of a request that is not answered because of a defect."""
    return Problem(500, "defect", "the service has a defect; its log says where")


def not_found() -> Problem:
    """Return the problem of a path that names no resource."""
    return Problem(404, "not-found", "no such resource; see /openapi.json")


def allowed_methods(methods: Iterable[str]) -> list[str]:
    """Return the methods of a resource, with HEAD where there is GET, in order.

    Examples
    --------
    >>> allowed_methods(["POST", "GET"])
    ['GET', 'HEAD', 'POST']
    """
    allowed = set(methods)
    if "GET" in allowed:
        allowed.add("HEAD")
    return sorted(allowed)


def method_not_allowed(methods: Iterable[str]) -> Problem:
    """Return the problem of a resource that does not have the method."""
    allowed = ", ".join(allowed_methods(methods))
    return Problem(
        405,
        "method-not-allowed",
        f"the resource does not have this method; use {allowed}",
        headers={"Allow": allowed},
    )
