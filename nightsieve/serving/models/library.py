"""The published models, read for clients."""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from nightsieve.serving.contract.problems import Problem
from nightsieve.serving.models.cache import BoundedCache, SingleFlight
from nightsieve.serving.models.holder import ModelHolder
from nightsieve.serving.models.published import (
    Description,
    describe,
    represent_file,
)
from nightsieve.serving.models.representation import Representation
from nightsieve.serving.models.threads import in_thread
from nightsieve.store.models import Registry
from nightsieve.store.retries import at_most
from nightsieve.store.version import open_store
from pipeline.errors import ArtefactError, NightsieveError
from pipeline.records.models import ModelEntry

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_MAX_CACHED_BYTES = 64 << 20
# A model may have been removed, and the listing may lack a new one, for this long.
_ENTRY_SECONDS = 60.0
_LISTING_SECONDS = 5.0
# Readings of the store at the same time.
_READERS = 8
# How long a client waits for a store that is away, and how long the next ones do not.
_STORE_SECONDS = 3.0
_AWAY_SECONDS = 10.0
# The same problem is logged again after this time.
_QUIET_SECONDS = 3600.0
_MAX_QUIET = 1000


@dataclass(frozen=True)
class _KnownModel:
    """A model of the registry, and when that was read, by the monotonic clock."""

    entry: ModelEntry
    description: Description
    read_at: float


@dataclass(frozen=True)
class _Listing:
    models: tuple[Description, ...]
    read_at: float


class ModelLibrary:
    """Reads published models for clients; each file is verified, then kept.

    It belongs to one event loop, and reads in threads.

    Parameters
    ----------
    holder
        Holds the served model, whose files are served without the store.
    """

    def __init__(self, holder: ModelHolder) -> None:
        self._holder = holder
        self._registry: Registry | None = None
        self._files = BoundedCache[Representation](_MAX_CACHED_BYTES, _size_of)
        self._known: dict[int, _KnownModel] = {}
        self._listing: _Listing | None = None
        self._flights = SingleFlight()
        self._readers = asyncio.Semaphore(_READERS)
        self._away_until = 0.0
        self._quiet_until: dict[Hashable, float] = {}

    async def models(self) -> tuple[Description, ...]:
        """Return all models that are whole enough to be described, newest first.

        Raises
        ------
        Problem
            503: the store is away, and was never listed.
        """
        listing = self._listing
        if listing is None or _is_older(listing.read_at, _LISTING_SECONDS):
            try:
                listing = await self._flights.do("listing", self._list)
            except Problem:
                if listing is None:
                    raise
        return listing.models

    async def description(self, serial: int) -> Description:
        """Return what clients receive about a model.

        Raises
        ------
        Problem
            404: there is no such model. 502: its entry is damaged. 503: the store is
            away.
        """
        served = self._holder.published
        if served is not None and served.serial == serial:
            return served.description
        return (await self._require(serial)).description

    async def file(self, serial: int, name: str) -> Representation:
        """Return a file of a model.

        Raises
        ------
        Problem
            404: there is no such model or file. 502: it is damaged. 503: the store is
            away.
        """
        served = self._holder.published
        if served is not None and served.serial == serial:
            if name not in served.files:
                raise _no_file()
            return served.files[name]
        model = await self._require(serial)
        if name not in model.description.files:
            raise _no_file()
        key = (serial, name)
        kept = self._files.get(key)
        if kept is not None:
            return kept
        read = functools.partial(self._read_file, model.entry, name)
        return await self._flights.do(key, read)

    async def _require(self, serial: int) -> _KnownModel:
        known = self._known.get(serial)
        if known is None or _is_older(known.read_at, _ENTRY_SECONDS):
            read = functools.partial(self._read_model, serial)
            try:
                known = await self._flights.do(serial, read)
            except Problem as problem:
                # An entry never changes. Whether the model was removed is not known.
                if known is None or problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
        if known is None:
            raise _no_model(serial)
        return known

    async def _read_model(self, serial: int) -> _KnownModel | None:
        """Read an entry again; its description is made once."""
        known = self._known.get(serial)

        def read(registry: Registry) -> _KnownModel | None:
            return _describe(registry, serial, known)

        model = await self._read(serial, read)
        if model is None:
            self._known.pop(serial, None)
        else:
            self._known[serial] = model
        return model

    async def _read_file(self, entry: ModelEntry, name: str) -> Representation:
        def read(registry: Registry) -> Representation | None:
            try:
                content = registry.file(entry, name)
            except ArtefactError:
                if registry.get(entry.serial) is None:
                    return None  # removed since its entry was read
                raise
            return represent_file(name, content)

        representation = await self._read((entry.serial, name), read)
        if representation is None:
            self._known.pop(entry.serial, None)
            raise _no_model(entry.serial)
        self._files.put((entry.serial, name), representation)
        return representation

    async def _list(self) -> _Listing:
        known = dict(self._known)

        def read(registry: Registry) -> list[_KnownModel]:
            models = []
            for serial in reversed(registry.serials()):
                model = self._find(registry, serial, known.get(serial))
                if model is not None:
                    models.append(model)
            return models

        # It makes many requests, and a store that is slow may take long for all.
        models = await self._read("listing", read, seconds=None)
        # What is not listed was removed.
        self._known = {}
        for model in models:
            self._known[model.entry.serial] = model
        descriptions = tuple(model.description for model in models)
        self._listing = _Listing(descriptions, time.monotonic())
        return self._listing

    def _find(
        self, registry: Registry, serial: int, known: _KnownModel | None
    ) -> _KnownModel | None:
        """Return a model that is listed; None, with a line in the log, if damaged."""
        if known is not None:
            return _KnownModel(known.entry, known.description, time.monotonic())
        try:
            return _describe(registry, serial, None)
        except ArtefactError as error:
            self._log(serial, f"{error}; the model is left out of /v1/models")
            return None

    async def _read(
        self,
        key: Hashable,
        read: Callable[[Registry], _Result],
        seconds: float | None = _STORE_SECONDS,
    ) -> _Result:
        """Return what reading gives, in a thread; its errors are problems.

        Parameters
        ----------
        seconds
            How long the client waits; the thread may hang for longer.
        """
        self._check_store()

        def bounded() -> _Result:
            with at_most(_STORE_SECONDS):
                if self._registry is None:
                    self._registry = Registry(open_store())
                return read(self._registry)

        try:
            async with self._readers:
                self._check_store()  # another reading may have failed meanwhile
                async with asyncio.timeout(seconds):
                    return await in_thread(bounded)
        except ArtefactError as error:
            self._log(key, str(error))
            detail = "the model is damaged in the store; use another one of /v1/models"
            raise Problem(502, "damaged-model", detail) from None
        except TimeoutError:
            raise self._away(f"the store has not answered in {seconds:g} s") from None
        except NightsieveError as error:
            raise self._away(str(error)) from None

    def _check_store(self) -> None:
        """Refuse to read while the store is away."""
        if time.monotonic() < self._away_until:
            raise _store_away()

    def _away(self, line: str) -> Problem:
        """Note that the store is away; return what clients receive meanwhile."""
        self._log("store", line)
        self._away_until = time.monotonic() + _AWAY_SECONDS
        return _store_away()

    def _log(self, key: Hashable, line: str) -> None:
        """Log a problem, but not for each client that meets it."""
        now = time.monotonic()
        if self._quiet_until.get(key, 0.0) > now:
            return
        if len(self._quiet_until) >= _MAX_QUIET:
            self._quiet_until.clear()
        self._quiet_until[key] = now + _QUIET_SECONDS
        logger.error("%s", line)


def _describe(
    registry: Registry, serial: int, known: _KnownModel | None
) -> _KnownModel | None:
    """Return a model of the registry; None if it was removed, or never published."""
    entry = registry.get(serial)
    if entry is None:
        return None
    if known is not None and known.entry == entry:
        description = known.description
    else:
        description = describe(entry, functools.partial(registry.file, entry))
    return _KnownModel(entry, description, time.monotonic())


def _is_older(moment: float, seconds: float) -> bool:
    return time.monotonic() - moment > seconds


def _store_away() -> Problem:
    detail = "the store of models does not answer; try again later"
    headers = {"Retry-After": f"{_AWAY_SECONDS:.0f}"}
    return Problem(503, "store-away", detail, headers=headers)


def _no_model(serial: int) -> Problem:
    detail = f"there is no model {serial}; see /v1/models"
    return Problem(404, "not-found", detail)


def _no_file() -> Problem:
    detail = "the model has no such file; see the files of its entry"
    return Problem(404, "not-found", detail)


def _size_of(representation: Representation) -> int:
    return representation.size
