"""The model that a worker process labels with.

It is loaded when the first task asks for it, which is after the fork. A thread then
asks the store every few seconds which model is current, so that no task waits for the
store, and a store that is away leaves the last good model in place.
"""

import functools
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from nightsieve.serving.contract.preparation import ServedModel, prepare_model
from nightsieve.store.models import Registry
from nightsieve.store.objects import Store
from pipeline.errors import NightsieveError
from pipeline.records.export import MODEL_FILE

logger = logging.getLogger(__name__)

#: Returns the model to use, given the one in use.
Read = Callable[[ServedModel | None], ServedModel]


class NoModelError(Exception):
    """There is no model yet, or it cannot be read now: the same task may succeed later.

    The message says why.
    """


class CurrentModel:
    """Holds the model of one process.

    Parameters
    ----------
    read
        Reads the model; it returns the one in use if that is still current.
    seconds
        How often it is called.
    """

    def __init__(self, read: Read, seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._loading = threading.Lock()
        self._model: ServedModel | None = None

    def get(self) -> ServedModel:
        """Return the model.

        Raises
        ------
        NoModelError
            None could be loaded yet.
        """
        with self._loading:
            if self._model is None:
                self._model = self._load(None)
                threading.Thread(target=self._follow, daemon=True).start()
            return self._model

    def _follow(self) -> None:
        failure = ""
        while True:
            time.sleep(self._seconds)
            try:
                self._model = self._load(self._model)
                failure = ""
            except NoModelError as error:
                if str(error) != failure:
                    failure = str(error)
                    logger.warning("the last good model stays: %s", failure)
            except Exception:
                # A defect must not end this thread: the model would stay for ever.
                logger.exception("the last good model stays")

    def _load(self, held: ServedModel | None) -> ServedModel:
        try:
            model = self._read(held)
        except (NightsieveError, OSError, ValueError) as error:
            raise NoModelError(str(error)) from error
        if model is not held:
            logger.info("model %s is loaded", model.serial or model.sha256[:12])
        return model


@functools.cache
def current_model() -> CurrentModel:
    """Return the holder of this process."""
    read = read_published
    if settings.INBOX_MODEL is not None:
        read = functools.partial(read_file, Path(settings.INBOX_MODEL))
    else:
        # A task that is not done is tried again; it need not wait for the store.
        os.environ.setdefault("NIGHTSIEVE_STORAGE_TIMEOUT", "5")
    return CurrentModel(read, settings.INBOX_POLL_SECONDS)


def read_published(held: ServedModel | None) -> ServedModel:
    """Return the model that is current in ``$NIGHTSIEVE_STORAGE``."""
    registry = Registry(Store.from_environment())
    current = registry.current()
    if current is None:
        raise NoModelError(f"{registry.store}: has no published model; run a night")
    if held is not None and held.serial == current.serial:
        return held
    return prepare_model(registry.file(current, MODEL_FILE), current.serial)


def read_file(path: Path, held: ServedModel | None) -> ServedModel:
    """Return the model of a file, which is read again when it has changed."""
    model = prepare_model(path.read_bytes())
    return held if held is not None and held.sha256 == model.sha256 else model
