"""Events as AWS describes them, made from requests."""

import base64
from typing import Any

Event = dict[str, Any]


def v1_event(method: str, path: str, headers: dict[str, str], body: bytes) -> Event:
    """Return the event of a REST API, which keeps the case of headers."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers or None,
        "multiValueHeaders": {k: [v] for k, v in headers.items()} or None,
        "queryStringParameters": None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {"httpMethod": method, "stage": "prod", "path": path},
        **_body(body),
    }


def v2_event(method: str, path: str, headers: dict[str, str], body: bytes) -> Event:
    """Return the event of an HTTP API or of a function URL."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "stage": "$default",
        },
        **_body(body),
    }
    if not body:
        del event["body"]
    return event


def alb_event(method: str, path: str, headers: dict[str, str], body: bytes) -> Event:
    """Return the event of a load balancer whose headers have one value each."""
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b"
    event = {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": {name.lower(): value for name, value in headers.items()},
        **_body(body),
    }
    return event | {"body": event["body"] or ""}


def _body(body: bytes) -> Event:
    """Return a text as it is, and anything else in Base64."""
    try:
        return {"body": body.decode() or None, "isBase64Encoded": False}
    except UnicodeDecodeError:
        encoded = base64.b64encode(body).decode()
        return {"body": encoded, "isBase64Encoded": True}
