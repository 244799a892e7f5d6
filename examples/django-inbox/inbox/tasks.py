"""What workers do. Every task may run twice, or at the same time as its twin."""

import logging
import random
from collections.abc import Callable
from typing import TypeVar

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from inbox.current_model import NoModelError, current_model
from inbox.labelling import label_texts
from inbox.models import UNPUBLISHED, Correction, Message, Swept
from inbox.queue import enqueue
from inbox.service import (
    CorrectionRefusedError,
    ServiceUnavailableError,
    send_correction,
)

logger = logging.getLogger(__name__)

_RETRIES = 6  # about a minute; then the sweep has the work
_LONGEST_DELAY = 60
_SWEPT_AT_ONCE = 1_000
_SWEEP_SECONDS = 600
_KEYS_OF_A_TASK = 100
_DATABASE_AWAY = (OperationalError, InterfaceError)

_Row = TypeVar("_Row", bound=Swept)


@shared_task(bind=True, max_retries=_RETRIES)
def label_messages(self: Task, keys: list[str]) -> None:
    """Label messages, unless the same model or a newer one has labelled them."""
    try:
        model = current_model().get()
        serial = UNPUBLISHED if model.serial is None else model.serial
        with transaction.atomic():
            # In one order, so that two tasks with the same keys wait for each other.
            messages = list(
                Message.objects.select_for_update(no_key=True)
                .not_labelled_by(serial)
                .filter(pk__in=keys)
                .order_by("pk")
            )
            labelled = label_texts(model, (message.body for message in messages))
            for message, prediction in zip(messages, labelled, strict=True):
                message.label = prediction.label
                message.scores = prediction.scores
                message.serial = serial
                message.labelled_at = timezone.now()
            fields = ("label", "scores", "serial", "labelled_at")
            Message.objects.bulk_update(messages, fields)
    except (*_DATABASE_AWAY, NoModelError) as error:
        _try_later(self, error)


@shared_task(bind=True, max_retries=_RETRIES)
def deliver_correction(self: Task, correction_id: int) -> None:
    """Send a correction to the service, and note what became of it."""
    try:
        while not _deliver(correction_id):
            pass
    except ServiceUnavailableError as error:
        _try_later(self, error, error.retry_after)
    except _DATABASE_AWAY as error:
        _try_later(self, error)


@shared_task(time_limit=_SWEEP_SECONDS)
def sweep() -> None:
    """Enqueue again what was not done in time: its task was lost, or it failed."""
    sweep_messages()
    sweep_corrections()


def sweep_messages() -> int:
    """Enqueue those that are due and have no label; return their number.

    Each is a task of its own: one that ends its worker takes no other with it.
    """
    return _sweep(Message.objects.filter(label=None), label_messages, _key_list)


def sweep_corrections() -> int:
    """Enqueue those that are due and wait; return their number."""
    waiting = Correction.objects.filter(state=Correction.State.WAITING)
    return _sweep(waiting, deliver_correction, _id_of)


def make_due() -> None:
    """Let the next sweep enqueue all that is not done."""
    now = timezone.now()
    Message.objects.filter(label=None).update(sweep_after=now)
    Correction.objects.filter(state=Correction.State.WAITING).update(sweep_after=now)


def relabel_messages() -> int:
    """Enqueue those that have a label, for a newer model; return their number."""
    keys = list(Message.objects.exclude(label=None).values_list("pk", flat=True))
    chunks = in_chunks(keys)
    confirmed = enqueue(label_messages, chunks)
    return sum(len(chunk_keys) for (chunk_keys,) in chunks[:confirmed])


def in_chunks(keys: list[str]) -> list[tuple[list[str]]]:
    """Return the arguments of the tasks that label these messages."""
    return [
        (keys[start : start + _KEYS_OF_A_TASK],)
        for start in range(0, len(keys), _KEYS_OF_A_TASK)
    ]


def _sweep(
    rows: QuerySet[_Row], task: Task, argument_of: Callable[[_Row], object]
) -> int:
    due = rows.filter(sweep_after__lte=timezone.now()).order_by("sweep_after")
    total = 0
    while swept := _sweep_some(due, task, argument_of):
        total += swept
    if total:
        logger.info("%d enqueued again: %s", total, task.name)
    return total


def _sweep_some(
    due: QuerySet[_Row], task: Task, argument_of: Callable[[_Row], object]
) -> int:
    # Locked rows are those of another sweep, or of a task that is at work.
    with transaction.atomic():
        rows = list(
            due.select_for_update(skip_locked=True, no_key=True)[:_SWEPT_AT_ONCE]
        )
        confirmed = rows[: enqueue(task, ((argument_of(row),) for row in rows))]
        for row in confirmed:
            row.postpone_sweep()
        due.model.objects.bulk_update(confirmed, ("sweep_after", "sweeps"))
    return len(confirmed)


def _key_list(message: Message) -> list[str]:
    return [message.pk]


def _id_of(correction: Correction) -> int:
    return correction.pk


def _deliver(correction_id: int) -> bool:
    """Send a correction once; return whether it has not changed since."""
    correction = Correction.objects.filter(
        pk=correction_id, state=Correction.State.WAITING
    ).first()
    if correction is None:
        return True
    outcome = {"state": Correction.State.SENT, "detail": ""}
    try:
        send_correction(correction.message_id, correction.label, correction.annotator)
    except CorrectionRefusedError as error:
        outcome = {"state": Correction.State.REFUSED, "detail": str(error)}
    row = Correction.objects.filter(pk=correction_id)
    if row.filter(revision=correction.revision).update(**outcome):
        return True
    # The person changed their mind meanwhile. Another task may have sent the new label
    # before this one sent the old one, so the new one is sent after it.
    row.update(state=Correction.State.WAITING)
    return False


def _try_later(task: Task, error: Exception, seconds: int | None = None) -> None:
    """Let the task run again after a growing pause; at last, leave it to the sweep."""
    if task.request.retries >= _RETRIES:
        logger.warning("%s: left to the sweep: %s", task.name, error)
        return
    longest = min(2 ** (task.request.retries + 1), _LONGEST_DELAY)
    delay = (
        random.randint(max(1, longest // 2), longest) if seconds is None else seconds
    )
    raise task.retry(exc=error, countdown=max(1, delay))
