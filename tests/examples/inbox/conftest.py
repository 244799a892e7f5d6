"""An inbox with a published model, on a RabbitMQ and a PostgreSQL of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.inbox import Inbox
from tests.support.rabbitmq import IS_INSTALLED, RabbitMQ


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """Return a RabbitMQ that runs."""
    if not IS_INSTALLED and "CI" not in os.environ:
        pytest.skip("needs RabbitMQ: apt-get install rabbitmq-server")
    server = RabbitMQ(tmp_path_factory.mktemp("rabbitmq") / "home")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def inbox(
    night_environment: dict[str, str],
    rabbitmq: RabbitMQ,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Inbox]:
    """Return an empty inbox."""
    folder: Path = tmp_path_factory.mktemp("inbox")
    empty_inbox = Inbox(night_environment, rabbitmq.url, folder)
    yield empty_inbox
    empty_inbox.close()
