"""Run a past night again from its manifest, and compare every object it makes."""

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
from nightsieve.store.receipts import seal_receipt
from nightsieve.store.version import claim_layout
from pipeline.errors import DataError
from pipeline.records.receipt import Receipt
from pipeline.records.run import RunManifest
from pipeline.records.sample import ShardManifest
from tasks.base import NightTask, lineage
from tasks.export import DescribeExport, EvaluateOnReviews, MeasureCorrections
from tasks.ingest import IngestMessages, IngestReviews
from tasks.labelling import SummariseRules
from tasks.luigi_setup.warm_up import prepare
from tasks.release import GateModel, MeasureSpeed, PublishModel
from tasks.training import CrossValidate

# Copied from the night: the rows of the database, and how long a message took to score.
_COPIED = (IngestMessages, IngestReviews, MeasureSpeed)
_ROOTS = (
    CrossValidate,
    DescribeExport,
    EvaluateOnReviews,
    MeasureCorrections,
    SummariseRules,
)


class ReplayOutcome(StrEnum):
    """How a task's object compares with the night's."""

    SAME = "same"
    #: It has other bytes.
    OTHER = "other"
    #: There is none: the task has another fingerprint today.
    MISSING = "missing"
    #: It was not made: a model that the gate compared with is no longer kept.
    LEFT_OUT = "left out"
    #: It was not made: messages were erased from it, or from what it is made of.
    ERASED = "erased"


@dataclass(frozen=True)
class ReplayedTask:
    """A task of the night, the key of its object, and the outcome."""

    task: str
    key: str
    outcome: ReplayOutcome


def replay(store: Store, manifest: RunManifest, workers: int) -> list[ReplayedTask]:
    """Run a night again in a temporary store, and compare every object.

    The gate decides again too, against the models that were published then. The
    temporary store is a prefix of this one, and is removed at the end. Tasks whose
    messages were erased are not run, and neither is what depends on them.

    Parameters
    ----------
    workers
        Number of processes.

    Raises
    ------
    ArtefactError
        The configuration or the rows of the database are damaged.
    StorageError
        The configuration or the rows of the database are no longer there.
    DataError
        The night does not finish.
    """
    settings = load_settings(store, manifest.config)
    erased = _erased_families(manifest)
    with _temporary_store(store) as other:
        _copy_inputs(manifest, store, other)
        gate_decides = _copy_models(manifest, store, other)
        prepare(settings)
        roots = _without(erased, _roots(manifest, other, gate_decides))
        if roots and not luigi.build(roots, local_scheduler=True, workers=workers):
            raise DataError(
                f"night of {manifest.date}: does not finish today; see the log above"
            )
        not_made = [PublishModel.__name__, *(task.__name__ for task in _COPIED)]
        return [
            _compare(receipt, other, gate_decides, erased)
            for receipt in manifest.tasks
            if receipt.task not in not_made
        ]


@contextlib.contextmanager
def _temporary_store(store: Store) -> Iterator[Store]:
    other = Store(store.address(layout.replay(secrets.token_hex(8))))
    try:
        yield other
    finally:
        for key in other.list_by_time(""):
            other.delete(key)


def _roots(manifest: RunManifest, other: Store, gate_decides: bool) -> list[NightTask]:
    """Return the tasks to run; without the gate, the tasks that it requires."""
    roots = [_task(root, manifest, other) for root in _ROOTS]
    gate = _task(GateModel, manifest, other)
    if gate_decides:
        return [*roots, gate]
    required: list[NightTask] = flatten(gate.requires())
    return [*roots, *required]


def _task(
    task_class: type[NightTask], manifest: RunManifest, other: Store
) -> NightTask:
    return task_class(date=manifest.date, config=manifest.config, storage=str(other))


def _copy_inputs(manifest: RunManifest, store: Store, other: Store) -> None:
    """Copy the configuration and what the night took from the world.

    Raises
    ------
    ArtefactError
        An object of the night is damaged.
    """
    claim_layout(other)
    content = read_verified(store, manifest.config)
    other.write(layout.configuration(manifest.config), content)
    for task in _COPIED:
        for receipt in manifest.receipts(task.__name__):
            content = store.read_verified(receipt.key, receipt.sha256)
            if task is IngestMessages:
                _copy_parts(content, receipt, store, other)
            other.write(layout.receipt(receipt.key), seal_receipt(receipt))
            other.write(receipt.key, content)


def _copy_parts(content: bytes, receipt: Receipt, store: Store, other: Store) -> None:
    with damage_at(store.address(receipt.key)):
        parts = ShardManifest.from_json(content).parts
    for part in parts:
        other.write(part.key, store.read_verified(part.key, part.sha256))


def _copy_models(manifest: RunManifest, store: Store, other: Store) -> bool:
    """Copy the models that the gate compared with; return whether all are kept."""
    decision = manifest.results.decision
    if decision.champion is None:
        return True
    return Registry(store).copy_to(other, decision.champion, decision.earlier)


def _erased_families(manifest: RunManifest) -> set[str]:
    """Return the tasks whose messages were erased, and all that depend on them."""
    erased: set[str] = set()
    # The receipts are in the order in which the tasks can run.
    for receipt in manifest.tasks:
        if receipt.erased or erased.intersection(receipt.requires):
            erased.add(receipt.task)
    return erased


def _without(families: set[str], roots: list[NightTask]) -> list[NightTask]:
    """Return the tasks, or else what they require, that are not of these families."""
    if not families:
        return roots
    tasks = lineage(roots)
    return [task for task in tasks if task.get_task_family() not in families]


def _compare(
    receipt: Receipt, other: Store, gate_decides: bool, erased: set[str]
) -> ReplayedTask:
    if receipt.task in erased:
        outcome = ReplayOutcome.ERASED
    else:
        outcome = _outcome(receipt, other, gate_decides)
    return ReplayedTask(receipt.task, receipt.key, outcome)


def _outcome(receipt: Receipt, other: Store, gate_decides: bool) -> ReplayOutcome:
    if receipt.task == GateModel.__name__ and not gate_decides:
        return ReplayOutcome.LEFT_OUT
    answer = other.read_with_etag(receipt.key)
    if answer is None:
        return ReplayOutcome.MISSING
    content, _ = answer
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != receipt.sha256:
        return ReplayOutcome.OTHER
    return ReplayOutcome.SAME
