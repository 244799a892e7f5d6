"""A store with a published model, and a database with messages."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from nightsieve.database.connection import transaction
from scorers.python import nightsieve_scorer
from tests.support.published_models import new_registry, publish

_INSERT = "INSERT INTO messages (key, body) SELECT unnest(%s), 'win a prize'"


def prepare_world(
    environment: Mapping[str, str], model: Path, keys: Sequence[str]
) -> str:
    """Publish a model and write messages; return one of the model's labels.

    This process takes over the environment.
    """
    os.environ.update(environment)
    content = model.read_bytes()
    publish(new_registry(), content)
    with transaction() as cursor:
        cursor.execute(_INSERT, (list(keys),))
    return nightsieve_scorer.load(content).labels[0]
