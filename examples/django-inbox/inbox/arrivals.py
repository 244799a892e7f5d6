"""Save messages that arrive, and have them labelled."""

import functools
from collections.abc import Sequence

from django.db import transaction

from inbox.models import Message
from inbox.queue import enqueue
from inbox.tasks import in_chunks, label_messages


@transaction.atomic
def save_messages(messages: Sequence[Message]) -> int:
    """Save those whose keys are new; return their number.

    They are enqueued when the transaction, or the one around it, is committed. After a
    rollback, nothing is.
    """
    keys = {message.pk for message in messages}
    # Whose key was there is left alone: a sender may deliver twice.
    known = set(Message.objects.filter(pk__in=keys).values_list("pk", flat=True))
    Message.objects.bulk_create(
        [message for message in messages if message.pk not in known],
        ignore_conflicts=True,
    )
    new_keys = sorted(keys - known)
    publish = functools.partial(enqueue, label_messages, in_chunks(new_keys))
    transaction.on_commit(publish)
    return len(new_keys)
