"""Find what is wrong with published models, and set the registry right."""

from collections.abc import Iterator
from dataclasses import dataclass

from nightsieve.store import layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import DamagedObject
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE
from pipeline.records.models import CurrentModel


@dataclass(frozen=True)
class DamagedFile:
    """A file of a published model that is missing, or is not what was published."""

    serial: int
    name: str
    problem: str


@dataclass(frozen=True)
class RegistryRepair:
    """What a repair left.

    Attributes
    ----------
    current
        Which model is current; None if no entry can be read.
    repointed
        Whether another one was, or none, or nobody could tell.
    damaged
        Before models were removed.
    removed
        Serials.
    """

    current: int | None
    repointed: bool
    damaged: tuple[DamagedFile, ...]
    removed: tuple[int, ...]


def find_damaged_files(registry: Registry) -> tuple[DamagedFile, ...]:
    """Return what is wrong with the published models; each file is read.

    An entry that cannot be read stands for all files of its model.
    """
    damaged: list[DamagedFile] = []
    for serial in registry.serials():
        damaged.extend(_damage_of(registry, serial))
    return tuple(damaged)


def repair_registry(registry: Registry, remove: bool = False) -> RegistryRepair:
    """Make the last complete model the current one, whatever said which it is.

    Parameters
    ----------
    remove
        Whether models with a damaged file are removed first.
    """
    damaged = find_damaged_files(registry)
    removed = sorted({file.serial for file in damaged}) if remove else []
    for serial in removed:
        registry.remove(serial)
    before = registry.store.read_with_etag(layout.CURRENT_MODEL)
    registry.repoint_current()
    after = registry.store.read_with_etag(layout.CURRENT_MODEL)
    current = None if after is None else CurrentModel.from_json(after[0]).serial
    return RegistryRepair(current, before != after, damaged, tuple(removed))


def _damage_of(registry: Registry, serial: int) -> Iterator[DamagedFile]:
    try:
        entry = registry.get(serial)
    except DamagedObject as error:
        yield DamagedFile(serial, layout.MODEL_ENTRY, error.problem)
        return
    if entry is None:  # removed meanwhile
        return
    # Nothing can be compared with a model of which the entry does not name these.
    for name in dict.fromkeys([MODEL_FILE, MANIFEST_FILE, *entry.files]):
        try:
            registry.file(entry, name)
        except DamagedObject as error:
            yield DamagedFile(serial, name, error.problem)
