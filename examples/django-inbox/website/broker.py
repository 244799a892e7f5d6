"""The queue of tasks: on RabbitMQ, or for the demo in a folder."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kombu import Exchange, Queue

QUEUE = "inbox"
DEAD_LETTERS = "inbox.dead"
_DELIVERIES = 3  # of a task that ends the process it runs in
_DEAD_LETTERS_KEPT = 10_000
_CONNECT_SECONDS = 2


def dead_letters() -> Queue:
    """Return the queue that keeps the tasks that failed, for people to look at."""
    return Queue(
        DEAD_LETTERS,
        Exchange(DEAD_LETTERS, type="fanout"),
        queue_arguments={
            "x-queue-type": "quorum",
            "x-max-length": _DEAD_LETTERS_KEPT,
        },
    )


def broker_settings() -> dict[str, Any]:
    """Return Celery's settings of the broker that ``INBOX_BROKER_URL`` names."""
    url = os.environ.get("INBOX_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")
    folder = urlsplit(url).path
    if url.startswith("filesystem://"):
        return _in_a_folder(Path(folder))
    return {"broker_url": url, **_on_rabbitmq()}


def _on_rabbitmq() -> dict[str, Any]:
    queue = Queue(
        QUEUE,
        # A topic: Celery's delays for retries need one.
        Exchange(QUEUE, type="topic"),
        routing_key=QUEUE,
        queue_arguments={
            # It survives the loss of a node, and counts deliveries.
            "x-queue-type": "quorum",
            "x-delivery-limit": _DELIVERIES,
            "x-dead-letter-exchange": DEAD_LETTERS,
        },
    )
    return {
        "task_queues": [queue],
        "task_default_exchange": QUEUE,
        "task_default_exchange_type": "topic",
        "task_default_routing_key": QUEUE,
        # Publishing ends when RabbitMQ has the task on disk, or else raises.
        "broker_transport_options": {"confirm_publish": True},
        "broker_connection_timeout": _CONNECT_SECONDS,
        "broker_heartbeat": 10,
    }


def _in_a_folder(folder: Path) -> dict[str, Any]:
    """Return the settings of a broker without a server.

    It neither confirms nor acknowledges: a task is lost with its process. So it is for
    the demo alone.
    """
    for name in ("tasks", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://",
        "task_queues": [Queue(QUEUE, Exchange(QUEUE), routing_key=QUEUE)],
        "task_default_exchange": QUEUE,
        "task_default_routing_key": QUEUE,
        "broker_transport_options": {
            "data_folder_in": str(folder / "tasks"),
            "data_folder_out": str(folder / "tasks"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.1,
        },
        "worker_enable_remote_control": False,
    }
