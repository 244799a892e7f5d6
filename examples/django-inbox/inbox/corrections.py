"""Keep a person's correction, and have it sent."""

import functools

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from inbox.models import Correction, Message, first_sweep
from inbox.queue import enqueue
from inbox.tasks import deliver_correction


@transaction.atomic
def correct_message(message: Message, label: str, annotator: str) -> Correction:
    """Note what a person says of a message; a task sends it after the commit.

    The same label again changes nothing.
    """
    correction, is_new = Correction.objects.select_for_update().get_or_create(
        message=message, annotator=annotator, defaults={"label": label}
    )
    if not is_new:
        if correction.label == label:
            return correction
        correction.label = label
        correction.state = Correction.State.WAITING
        correction.detail = ""
        correction.revision = F("revision") + 1
        correction.corrected_at = timezone.now()
        correction.sweep_after = first_sweep()
        correction.sweeps = 0
        correction.save()
    Message.objects.filter(pk=message.pk).update(corrected_label=label)
    publish = functools.partial(enqueue, deliver_correction, [(correction.pk,)])
    transaction.on_commit(publish)
    return correction
