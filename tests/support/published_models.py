"""Published models that score: each has scores of its own."""

import itertools
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from nightsieve.store import layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.version import claim_layout
from pipeline.records.export import (
    MANIFEST_FILE,
    MODEL_FILE,
    PIPELINE_FILE,
    REFERENCE_FILE,
    VECTORS_FILE,
    FileDescription,
)
from pipeline.records.models import ModelEntry
from pipeline.records.reference import Reference
from scorers.python.nightsieve_scorer import load
from tests.support.exported_models import ESTIMATORS, SENTENCES, exported, fixed
from tests.support.stored_objects import DESCRIPTION, facts, november

PROBE = SENTENCES["spam"]
_publications = itertools.count()


class Variant(NamedTuple):
    """A model file, and what it says of `PROBE`."""

    content: bytes
    label: str
    scores: dict[str, float]


def variants() -> list[Variant]:
    """Return models that all give the probe other scores."""
    models = []
    for estimator in ESTIMATORS:
        content = exported(fixed(estimator))
        scorer = load(content)
        models.append(Variant(content, scorer.label(PROBE), scorer.scores(PROBE)))
    assert len({json.dumps(model.scores) for model in models}) == len(models)
    return models


def new_registry() -> Registry:
    """Return the registry of the store that this process's environment names."""
    store = Store.from_environment()
    claim_layout(store)
    return Registry(store)


def publish(
    registry: Registry,
    content: bytes,
    day: int = 20,
    reference: Reference | None = None,
) -> ModelEntry:
    """Publish a model with all files that a night publishes."""
    files = {
        MODEL_FILE: content,
        VECTORS_FILE: json.dumps({"vectors": list(range(1000))}).encode(),
        PIPELINE_FILE: b"a pickle",
    }
    if reference is not None:
        files[REFERENCE_FILE] = reference.to_json()
    sizes = {
        name: FileDescription(sha256="ab" * 32, bytes=len(files[name]))
        for name in files
    }
    update = {"files": sizes, "labels": load_labels(content)}
    files[MANIFEST_FILE] = DESCRIPTION.model_copy(update=update).to_json()
    publication = f"publication{next(_publications)}x{random.getrandbits(64)}"
    return registry.publish(publication, files, facts(november(day)))


def load_labels(content: bytes) -> tuple[str, ...]:
    """Return the labels of a model file, also of a damaged one."""
    try:
        return load(content).labels
    except ValueError:
        return ("ham", "spam")


def flip(store: Store, key: str) -> bytes:
    """Change one bit of an object; return what it was."""
    content = store.read(key)
    damaged = bytearray(content)
    damaged[len(damaged) // 2] ^= 1
    store.write(key, bytes(damaged))
    return content


@contextmanager
def damaged(store: Store, key: str) -> Iterator[None]:
    """Damage an object, and restore it at the end."""
    content = flip(store, key)
    yield
    store.write(key, content)


def key_of(entry: ModelEntry, name: str) -> str:
    """Return the key of a file of a model."""
    return layout.model_file(entry.serial, name)
