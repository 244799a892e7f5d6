"""All operations of the service, as its description presents them."""

from typing import Literal, NamedTuple

from nightsieve.serving.contract.messages import JSON_TYPE, Json
from nightsieve.serving.generate import examples

Scope = Literal["predict", "correct", "models"]

_ANY_TYPE = "*/*"
_TEXT_TYPE = "text/plain"
_OPENMETRICS_TYPE = "application/openmetrics-text"
_HTML_TYPE = "text/html"
#: What an operation that needs a token may answer.
_ACCESS = (401, 403, 429)
#: What ``If-Match`` may be answered with.
_CONDITION = (412,)
#: What a body may be answered with.
_BODY = (400, 413, 415, 422)


class Parameter(NamedTuple):
    """A variable part of a path, or a header."""

    name: str
    location: Literal["path", "header"]
    description: str
    schema: Json
    example: Json = None


class Content(NamedTuple):
    """What a body holds.

    Attributes
    ----------
    schema
        The name of its schema; None if it is not JSON of ours.
    examples
        By what each of them shows.
    """

    media_type: str
    schema: str | None = None
    examples: dict[str, Json] = {}  # noqa: RUF012 - nobody writes into it


class DescribedOperation(NamedTuple):
    """An operation on a resource, as the description presents it.

    Attributes
    ----------
    scope
        What a token must allow; None needs no token.
    answers
        What the answer with status 200 may be; `answer` describes it in words.
    problems
        The statuses of other answers.
    created
        The answer with status 201 in words; None if there is none.
    has_etag
        Whether the answer has an ETag, and ``If-None-Match`` is heeded.
    """

    name: str
    method: str
    path: str
    scope: Scope | None
    group: str
    summary: str
    description: str
    answer: str
    answers: tuple[Content, ...]
    request: Content | None = None
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    created: str | None = None
    has_etag: bool = False


SERIAL = Parameter(
    "serial",
    "path",
    "Counts published models, from 1.",
    {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
    examples.SERIAL,
)
FILE = Parameter(
    "name",
    "path",
    "The name of one of the model's files.",
    {"type": "string", "minLength": 1},
    "model.json",
)
PAGE_FILE = Parameter(
    "name",
    "path",
    "A file that the page names.",
    {"type": "string", "minLength": 1},
    "swagger-ui.css",
)

GROUPS = {
    "Predictions": "Labels for messages.",
    "Models": "Published models and their files, for phones and people.",
    "Corrections": "What people say about predictions.",
    "Operation": "For load balancers, supervisors and monitoring.",
    "Description": "This description, and its page.",
}

DESCRIBED = (
    DescribedOperation(
        name="createPredictions",
        method="POST",
        path="/v1/predictions",
        scope="predict",
        group="Predictions",
        summary="Label messages",
        description=(
            "Labels 1 to 1,000 messages with the served model. All predictions of an "
            "answer come from one model, which the answer names. Each is exactly that "
            "of the model on a phone. Nothing is stored, so a request may be repeated."
        ),
        request=Content(JSON_TYPE, "prediction-request", examples.PREDICTION_REQUESTS),
        answer="A prediction for each message, in the order of the request.",
        answers=(Content(JSON_TYPE, "predictions", examples.PREDICTIONS),),
        problems=(*_BODY, *_ACCESS, 503),
    ),
    DescribedOperation(
        name="listLabels",
        method="GET",
        path="/v1/labels",
        scope="predict",
        group="Predictions",
        summary="List the labels",
        description="Lists the labels of the served model, in the order of scores.",
        answer="The labels.",
        answers=(Content(JSON_TYPE, "labels", examples.LABELS),),
        problems=(*_ACCESS, 503),
    ),
    DescribedOperation(
        name="listModels",
        method="GET",
        path="/v1/models",
        scope="models",
        group="Models",
        summary="List the published models",
        description=(
            "Lists the published models, the newest first. A service that was started "
            "with a model file lists this one."
        ),
        answer="The models.",
        answers=(Content(JSON_TYPE, "models", examples.MODELS),),
        problems=(*_ACCESS, *_CONDITION, 502, 503),
        has_etag=True,
    ),
    DescribedOperation(
        name="getCurrentModel",
        method="GET",
        path="/v1/models/current",
        scope="models",
        group="Models",
        summary="Show the current model",
        description=(
            "Shows the model that is served. Phones poll it with `If-None-Match`."
        ),
        answer="The model.",
        answers=(Content(JSON_TYPE, "model", examples.MODEL),),
        problems=(*_ACCESS, *_CONDITION, 503),
        has_etag=True,
    ),
    DescribedOperation(
        name="getModel",
        method="GET",
        path="/v1/models/{serial}",
        scope="models",
        group="Models",
        summary="Show a published model",
        description="Shows one published model and its files.",
        parameters=(SERIAL,),
        answer="The model.",
        answers=(Content(JSON_TYPE, "model", examples.MODEL),),
        problems=(*_ACCESS, *_CONDITION, 404, 502, 503),
        has_etag=True,
    ),
    DescribedOperation(
        name="getModelFile",
        method="GET",
        path="/v1/models/{serial}/files/{name}",
        scope="models",
        group="Models",
        summary="Fetch a file of a model",
        description=(
            "Returns a file of a published model. It never changes, so it may be "
            "cached for ever. Compare its sha256 with that of the model."
        ),
        parameters=(SERIAL, FILE),
        answer="The bytes of the file.",
        answers=(Content(_ANY_TYPE),),
        problems=(*_ACCESS, *_CONDITION, 404, 502, 503),
        has_etag=True,
    ),
    DescribedOperation(
        name="createCorrections",
        method="POST",
        path="/v1/corrections",
        scope="correct",
        group="Corrections",
        summary="Correct labels",
        description=(
            "Keeps the labels that people give messages, each beside those of other "
            "annotators. Another label of the same annotator replaces the first one. "
            "All corrections of a request are kept or, if one is wrong, none. The same "
            "request again changes nothing, so it may be repeated after an error."
        ),
        request=Content(JSON_TYPE, "correction-request", examples.CORRECTION_REQUESTS),
        answer="What became of each correction; none is new.",
        created="What became of each correction; at least one is new.",
        answers=(Content(JSON_TYPE, "correction-outcomes", examples.OUTCOMES),),
        problems=(*_BODY, *_ACCESS, 503),
    ),
    DescribedOperation(
        name="getLiveness",
        method="GET",
        path="/health/live",
        scope=None,
        group="Operation",
        summary="Whether the process lives",
        description="A supervisor restarts a process that does not answer this.",
        answer="The process answers.",
        answers=(Content(JSON_TYPE, "live", examples.LIVE),),
    ),
    DescribedOperation(
        name="getReadiness",
        method="GET",
        path="/health/ready",
        scope=None,
        group="Operation",
        summary="Whether the process can label messages",
        description=(
            "A load balancer sends requests to a process that is ready. It stays ready "
            "while the store is away: the last good model is served."
        ),
        answer="A model is served.",
        answers=(Content(JSON_TYPE, "ready", examples.READY),),
        problems=(503,),
    ),
    DescribedOperation(
        name="getMetrics",
        method="GET",
        path="/metrics",
        scope=None,
        group="Operation",
        summary="Metrics for Prometheus",
        description=(
            "The metrics of all processes of the service, in the format of Prometheus "
            "or of OpenMetrics, as `Accept` asks."
        ),
        answer="The metrics.",
        answers=(Content(_TEXT_TYPE), Content(_OPENMETRICS_TYPE)),
    ),
    DescribedOperation(
        name="getDescription",
        method="GET",
        path="/openapi.json",
        scope=None,
        group="Description",
        summary="This description",
        description="The description of the service in OpenAPI 3.1.",
        answer="The description.",
        answers=(Content(JSON_TYPE),),
        problems=_CONDITION,
        has_etag=True,
    ),
    DescribedOperation(
        name="getPage",
        method="GET",
        path="/docs",
        scope=None,
        group="Description",
        summary="This description as a page",
        description="A page to read the description and to try the operations.",
        answer="The page.",
        answers=(Content(_HTML_TYPE),),
        problems=_CONDITION,
        has_etag=True,
    ),
    DescribedOperation(
        name="getPageFile",
        method="GET",
        path="/docs/{name}",
        scope=None,
        group="Description",
        summary="A file of the page",
        description="The scripts, styles and icons of the page. They come from here.",
        parameters=(PAGE_FILE,),
        answer="The bytes of the file.",
        answers=(Content(_ANY_TYPE),),
        problems=(*_CONDITION, 404),
        has_etag=True,
    ),
)
