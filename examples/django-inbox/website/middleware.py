"""What every answer of the website says to browsers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Pages are of HTML and one style sheet: nothing else is loaded or run.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_GetResponse = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: _GetResponse) -> _GetResponse:
    """Add a Content-Security-Policy that lets no script run."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = _POLICY
        return response

    return middleware
