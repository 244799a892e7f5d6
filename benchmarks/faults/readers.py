"""How the night and the commands read each kind of object."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nightsieve.store import configurations, layout, reports, runs
from nightsieve.store.artefacts import Artefact, ShardedArtefact
from nightsieve.store.layout import Run
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from nightsieve.store.version import check_layout
from tasks.base import NightTask
from tasks.report import lineage
from tasks.retrain import Retrain

Read = Callable[[], object]
"""Read an object as its readers do, and return something that can be compared."""


@dataclass(frozen=True)
class StoredObject:
    """An object of a kind, and what reads it.

    Attributes
    ----------
    kind
        The task that wrote it, or the name of the file.
    """

    kind: str
    key: str
    read: Read


def stored_objects(store: Store, root: Retrain) -> Iterator[StoredObject]:
    """Yield every object of a finished night that a night or a command reads."""
    run = Run(root.date, root.config)
    # `Retrain` has the output of `WriteManifest`.
    for task in lineage(root.requires()):
        if task.get_task_family() not in ("WriteManifest", "WriteReport"):
            yield from _objects_of(store, task)
    yield from _objects_of_run(store, run)
    yield from _objects_of_report(store, run)
    yield from _objects_of_models(store)
    yield StoredObject(
        "configuration",
        layout.configuration(root.config),
        _Configuration(store, root.config),
    )
    yield StoredObject("layout.json", layout.LAYOUT, _Layout(store))


def night_of(store: Store, date: datetime.date, patches: tuple[str, ...]) -> Retrain:
    """Return the root task of a night."""
    return Retrain(date=date, patch=patches, storage=str(store))


@dataclass(frozen=True)
class _Value:
    """Reads the value and the receipt of an artefact."""

    artefact: Artefact

    def __call__(self) -> object:
        fresh = _fresh(self.artefact)
        value = fresh.load()
        return fresh.codec.encode(value), fresh.receipt()


@dataclass(frozen=True)
class _Content:
    """Reads the bytes and the receipt of an artefact that is not decoded."""

    artefact: Artefact

    def __call__(self) -> object:
        fresh = _fresh(self.artefact)
        return fresh.verified_bytes(), fresh.receipt()


@dataclass(frozen=True)
class _Shard:
    """Reads a part of a sharded artefact."""

    artefact: ShardedArtefact
    shard: int

    def __call__(self) -> object:
        value = _fresh(self.artefact).load_shard(self.shard)
        return self.artefact.part_codec.encode(value)


@dataclass(frozen=True)
class _Manifest:
    store: Store
    run: Run

    def __call__(self) -> object:
        return runs.read_run(self.store, self.run)


@dataclass(frozen=True)
class _Report:
    store: Store
    run: Run

    def __call__(self) -> object:
        return reports.find_report(self.store, self.run), reports.read_report(
            self.store, self.run
        )


@dataclass(frozen=True)
class _Model:
    """Reads the current model as the gate and the commands do: all its files."""

    store: Store

    def __call__(self) -> object:
        registry = Registry(self.store)
        entry = registry.champion()
        if entry is None:
            return None
        return entry, {name: registry.file(entry, name) for name in entry.files}


@dataclass(frozen=True)
class _Configuration:
    store: Store
    digest: str

    def __call__(self) -> object:
        return configurations.read_verified(self.store, self.digest)


@dataclass(frozen=True)
class _Layout:
    store: Store

    def __call__(self) -> object:
        store_layout = check_layout(self.store)
        # Which version wrote it is only for people.
        return None if store_layout is None else store_layout.layout


def _objects_of(store: Store, task: NightTask) -> Iterator[StoredObject]:
    artefact = task.output().artefact
    family = task.get_task_family()
    # A pickle is a product for people: no reader of ours decodes it.
    reader = _Content if artefact.key.endswith(".joblib") else _Value
    yield StoredObject(family, artefact.key, reader(artefact))
    yield _receipt_of(artefact.key, reader(artefact))
    if isinstance(artefact, ShardedArtefact):
        for shard, part in enumerate(artefact.manifest.parts):
            yield StoredObject(f"part of {family}", part.key, _Shard(artefact, shard))


def _objects_of_run(store: Store, run: Run) -> Iterator[StoredObject]:
    key = layout.run(*run)
    yield StoredObject("run manifest", key, _Manifest(store, run))
    yield _receipt_of(key, _Manifest(store, run))


def _objects_of_report(store: Store, run: Run) -> Iterator[StoredObject]:
    read = _Report(store, run)
    index = reports.find_report(store, run)
    assert index is not None
    key = layout.report_index(*run)
    yield StoredObject("report.json", key, read)
    yield _receipt_of(key, read)
    for name in index.files:
        yield StoredObject("file of a report", layout.report_file(*run, name), read)


def _objects_of_models(store: Store) -> Iterator[StoredObject]:
    read = _Model(store)
    entry = Registry(store).champion()
    assert entry is not None
    yield StoredObject("current.json", layout.CURRENT_MODEL, read)
    yield StoredObject("entry.json", layout.model_entry(entry.serial), read)
    for name in entry.files:
        yield StoredObject(
            f"published {name}", layout.model_file(entry.serial, name), read
        )


def _receipt_of(key: str, read: Read) -> StoredObject:
    return StoredObject("receipt", layout.receipt(key), read)


def _fresh(artefact: Any) -> Any:
    """Return the artefact of another process, which has read nothing yet."""
    if isinstance(artefact, ShardedArtefact):
        return ShardedArtefact(
            artefact.store, artefact.key, part_codec=artefact.part_codec
        )
    return Artefact(artefact.store, artefact.key, artefact.codec)
