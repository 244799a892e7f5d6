"""The client of Nightsieve's HTTP API: corrections go there."""

import http.client
import json
import urllib.error
import urllib.request

from django.conf import settings

_TIMEOUT_SECONDS = 10
# The correction itself is wrong; the same request would be refused again.
_REFUSALS = (400, 413, 422)


class CorrectionRefusedError(Exception):
    """The service does not accept this correction; the message says why."""


class ServiceUnavailableError(Exception):
    """The service did not take the correction, and may take it later.

    Attributes
    ----------
    retry_after
        The seconds that the service asks to wait for; None if it does not.
    """

    def __init__(self, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def send_correction(message_key: str, label: str, annotator: str) -> None:
    """Give the service a correction; the same one again changes nothing.

    Raises
    ------
    CorrectionRefusedError
        The label or the message is unknown there.
    ServiceUnavailableError
        The service is away, or does not let this client in.
    """
    body = {"message_key": message_key, "label": label, "annotator": annotator}
    request = urllib.request.Request(
        f"{settings.INBOX_API_URL}/v1/corrections",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {settings.INBOX_API_TOKEN}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
            return
    except urllib.error.HTTPError as error:
        with error:
            raise _failure(error) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise ServiceUnavailableError(
            f"the service does not answer: {reason}"
        ) from None


def _failure(error: urllib.error.HTTPError) -> Exception:
    detail = _detail(error)
    if error.code in _REFUSALS:
        return CorrectionRefusedError(detail)
    # A wrong token (401, 403) is the operator's to repair; the corrections wait.
    retry_after = error.headers.get("Retry-After", "")
    seconds = int(retry_after) if retry_after.isdecimal() else None
    return ServiceUnavailableError(f"status {error.code}: {detail}", seconds)


def _detail(error: urllib.error.HTTPError) -> str:
    """Return what a problem document says; the reason of the status without one."""
    try:
        problem = json.loads(error.read())
        field_errors = [field["detail"] for field in problem.get("errors", [])]
        return "; ".join([*field_errors, problem["detail"]][:2])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return str(error.reason)
