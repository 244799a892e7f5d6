"""Notices to people: JSON that Slack and its like take, posted to the address in ``NIGHTSIEVE_WEBHOOK_URL``.

The address is a secret, so it stands in no configuration and no message. A notice that cannot be sent is a warning.
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
DEADLINE = 10.0  # seconds, from looking up the name to the last byte

logger = logging.getLogger("luigi-interface")


def send(notices: Iterable[tuple[str, str]], notify: Notify) -> None:
    """Post the words of every event that ``notify.events`` names."""
    for event, words in notices:
        if event in notify.events:
            failure = _post(words)
            if failure:
                logger.warning(
                    "the notice of %s was not sent: %s; check %s",
                    event,
                    failure,
                    VARIABLE,
                )


def _post(words: str) -> str | None:
    """Why the words could not be posted; None when they were. What the address is, or answers, stays untold."""
    address = os.environ.get(VARIABLE)
    if not address:
        return "the variable is not set"
    if not address.startswith(("https://", "http://")):
        return "the variable holds no https address"
    # A socket's own timeout begins anew with every byte, and a name is looked up without any: so a thread of its own.
    ended: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(
        target=lambda: ended.put(_answered(address, words)), daemon=True
    ).start()
    try:
        return ended.get(timeout=DEADLINE)
    except queue.Empty:
        return f"no answer within {DEADLINE:g} s"


def _answered(address: str, words: str) -> str | None:
    body = json.dumps({"text": words}).encode()
    try:
        request = urllib.request.Request(
            address, data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=DEADLINE):
            return None
    except HTTPError as error:
        return f"HTTP {error.code}"
    except (
        OSError,
        ValueError,
        HTTPException,
    ) as error:  # of these the words may hold the address
        return type(error).__name__
