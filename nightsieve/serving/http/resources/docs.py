"""The description of the service, and a page that shows it.

The page is Swagger UI. Its files come from the package ``swagger-ui-py``, whose code is
not imported; a browser that shows the page asks nobody but this service.
"""

import asyncio
import functools
import importlib.util
from collections.abc import Awaitable, Callable
from pathlib import Path

from nightsieve.serving.contract.api import not_found
from nightsieve.serving.contract.messages import JSON_TYPE, Answer
from nightsieve.serving.http.conditions import REVALIDATED, conditional_answer
from nightsieve.serving.http.endpoint import Endpoint, Incoming
from nightsieve.serving.http.service import Service
from nightsieve.serving.models.representation import Representation

_SERVING = Path(__file__).parent.parent.parent
_DESCRIPTION = _SERVING / "openapi.json"
_PAGE = _SERVING / "http" / "page"
_HTML_TYPE = "text/html; charset=utf-8"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": _HTML_TYPE,
    ".js": "text/javascript; charset=utf-8",
    ".json": JSON_TYPE,
    ".png": "image/png",
}
_OWN_FILES = ("docs.css", "docs.js")
_SWAGGER_FILES = ("favicon-32x32.png", "swagger-ui-bundle.js", "swagger-ui.css")

#: What the page may load: files and answers of this service, and the icons that are in
#: the style sheet.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def endpoints(service: Service) -> list[Endpoint]:
    """Return the endpoints of the description and of its page."""
    return [
        Endpoint("GET", "/openapi.json", None, _sender(_DESCRIPTION)),
        Endpoint("GET", "/docs", None, _sender(_PAGE / "docs.html")),
        Endpoint("GET", "/docs/{name}", None, _send_page_file),
    ]


def _sender(path: Path) -> Callable[[Incoming], Awaitable[Answer]]:
    async def send(incoming: Incoming) -> Answer:
        return await _file_answer(incoming, path)

    return send


async def _send_page_file(incoming: Incoming) -> Answer:
    name = incoming.parameters["name"]
    if name in _OWN_FILES:
        return await _file_answer(incoming, _PAGE / name)
    if name in _SWAGGER_FILES:
        return await _file_answer(incoming, _swagger_folder() / name)
    raise not_found()


async def _file_answer(incoming: Incoming, path: Path) -> Answer:
    # To compress the scripts takes long enough to be noticed by other requests.
    representation = await asyncio.to_thread(_representation, path)
    answer = conditional_answer(incoming.request.headers, representation, REVALIDATED)
    if representation.media_type == _HTML_TYPE:
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@functools.cache
def _representation(path: Path) -> Representation:
    return Representation.of(path.read_bytes(), _MEDIA_TYPES[path.suffix])


@functools.cache
def _swagger_folder() -> Path:
    specification = importlib.util.find_spec("swagger_ui")
    assert specification is not None
    assert specification.origin is not None
    return Path(specification.origin).parent / "static"
