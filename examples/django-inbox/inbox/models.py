"""What the database keeps: messages with their labels, and corrections."""

import operator
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

_LONGEST_PAUSE = timedelta(days=1)
_MAX_DOUBLINGS = 16
_LINES_AT_ONCE = 10
_CHARACTERS_AT_ONCE = 500

#: The serial of a model file that was not published.
UNPUBLISHED = 0


def new_key() -> str:
    """Return the key of a message that arrived without one."""
    return uuid.uuid4().hex


def first_sweep() -> datetime:
    """Return when the sweep looks after a row that is new."""
    return timezone.now() + settings.INBOX_PATIENCE


class Swept(models.Model):
    """A row that a task works on; the sweep enqueues the task again if it is not done.

    Attributes
    ----------
    sweep_after
        When the sweep enqueues the task, unless the work is done.
    sweeps
        How often it did. The pauses grow, so that a message that no process can label
        does not keep the workers busy.
    """

    sweep_after = models.DateTimeField(default=first_sweep)
    sweeps = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    def postpone_sweep(self) -> None:
        """Note that the task was enqueued again."""
        doublings = min(self.sweeps + 1, _MAX_DOUBLINGS)
        pause = settings.INBOX_PATIENCE * 2**doublings
        self.sweep_after = timezone.now() + min(pause, _LONGEST_PAUSE)
        self.sweeps += 1


class MessageQuerySet(models.QuerySet):
    """Messages."""

    def with_shown_label(self) -> "MessageQuerySet":
        """Add `shown_label`: what a person said, or else what the model said."""
        return self.annotate(shown_label=Coalesce("corrected_label", "label"))

    def not_labelled_by(self, serial: int) -> "MessageQuerySet":
        """Return those without a label, or with one of an older model."""
        return self.filter(models.Q(serial=None) | models.Q(serial__lt=serial))


class Message(Swept):
    """A message and, once a worker has been there, its label.

    Nightsieve reads the first four columns through the view ``messages``, which a
    migration creates.

    Attributes
    ----------
    scores
        The model's score of each label.
    serial
        Of the model that gave the label.
    corrected_label
        What a person said instead; a model never overwrites it.
    """

    key = models.CharField(primary_key=True, max_length=200, default=new_key)
    sender = models.CharField(max_length=200, blank=True)
    body = models.TextField(max_length=100_000, blank=True)
    received_at = models.DateTimeField(default=timezone.now)

    label = models.CharField(max_length=200, null=True)
    scores = models.JSONField(null=True)
    serial = models.PositiveBigIntegerField(null=True)
    labelled_at = models.DateTimeField(null=True)
    corrected_label = models.CharField(max_length=200, null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                Coalesce("corrected_label", "label"),
                models.F("received_at").desc(),
                name="inbox_by_label",
            ),
            models.Index(fields=["-received_at"], name="inbox_by_time"),
            models.Index(
                fields=["sweep_after"],
                condition=models.Q(label=None),
                name="inbox_unlabelled",
            ),
        ]

    @property
    def ranked_scores(self) -> list[tuple[str, float]]:
        """The labels of the model with their scores, the largest first."""
        scores = self.scores or {}
        return sorted(scores.items(), key=operator.itemgetter(1), reverse=True)

    @property
    def is_long(self) -> bool:
        """Whether the page shows the text in a box that scrolls."""
        is_high = self.body.count("\n") > _LINES_AT_ONCE
        return is_high or len(self.body) > _CHARACTERS_AT_ONCE

    def __str__(self) -> str:
        # Never the text: what is printed may be logged.
        return f"message {self.key}"


class Correction(Swept):
    """A person's label of a message, and whether Nightsieve has it.

    It is kept here first and sent by a task, so that none is lost while the service is
    away. A person who changes their mind replaces their correction.

    Attributes
    ----------
    revision
        Rises with each change, so that a task knows whether it sent the last one.
    detail
        Why the service refused the correction.
    """

    class State(models.TextChoices):
        """Where a correction is."""

        WAITING = "waiting"
        SENT = "sent"
        REFUSED = "refused"

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="corrections"
    )
    annotator = models.CharField(max_length=150)
    label = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    detail = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    corrected_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "annotator"], name="one_correction_for_each_person"
            )
        ]
        indexes = [
            models.Index(
                fields=["sweep_after"],
                condition=models.Q(state="waiting"),
                name="corrections_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"correction of message {self.message_id} by {self.annotator}"
