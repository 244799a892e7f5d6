"""A past night again, from its manifest: the same bytes, or which task made others."""

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import luigi
from luigi.task import flatten

from nightsieve.store import layout
from nightsieve.store.configurations import load_settings, read_verified
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store, damage_at
from nightsieve.store.version import claim_layout
from pipeline.errors import DataError
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest
from pipeline.records.sample import ShardManifest
from tasks.base import NightTask
from tasks.export import DescribeExport, EvaluateOnReviews
from tasks.ingest import IngestMessages, IngestReviews
from tasks.labelling import SummariseRules
from tasks.luigi_setup.warm_up import prepare
from tasks.release import GateModel, MeasureSpeed, PublishModel
from tasks.training import CrossValidate

# Taken as they were: the rows of the database, and the time that a message took.
_GIVEN = (IngestMessages, IngestReviews, MeasureSpeed)
_ROOTS = (CrossValidate, DescribeExport, EvaluateOnReviews, SummariseRules)


class ReplayOutcome(StrEnum):
    """What became of a task."""

    SAME = "same"
    OTHER = "other"
    #: Its fingerprint is another one today.
    MISSING = "missing"
    #: A model that the gate compared with is no longer kept.
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class ReplayedTask:
    """A task of the night, the key of its object, and what became of it."""

    task: str
    key: str
    outcome: ReplayOutcome


def replay(store: Store, manifest: RunManifest, workers: int) -> list[ReplayedTask]:
    """Run a night again in a store of its own, and compare every object.

    The decision is made again too, against the models that were published then. The
    other store lies within this one, and is removed in the end.

    Raises
    ------
    ArtefactError
        The configuration, or what the database gave, is damaged.
    StorageError
        One of them is no longer there.
    DataError
        The night does not finish.
    """
    settings = load_settings(store, manifest.config)
    with _temporary_store(store) as other:
        _hand_over(manifest, store, other)
        decided = _hand_over_models(manifest, store, other)
        prepare(settings)
        roots = _roots(manifest, other, decided)
        if not luigi.build(roots, local_scheduler=True, workers=workers):
            raise DataError(
                f"the night of {manifest.date} does not finish today; see above"
            )
        left_out = [PublishModel.__name__, *(task.__name__ for task in _GIVEN)]
        return [
            _compared(receipt, other, decided)
            for receipt in manifest.tasks
            if receipt.task not in left_out
        ]


@contextlib.contextmanager
def _temporary_store(store: Store) -> Iterator[Store]:
    other = Store(store.address(layout.replay(secrets.token_hex(8))))
    try:
        yield other
    finally:
        for key in other.list_by_time(""):
            other.delete(key)


def _roots(manifest: RunManifest, other: Store, decided: bool) -> list[NightTask]:
    """Return the tasks to run; what the gate rests on, if it cannot decide again."""
    night = {
        "date": manifest.date,
        "config": manifest.config,
        "storage": str(other),
    }
    gate = GateModel(**night)
    roots = [root(**night) for root in _ROOTS]
    return [*roots, *([gate] if decided else flatten(gate.requires()))]


def _hand_over(manifest: RunManifest, store: Store, other: Store) -> None:
    """Copy the configuration, and what the night is given.

    Raises
    ------
    ArtefactError
        An object of the night's own store is damaged.
    """
    claim_layout(other)
    content = read_verified(store, manifest.config)
    other.write(layout.configuration(manifest.config), content)
    for task in _GIVEN:
        for receipt in manifest.receipts(task.__name__):
            content = store.read_verified(receipt.key, receipt.sha256)
            if task is IngestMessages:
                _copy_parts(content, receipt, store, other)
            other.write(layout.receipt(receipt.key), receipt.to_json())
            other.write(receipt.key, content)


def _copy_parts(content: bytes, receipt: Receipt, store: Store, other: Store) -> None:
    with damage_at(store.address(receipt.key)):
        parts = ShardManifest.from_json(content).parts
    for part in parts:
        other.write(part.key, store.read_verified(part.key, part.sha256))


def _hand_over_models(manifest: RunManifest, store: Store, other: Store) -> bool:
    """Copy the models that the gate compared with; return whether all are kept."""
    decision = manifest.results.decision
    if decision.champion is None:
        return True
    return Registry(store).copy_to(other, decision.champion, decision.earlier)


def _compared(receipt: Receipt, other: Store, decided: bool) -> ReplayedTask:
    outcome = _outcome(receipt, other, decided)
    return ReplayedTask(receipt.task, receipt.key, outcome)


def _outcome(receipt: Receipt, other: Store, decided: bool) -> ReplayOutcome:
    if receipt.task == GateModel.__name__ and not decided:
        return ReplayOutcome.LEFT_OUT
    answer = other.read_with_etag(receipt.key)
    if answer is None:
        return ReplayOutcome.MISSING
    sha256 = hashlib.sha256(answer[0]).hexdigest()
    return ReplayOutcome.SAME if sha256 == receipt.sha256 else ReplayOutcome.OTHER
