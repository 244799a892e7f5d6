"""The registry of published models: complete under a serial before it is current.

A publisher claims a serial by an object of its own under it. A publisher that then
sees the claim of another one there takes the next serial. Claims stay for ever, so no
serial is given out twice. The entry is written last: a serial without an entry is not a
model.
"""

import contextlib
import functools
import hashlib
import secrets
import time
from collections import defaultdict
from collections.abc import Collection, Iterable

from nightsieve.store import layout
from nightsieve.store.history import readable
from nightsieve.store.objects import (
    Conflict,
    DamagedObject,
    Reading,
    Store,
    damage_at,
)
from nightsieve.store.seals import open_record, seal_record
from pipeline.errors import ArtefactError, ConfigError, StorageError
from pipeline.records.export import MANIFEST_FILE, MODEL_FILE, ExportManifest
from pipeline.records.models import CurrentModel, ModelEntry, ModelFacts

_ATTEMPTS = 100
# A store whose listings do not show this number of claims is not up to date.
_UNLISTED_CLAIMS = 4
_LISTING_PAUSE = 0.5  # seconds, longer after each of them
_POINTER_REMEDY = "run: nightsieve models repair"
_REMEDY = (
    "publish another model: nightsieve models rollback, or run a night; where the "
    "damaged one is in the way: nightsieve models repair --remove"
)


class Registry:
    """The published models of one store.

    Examples
    --------
    >>> registry = Registry(store_with_night)
    >>> registry.serials(), registry.current().serial
    ([1], 1)
    >>> entry = registry.require(1)
    >>> registry.file(entry, "pipeline.joblib")
    b'a fitted pipeline'
    >>> registry.roll_back(1, "the night after it was worse").serial
    2
    >>> registry.pin(1)
    >>> registry.pinned()
    {1}
    """

    def __init__(self, store: Store):
        self.store = store

    def current(self) -> CurrentModel | None:
        """Return which model is current; None before the first publication."""
        answer = self.store.read_with_etag(layout.CURRENT_MODEL)
        return None if answer is None else self.open_pointer(answer[0])

    def read_pointer(self, etag: str | None) -> Reading:
        """Return the pointer to the current model, unless it has this ETag still.

        Examples
        --------
        >>> registry = Registry(store_with_night)
        >>> reading = registry.read_pointer(None)
        >>> registry.open_pointer(reading.content).serial
        1
        >>> registry.read_pointer(reading.etag).is_changed
        False
        """
        return self.store.read_if_changed(layout.CURRENT_MODEL, etag)

    def open_pointer(self, content: bytes) -> CurrentModel:
        """Return which model a pointer names.

        Raises
        ------
        DamagedObject
            The content is not what was written.
        """
        with damage_at(self.store.address(layout.CURRENT_MODEL), _POINTER_REMEDY):
            return open_record(content, CurrentModel)

    def named_entry(self, pointer: CurrentModel) -> ModelEntry:
        """Return the entry of the model that a pointer names.

        Raises
        ------
        DamagedObject
            The entry is missing or damaged, or the pointer names other files.
        """
        entry = self.get(pointer.serial)
        address = self.store.address(layout.CURRENT_MODEL)
        if entry is None:
            problem = f"names model {pointer.serial}, which is not there"
            raise DamagedObject(address, problem, _POINTER_REMEDY)
        if entry.files != pointer.files:
            problem = f"names other files than the entry of model {pointer.serial}"
            raise DamagedObject(address, problem, _POINTER_REMEDY)
        return entry

    def champion(self) -> ModelEntry | None:
        """Return the entry of the current model; None before the first publication.

        Raises
        ------
        ArtefactError
            The entry or the pointer to it is damaged, or the entry is missing.
        """
        current = self.current()
        return None if current is None else self.named_entry(current)

    def repair_champion(self) -> ModelEntry | None:
        """Return the entry of the current model, after a repair if there must be one.

        If the pointer, or the entry or a file of the model that it names, is damaged,
        the last whole model becomes the current one, with a warning. So one damaged
        object does not stop a night. Without a whole model, the pointer stays as it is.

        Returns
        -------
        ModelEntry or None
            None without a whole model.
        """
        champion = readable(self.champion, "the last whole model is the current one")
        if champion is not None and not self.has_damaged_file(champion):
            return champion
        damaged: list[int] = []
        for serial in reversed(self.serials()):
            entry = self.find_readable(serial)
            if entry is not None and not self.has_damaged_file(entry):
                self.repoint_current(damaged)
                return entry
            damaged.append(serial)
        return None

    def find_model_file(self, entry: ModelEntry) -> bytes | None:
        """Return what nights compare with; None, with a warning, if it is damaged."""
        read_file = functools.partial(self.file, entry, MODEL_FILE)
        return readable(read_file, "no night is compared with this model")

    def has_damaged_file(self, entry: ModelEntry) -> bool:
        """Return whether the file that nights compare with is damaged; then warn."""
        return self.find_model_file(entry) is None

    def require(self, serial: int) -> ModelEntry:
        """Return the entry of a published model.

        Raises
        ------
        ConfigError
            There is no model of this serial.
        """
        entry = self.get(serial)
        if entry is None:
            raise ConfigError(f"there is no model {serial}; see nightsieve models list")
        return entry

    def get(self, serial: int | None) -> ModelEntry | None:
        """Return the entry of a model; None if it was removed, or never published."""
        if serial is None:
            return None
        key = layout.model_entry(serial)
        answer = self.store.read_with_etag(key)
        if answer is None:
            return None
        with damage_at(self.store.address(key), _REMEDY):
            entry = open_record(answer[0], ModelEntry)
            if entry.serial != serial:
                raise ArtefactError(f"is the entry of model {entry.serial}")
            if not all(map(layout.is_file_name, entry.files)):
                raise ArtefactError("names a file that is not one of a model")
        return entry

    def find_readable(self, serial: int | None) -> ModelEntry | None:
        """Return what `get` returns; None, with a warning, for a damaged entry."""
        return readable(functools.partial(self.get, serial), "the model is left out")

    def file(self, entry: ModelEntry | CurrentModel, name: str) -> bytes:
        """Return one file of a published model.

        Parameters
        ----------
        entry
            The entry of the model, or for the current model what `current` returns.

        Raises
        ------
        ArtefactError
            The file is not what was published, or the entry does not name it.
        """
        if name not in entry.files:
            address = self.store.address(layout.model_entry(entry.serial))
            raise DamagedObject(address, f"does not name {name}", _REMEDY)
        key = layout.model_file(entry.serial, name)
        return self.store.read_verified(key, entry.files[name], _REMEDY)

    def predecessor(
        self, entry: ModelEntry, publications_back: int | None
    ) -> ModelEntry | None:
        """Return the model that was published some publications before this one.

        Where it was removed or is damaged, the oldest predecessor that is whole is
        returned.

        Parameters
        ----------
        publications_back
            The model itself is 1 publication back; None asks for no model.
        """
        if publications_back is None:
            return None
        for serial in entry.predecessors[1 - publications_back :]:
            predecessor = self.find_readable(serial)
            if predecessor is not None and not self.has_damaged_file(predecessor):
                return predecessor
        return None

    def by_publication(self, publication: str) -> ModelEntry | None:
        """Return the model of a publication; None if it is not there or was removed."""
        for serial, files in self._list().items():
            names = {file.name for file in files}
            claimed = any(file.claims_for(publication) for file in files)
            if layout.MODEL_ENTRY in names and claimed:
                entry = self._readable(serial)
                # Two publications may have claimed the serial; one of them got it.
                if entry is not None and entry.publication == publication:
                    return entry
        return None

    def serials(self) -> list[int]:
        """Return the serials of the complete models, ascending."""
        return complete_models(self._list())

    def pinned(self) -> set[int]:
        """Return the serials of the models that retention does not remove."""
        keys = self.store.list_by_time(layout.PINNED_MODELS)
        serials = map(layout.parse_pinned_model, keys)
        return {serial for serial in serials if serial is not None}

    def pin(self, serial: int) -> None:
        """Keep a model, whatever ``release.keep`` says.

        Raises
        ------
        ConfigError
            There is no model of this serial.
        """
        if serial not in self.pinned():
            self.require(serial)
        self.store.write(layout.pinned_model(serial), b"")

    def unpin(self, serial: int) -> None:
        """Let retention remove a model again; a pinned model may be gone already.

        Raises
        ------
        ConfigError
            There is no model of this serial.
        """
        if serial not in self.pinned():
            self.require(serial)
        self.store.delete(layout.pinned_model(serial))

    def publish(
        self, publication: str, files: dict[str, bytes], facts: ModelFacts
    ) -> ModelEntry:
        """Make a model the current one; return its entry.

        A publication happens once: the same publication again returns the entry of the
        first time.

        Parameters
        ----------
        publication
            The name of what the model comes from, such as its decision.
        files
            The content of each file by its name; the manifest gets the serial.
        """
        entry = self.by_publication(publication)
        if entry is None:
            entry = self._write_model(publication, files, facts)
        # For the warning: whatever the pointer says, it is replaced.
        readable(self.current, "the last whole model becomes the current one")
        self.repoint_current()
        return entry

    def roll_back(self, serial: int, reason: str) -> ModelEntry:
        """Publish a model again, under a new serial; return its entry.

        So serials only ascend, and a phone that refuses lower serials takes the model.

        Raises
        ------
        ConfigError
            There is no model of this serial.
        """
        entry = self.require(serial)
        files = {name: self.file(entry, name) for name in entry.files}
        facts = ModelFacts(
            traits=entry.traits,
            config=entry.config,
            figures=entry.figures,
            champion=entry.champion,
            predecessors=entry.predecessors,
            restores=serial,
            reason=reason,
        )
        return self.publish(f"rollback{secrets.token_hex(8)}", files, facts)

    def remove(self, serial: int) -> None:
        """Remove the files of a model, its entry first; the claim stays."""
        objects = self._list().get(serial, set())
        for file in sorted(objects, key=_entry_first):
            if not file.is_claim:
                self.store.delete(layout.model_file(*file))

    def copy_to(
        self, other: Store, serial: int, predecessor: int | None = None
    ) -> bool:
        """Make a model the current one of another store, to compare others with it.

        Parameters
        ----------
        predecessor
            The serial of another model to copy; it does not become the current one.

        Returns
        -------
        bool
            Whether all models were there; otherwise nothing was copied.
        """
        serials = [serial] if predecessor is None else [predecessor, serial]
        entries = list(map(self.get, serials))
        copied = [entry for entry in entries if entry is not None]
        if len(copied) < len(serials):
            return False
        for entry in copied:
            model = self.file(entry, MODEL_FILE)
            other.write(layout.model_file(entry.serial, MODEL_FILE), model)
            other.write(layout.model_entry(entry.serial), seal_record(entry))
        other.write(layout.CURRENT_MODEL, _pointer_to(copied[-1]))
        return True

    def _list(self) -> dict[int, set[layout.ModelFile]]:
        return files_by_serial(self.store.list_by_time(layout.MODELS))

    def _readable(self, serial: int) -> ModelEntry | None:
        """Return the entry of a model; None if it was removed or is damaged."""
        try:
            return self.get(serial)
        except ArtefactError:
            return None

    def _last_readable(self, damaged: Collection[int]) -> ModelEntry | None:
        for serial in reversed(self.serials()):
            entry = None if serial in damaged else self._readable(serial)
            if entry is not None:
                return entry
        return None

    def _write_model(
        self, publication: str, files: dict[str, bytes], facts: ModelFacts
    ) -> ModelEntry:
        serial = self._claim(publication)
        manifest = ExportManifest.from_json(files[MANIFEST_FILE])
        with_serial = manifest.model_copy(update={"serial": serial})
        contents = {**files, MANIFEST_FILE: with_serial.to_json()}
        digests = {}
        for name, content in contents.items():
            self.store.write(layout.model_file(serial, name), content)
            digests[name] = hashlib.sha256(content).hexdigest()
        entry = ModelEntry(
            serial=serial, publication=publication, files=digests, **dict(facts)
        )
        self.store.write(layout.model_entry(serial), seal_record(entry))
        return entry

    def _claim(self, publication: str) -> int:
        """Return a serial above all others that this publication alone claims.

        Of two publishers that claim the same serial, at least one sees the claim of the
        other. This needs a store that lists an object as soon as it is written.

        Raises
        ------
        StorageError
            The store does not list the claims.
        Conflict
            Other publishers keep claiming the same serials.
        """
        serial = max(self._list(), default=0)
        token = secrets.token_hex(4)
        unlisted = 0
        for _ in range(_ATTEMPTS):
            serial += 1
            claim = layout.model_claim(serial, publication, token)
            self.store.write(claim, b"")
            listed = self._list()[serial]
            ours = layout.parse_model_file(claim)
            if listed == {ours}:
                return serial
            if ours not in listed:
                unlisted += 1
                if unlisted == _UNLISTED_CLAIMS:
                    raise StorageError(
                        f"{self.store.address(claim)}: written, but the store does not "
                        "list it; use a store, or a proxy before it, whose listings "
                        "are up to date"
                    )
                time.sleep(_LISTING_PAUSE * unlisted)
        address = self.store.address(layout.MODELS)
        raise Conflict(f"{address}: other publishers keep claiming serials; try again")

    def repoint_current(self, damaged: Collection[int] = ()) -> None:
        """Make the last complete model the current one, whatever the pointer says.

        A model whose entry is damaged is not complete. Without a complete model, no
        model is current.

        Where a store does not know conditions, a slow publisher may have written an
        older model over a newer one. So this looks again, until the pointer is right.

        Parameters
        ----------
        damaged
            Serials of models that must not be the current one, because a file of them
            is damaged.

        Raises
        ------
        Conflict
            Other processes keep changing the pointer.
        """
        for _ in range(_ATTEMPTS):
            # The pointer is read before the models are listed: the model that it names
            # was complete before, so it is among them.
            answer = self.store.read_with_etag(layout.CURRENT_MODEL)
            entry = self._last_readable(damaged)
            if entry is None:
                if answer is None:
                    return
                self.store.delete(layout.CURRENT_MODEL)
                continue
            pointer = _pointer_to(entry)
            content, etag = answer or (None, None)
            if content == pointer:
                return
            with contextlib.suppress(Conflict):
                self.store.put_if_match(layout.CURRENT_MODEL, pointer, etag)
        address = self.store.address(layout.CURRENT_MODEL)
        raise Conflict(f"{address}: other processes keep writing it; try again")


def _pointer_to(entry: ModelEntry) -> bytes:
    return seal_record(CurrentModel(serial=entry.serial, files=entry.files))


def files_by_serial(keys: Iterable[str]) -> dict[int, set[layout.ModelFile]]:
    """Return the objects under each serial.

    Examples
    --------
    >>> files_by_serial(["models/1/model.json", "models/current.json"])[1]
    {ModelFile(serial=1, name='model.json')}
    """
    files: defaultdict[int, set[layout.ModelFile]] = defaultdict(set)
    for key in keys:
        file = layout.parse_model_file(key)
        if file is not None:
            files[file.serial].add(file)
    return files


def complete_models(files: dict[int, set[layout.ModelFile]]) -> list[int]:
    """Return the serials that have an entry, ascending.

    Examples
    --------
    >>> complete_models(files_by_serial(["models/2/entry.json", "models/3/model.json"]))
    [2]
    """
    serials = []
    for serial, objects in files.items():
        if layout.ModelFile(serial, layout.MODEL_ENTRY) in objects:
            serials.append(serial)
    return sorted(serials)


def _entry_first(file: layout.ModelFile) -> bool:
    return file.name != layout.MODEL_ENTRY
