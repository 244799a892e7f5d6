"""Send notices to people, as JSON that Slack and similar services accept.

The address, in ``NIGHTSIEVE_WEBHOOK_URL``, is a secret: no configuration and no log
line holds it. A notice that cannot be sent is a warning in the log.
"""

import json
import logging
import os
import queue
import threading
import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from urllib.error import HTTPError

from pipeline.config.settings import Notify

VARIABLE = "NIGHTSIEVE_WEBHOOK_URL"
TIMEOUT = 10.0  # seconds, from looking up the name to the last byte

logger = logging.getLogger(__name__)


def send(notices: Iterable[tuple[str, str]], notify: Notify) -> None:
    """Post the text of every event that ``notify.events`` names.

    Parameters
    ----------
    notices
        Events, each with its text.

    Examples
    --------
    >>> send([("published", "Model 7 is published")], Notify(events=()))
    """
    for event, text in notices:
        if event not in notify.events:
            continue
        failure = _post(text)
        if failure is not None:
            logger.warning(
                "the notice of %s was not sent: %s; check %s", event, failure, VARIABLE
            )


def _post(text: str) -> str | None:
    """Post a text; return why that failed, without the address or the answer."""
    address = os.environ.get(VARIABLE)
    if not address:
        return "the variable is not set"
    if not address.startswith(("https://", "http://")):
        return "the variable does not hold an https address"
    # The timeout of a socket begins again with every byte, and the look-up of a name
    # has no timeout. So the request runs in a thread of its own.
    failures: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def request() -> None:
        failures.put(_request(address, text))

    threading.Thread(target=request, daemon=True).start()
    try:
        return failures.get(timeout=TIMEOUT)
    except queue.Empty:
        return f"no answer within {TIMEOUT:g} s"


def _request(address: str, text: str) -> str | None:
    body = json.dumps({"text": text}).encode()
    headers = {"Content-Type": "application/json"}
    try:
        request = urllib.request.Request(address, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            return None
    except HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, ValueError, HTTPException) as error:
        return type(error).__name__  # the message may hold the address
