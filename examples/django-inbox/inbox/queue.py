"""Enqueue tasks so that a broker that is away loses nothing."""

import logging
from collections.abc import Iterable

from celery import Task
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

_CONFIRM_SECONDS = 5


def enqueue(task: Task, argument_lists: Iterable[tuple[object, ...]]) -> int:
    """Publish a task for each list of arguments; return how many were confirmed.

    Call it in ``transaction.on_commit``: a task that is published before could look
    for a row that is not there yet. A task that the broker does not take is not lost:
    its row waits in the database, and the sweep enqueues it later.
    """
    confirmed = 0
    for arguments in argument_lists:
        try:
            # No retries here: someone may wait for the answer of a page.
            task.apply_async(arguments, retry=False, confirm_timeout=_CONFIRM_SECONDS)
        except OperationalError as error:
            logger.warning("not enqueued; the sweep does it later: %s", error)
            break
        confirmed += 1
    return confirmed
