"""The Celery application: ``celery -A website worker``."""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.worker.consumer import Connection, Consumer

from website.broker import broker_settings, dead_letters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "website.settings")


class DeclareDeadLetters(bootsteps.StartStopStep):
    """Create the queue of dead letters before tasks are consumed.

    RabbitMQ drops what it cannot route to a queue.
    """

    requires = (Connection,)

    def include_if(self, parent: Consumer) -> bool:
        """Return whether the broker has dead letters."""
        return parent.app.connection_for_write().transport.driver_type == "amqp"

    def start(self, parent: Consumer) -> None:
        """Declare the queue, on each connection to RabbitMQ."""
        dead_letters().bind(parent.connection.default_channel).declare()


def _create() -> Celery:
    celery_app: Any = Celery("website")
    celery_app.config_from_object("django.conf:settings", namespace="CELERY")
    celery_app.add_defaults(broker_settings)
    celery_app.autodiscover_tasks()
    celery_app.steps["consumer"].add(DeclareDeadLetters)
    return celery_app


app = _create()
