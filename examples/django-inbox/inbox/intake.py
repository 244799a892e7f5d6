"""The address that programs deliver messages to."""

import hmac
import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from inbox.arrivals import save_messages
from inbox.forms import MessageForm


class _RefusedError(Exception):
    """A request that is not accepted."""

    def __init__(self, status: int, answer: dict[str, object]) -> None:
        super().__init__(status)
        self.status = status
        self.answer = answer


# A program has a token and no session, so neither login nor CSRF is for it.
@login_not_required
@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> JsonResponse:
    """Save a message: 201, or 200 if its key was there already.

    The body is a JSON object with ``body`` and, if known, ``key``, ``sender`` and
    ``received_at``. The answer does not wait for the label.
    """
    try:
        _check_token(request.headers.get("Authorization", ""))
        form = MessageForm(_fields(request.body))
        if not form.is_valid():
            raise _RefusedError(422, {"errors": form.errors.get_json_data()})
    except _RefusedError as refusal:
        return JsonResponse(refusal.answer, status=refusal.status)
    message = form.save(commit=False)
    is_new = save_messages([message]) == 1
    return JsonResponse({"key": message.pk}, status=201 if is_new else 200)


def _check_token(authorization: str) -> None:
    token = settings.INBOX_INTAKE_TOKEN
    expected = f"Bearer {token}".encode()
    given = authorization.encode("utf-8", "surrogateescape")
    if not token or not hmac.compare_digest(given, expected):
        raise _refused(401, "Authorization: not the token of the inbox")


def _fields(body: bytes) -> dict[str, str]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise _refused(400, "the body is not JSON in UTF-8; send one object") from None
    if not isinstance(fields, dict):
        raise _refused(400, "the body is not an object; send one object")
    allowed = MessageForm.base_fields
    if not fields.keys() <= allowed.keys():
        raise _refused(422, f"a field is unknown; use {', '.join(allowed)}")
    if not all(isinstance(value, str) for value in fields.values()):
        raise _refused(422, "a field is not a string; send strings")
    return fields


def _refused(status: int, detail: str) -> _RefusedError:
    return _RefusedError(status, {"detail": detail})
