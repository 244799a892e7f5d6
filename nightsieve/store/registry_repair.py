"""Find what is wrong with published models, and repair the registry."""

from collections.abc import Iterator
from dataclasses import dataclass

from nightsieve.store import layout
from nightsieve.store.models import Registry
from nightsieve.store.objects import DamagedObject
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE


@dataclass(frozen=True)
class DamagedFile:
    """A file of a published model that is missing, or is not what was published.

    Examples
    --------
    >>> DamagedFile(serial=1, name="model.json", problem="there is no such object").name
    'model.json'
    """

    serial: int
    name: str
    problem: str


@dataclass(frozen=True)
class RegistryRepair:
    """What a repair found and changed.

    Attributes
    ----------
    current
        The serial of the current model; None if no model is whole.
    repointed
        Whether the pointer named another model or none, or was damaged.
    damaged
        The damaged files, before models were removed.
    removed
        The serials of the removed models.

    Examples
    --------
    >>> repair_registry(Registry(store))
    RegistryRepair(current=None, repointed=False, damaged=(), removed=())
    >>> repair_registry(Registry(store)).none_is_whole
    False
    """

    current: int | None
    repointed: bool
    damaged: tuple[DamagedFile, ...]
    removed: tuple[int, ...]

    @property
    def none_is_whole(self) -> bool:
        """Whether there are models, and all of them are damaged."""
        return self.current is None and bool(self.damaged)


def find_damaged_files(registry: Registry) -> tuple[DamagedFile, ...]:
    """Return what is wrong with the published models; each file is read.

    An entry that cannot be read stands for all files of its model.

    Examples
    --------
    >>> store_with_night.write("models/1/model.json", b"damaged")
    >>> find_damaged_files(Registry(store_with_night))[0].problem
    'is not the object that was written'
    """
    damaged: list[DamagedFile] = []
    for serial in registry.serials():
        damaged.extend(_damage_of(registry, serial))
    return tuple(damaged)


def repair_registry(registry: Registry, remove: bool = False) -> RegistryRepair:
    """Make the last whole model the current one, whatever the pointer says.

    Without a whole model nothing is changed or removed: a damaged model may be all that
    is left of what phones have.

    Parameters
    ----------
    remove
        Whether models with a damaged file are removed.

    Examples
    --------
    >>> store_with_night.write("models/current.json", b"damaged")
    >>> repair_registry(Registry(store_with_night))
    RegistryRepair(current=1, repointed=True, damaged=(), removed=())
    """
    damaged_files = find_damaged_files(registry)
    damaged = sorted({file.serial for file in damaged_files})
    whole = [serial for serial in registry.serials() if serial not in damaged]
    if damaged and not whole:
        return RegistryRepair(None, False, damaged_files, ())
    pointer_before = registry.store.read_with_etag(layout.CURRENT_MODEL)
    registry.repoint_current(damaged)
    pointer = registry.store.read_with_etag(layout.CURRENT_MODEL)
    current = registry.current()
    removed = damaged if remove else []
    for serial in removed:
        registry.remove(serial)
    return RegistryRepair(
        current=None if current is None else current.serial,
        repointed=pointer != pointer_before,
        damaged=damaged_files,
        removed=tuple(removed),
    )


def _damage_of(registry: Registry, serial: int) -> Iterator[DamagedFile]:
    try:
        entry = registry.get(serial)
    except DamagedObject as error:
        yield DamagedFile(serial, layout.MODEL_ENTRY, error.problem)
        return
    if entry is None:  # removed in between
        return
    # A night cannot compare its model with one whose entry does not name these two.
    names = dict.fromkeys([MODEL_FILE, MANIFEST_FILE, *entry.files])
    for name in names:
        try:
            registry.file(entry, name)
        except DamagedObject as error:
            yield DamagedFile(serial, name, error.problem)
